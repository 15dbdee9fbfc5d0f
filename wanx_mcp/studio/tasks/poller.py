"""One poller per task, shared by all that want to know its state: each read serves all of them."""

from __future__ import annotations

# A poller lives while somebody waits for its task: calls, or the follower, which waits for the task's end. Each step is
# one of these states:
#
#        join()                        a call has no fresh view yet, or the planned time has come
#   idle ------> RESTING ------------------------------------------------------> READING
#                 |  ^                                                             |  |
#      a waiter's |  |  the read failed: back off (FIRST_PAUSE, doubled each time) |  | the video is there,
#      time is up |  |  the task goes on: plan the next read                       |  | or there will be none
#                 |  +-------------------------------------------------------------+  |
#                 v                                                                   v
#          that waiter gets the                                               every waiter gets the
#          latest view, or the error                                          view; the poller ends
#          if there is none; the last
#          one ends the poller
#
# A read at a planned time needs a turn in the read queue (WANX_READS_PER_MINUTE over all pollers). The first read for a
# call does not: a call that asks explicitly is never refused its read.
import logging
import math
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import ProviderError, ProviderFault, RateLimited, Unreachable, WanxError
from wanx_mcp.limits import (
    FIRST_PAUSE_SECONDS,
    LAST_LOOK_SECONDS,
    MEMORY_SECONDS,
    READ_SECONDS,
    STALE_SECONDS,
    TICK_SECONDS,
)
from wanx_mcp.studio.tasks.read_queue import SLACK, ReadQueue, Turn
from wanx_mcp.studio.tasks.rhythm import Rhythm
from wanx_mcp.studio.tasks.view import TaskView

log = logging.getLogger(__name__)

PASSING = (Unreachable, RateLimited, ProviderFault)
"""Errors that say nothing about the task: it may be readable a moment later."""

Seen = tuple[float, TaskView]
"""A view, and the clock's second at which it was read."""


class ReadTask(Protocol):
    """Reads a task, for at most `within` seconds; with `retries` a failed read is repeated at once."""

    async def __call__(self, task_id: str, *, within: float, retries: bool) -> TaskView: ...


@dataclass(eq=False)
class Waiter:
    """One that waits until the clock's second `until`, and for a view younger than `fresh`; -inf: any will do.

    `once`: the first fresh view is enough. `follows`: it waits for the task's end, and wants no read before `first_at`.
    `outcome` is set when the wait is over.
    """

    until: float
    fresh: float = -math.inf
    once: bool = False
    follows: bool = False
    first_at: float = -math.inf
    news: anyio.Event = field(default_factory=anyio.Event)
    outcome: TaskView | Exception | None = None


class Poller:
    """Reads one task while it has waiters. Only the poller sleeps by the clock; waiters wait for its events."""

    def __init__(
        self, task_id: str, clock: Clock, queue: ReadQueue, rhythm: Rhythm, read: ReadTask, seen: Seen | None
    ) -> None:
        self._task_id = task_id
        self._clock = clock
        self._queue = queue
        self._rhythm = rhythm
        self._read_task = read
        self._scope = anyio.CancelScope()
        self._sleep = anyio.CancelScope()
        self._turn: Turn | None = None
        self._failures = 0
        self._error: WanxError | None = None
        self._waiters: set[Waiter] = set()
        self._tick = clock.seconds() + TICK_SECONDS
        self._view: TaskView | None = None
        self._read_before = self._read_at = -math.inf
        if seen is not None:
            self._read_at, self._view = seen
        self._next_read_at = -math.inf
        self._planned = False

    @property
    def idle(self) -> bool:
        """Whether nobody waits any more."""
        return not self._waiters

    def join(self, waiter: Waiter) -> Waiter:
        """Add a waiter. If the last read is not fresh enough for it, the next one happens at once."""
        if self._read_at > waiter.fresh:
            waiter.news.set()
        self._waiters.add(waiter)
        if not waiter.follows and self._turn is not None and not self._turn.for_callers:
            self._give_up_turn()
        self._planned = self._planned and bool(self._failures)
        self._sleep.cancel()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Remove a waiter. Without waiters the poller ends, even in the middle of a read."""
        self._waiters.discard(waiter)
        if self.idle:
            self._scope.cancel()

    def forget(self) -> None:
        """What was read until now is not fresh any more: something has changed on our side."""
        self._read_at = -math.inf

    def current(self) -> TaskView | None:
        """The latest view, with the time that has passed since, and why it could not be read just now."""
        if self._view is None:
            return None
        view = self._view.later(self._clock.seconds() - self._read_at) if self._read_at > -math.inf else self._view
        return view.unread(self._error) if self._error else view

    async def run(self) -> None:
        """Poll until nobody waits any more."""
        try:
            with self._scope:
                while self._waiters:
                    await self._step()
        except Exception as fault:  # reported to the waiters; other work goes on
            log.exception("a poller failed unexpectedly")
            self._end(fault)
        finally:
            self._give_up_turn()
            if self._waiters:
                self._end(ProviderFault("the server stopped polling"))

    async def _step(self) -> None:
        now = self._clock.seconds()
        if (until := self._unserved_until()) > -math.inf:
            await self._read(until - now, retries=True)
        elif self._wants_read(now) and self._may_read(now):
            await self._read(max(LAST_LOOK_SECONDS, self._deadline - now), retries=False)
        if self._waiters and self._unserved_until() == -math.inf:
            self._plan()
            self._release(self._clock.seconds())
            await self._rest()

    def _unserved_until(self) -> float:
        """When the last call without a fresh view yet ends, -inf where all have one. The first read of a call
        always goes through."""
        until = -math.inf
        for waiter in self._waiters:
            if waiter.fresh > -math.inf and self._read_at <= waiter.fresh:
                until = max(until, waiter.until)
        return until

    def _wants_read(self, now: float) -> bool:
        """Whether a read is due: as planned, or because a waiter's time is up and the last read is old."""
        self._plan()
        late = self._read_at + min(max(MEMORY_SECONDS, self._gap / 2), STALE_SECONDS)
        return now >= self._next_read_at - SLACK or (
            now >= self._deadline - SLACK and now >= late and not self._failures
        )

    def _may_read(self, now: float) -> bool:
        if not self._queue.take(self._take_turn(), now):
            return False
        self._turn = None
        return True

    async def _read(self, within: float, *, retries: bool) -> None:
        try:
            view = await self._read_task(self._task_id, within=min(within, READ_SECONDS), retries=retries)
        except WanxError as error:
            self._fail(error, retries=retries)
        else:
            self.take(view)

    def take(self, view: TaskView) -> None:
        """The task was read just now."""
        self._read_before, self._read_at = self._read_at, self._clock.seconds()
        self._view, self._failures, self._error, self._planned = view, 0, None, False
        self._give_up_turn()
        for waiter in list(self._waiters):
            if view.ended or (view.settled and not waiter.follows) or (waiter.once and self._read_at > waiter.fresh):
                self._dismiss(waiter, view)
        if self._waiters:
            self._publish()

    def _fail(self, error: WanxError, *, retries: bool) -> None:
        """A failed read ends the calls that wanted one view, and all where it says something about the task. Others go
        on waiting: what is known has to do for them."""
        now = self._clock.seconds()
        if isinstance(error, ProviderError) and error.retry_after is not None:
            self._queue.hold(now + error.retry_after)
        self._error = error
        pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, max(FIRST_PAUSE_SECONDS, self._gap))
        self._next_read_at = now + (self._gap if self._deadline == math.inf else pause)
        self._failures, self._planned = self._failures + 1, True
        for waiter in list(self._waiters):
            if self._view is None and not isinstance(error, PASSING):
                self._dismiss(waiter, error)
            elif retries and waiter.once:
                self._dismiss(waiter, self.current() or error)
            elif retries:
                waiter.fresh = -math.inf

    def _plan(self) -> None:
        """Plan the next read, if that is not done since the last one, and for all who wait."""
        if self._planned:
            return
        self._planned = True
        if self._view is None:
            self._next_read_at = min(waiter.first_at for waiter in self._waiters)
        else:
            self._next_read_at = self._rhythm.after(self._read_at, self._read_before, self._gap, self._view.pace)

    @property
    def _gap(self) -> float:
        deadline = self._deadline
        left = None if deadline == math.inf else deadline - self._read_at
        return self._rhythm.gap(self._view.pace if self._view else None, left)

    @property
    def _deadline(self) -> float:
        """When the first of the waits ends; inf while only the follower waits."""
        return min((waiter.until for waiter in self._waiters if not waiter.follows), default=math.inf)

    def _release(self, now: float) -> None:
        """Dismiss the waiters whose time is up, and those that have what they wanted."""
        outcome = self.current() or self._error
        for waiter in [each for each in self._waiters if each.until <= now + SLACK or (each.once and outcome)]:
            self._dismiss(waiter, outcome)
        if self._turn is not None and now < self._next_read_at - SLACK:
            self._give_up_turn()  # it was for the last read of a waiter that has left

    async def _rest(self) -> None:
        """Sleep until the next read, the end of a waiter's time, or the next progress report."""
        if not self._waiters:
            return
        now = self._clock.seconds()
        look = self._next_read_at
        if look <= now + SLACK:
            look = self._queue.due(self._take_turn(), now)
        waited_for = self._deadline < math.inf
        until = min(look, self._deadline, self._tick) if waited_for else look
        with anyio.CancelScope() as self._sleep:
            # While nobody waits, this poller is no reason for a virtual clock to go on.
            await (self._clock.sleep if waited_for else self._clock.idle)(max(0.0, until - now))
        now = self._clock.seconds()
        if self._tick - SLACK <= now < look - SLACK:  # a read that is due reports by itself
            self._publish()

    def _publish(self) -> None:
        self._tick = self._clock.seconds() + TICK_SECONDS
        for waiter in self._waiters:
            waiter.news.set()

    def _end(self, outcome: TaskView | Exception) -> None:
        for waiter in list(self._waiters):
            self._dismiss(waiter, outcome)

    def _dismiss(self, waiter: Waiter, outcome: TaskView | Exception | None) -> None:
        waiter.outcome = outcome
        self._waiters.discard(waiter)
        waiter.news.set()

    def _take_turn(self) -> Turn:
        self._turn = self._turn or self._queue.join(for_callers=self._deadline < math.inf)
        return self._turn

    def _give_up_turn(self) -> None:
        if self._turn is not None:
            self._queue.leave(self._turn)
            self._turn = None
