"""One poller per task, shared by all calls that wait for it: each read serves all of them."""

from __future__ import annotations

# A poller lives while somebody waits for its task. Each step is one of these states:
#
#        join()                        a waiter needs a fresh view, or the planned time has come
#   idle ------> RESTING ------------------------------------------------------> READING
#                 |  ^                                                             |  |
#      a waiter's |  |  the read failed: back off (FIRST_PAUSE, doubled each time) |  | the video is there,
#      time is up |  |  the task goes on: plan the next read                       |  | or the task has failed
#                 |  +-------------------------------------------------------------+  |
#                 v                                                                   v
#          that waiter gets the                                               every waiter gets the
#          latest view; the last                                              view; the poller ends
#          one ends the poller
#
# A read at a planned time needs a turn in the read queue (WANX_READS_PER_MINUTE over all pollers). The first read for a
# new waiter does not: a call that asks explicitly is never refused its read.
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.clock import Clock
from wanx_mcp.errors import ProviderError, ProviderFault, WanxError
from wanx_mcp.limits import (
    FIRST_PAUSE_SECONDS,
    LAST_LOOK_SECONDS,
    LINK_SECONDS,
    MEMORY_SECONDS,
    READ_SECONDS,
    STALE_SECONDS,
    TICK_SECONDS,
)
from wanx_mcp.studio.tasks.read_queue import SLACK, ReadQueue, Turn
from wanx_mcp.studio.tasks.view import TaskView

log = logging.getLogger(__name__)

Report = Callable[[TaskView], Awaitable[None]]


class ReadTask(Protocol):
    """Reads a task, for at most `within` seconds; a `patient` one repeats a failed read at once."""

    async def __call__(self, task_id: str, *, within: float, patient: bool) -> TaskView: ...


@dataclass(eq=False)
class Waiter:
    """One call that waits until the clock's second `until`, and for a view younger than `fresh`.

    `outcome` is set when the wait is over.
    """

    until: float
    fresh: float
    news: anyio.Event = field(default_factory=anyio.Event)
    outcome: TaskView | Exception | None = None


class Poller:
    """Reads one task while it has waiters. Only the poller sleeps by the clock; waiters wait for its events."""

    def __init__(
        self, task_id: str, clock: Clock, queue: ReadQueue, read: ReadTask, seen: tuple[float, TaskView] | None
    ) -> None:
        self._task_id = task_id
        self._clock = clock
        self._queue = queue
        self._read_task = read
        self._scope = anyio.CancelScope()
        self._sleep = anyio.CancelScope()
        self._turn: Turn | None = None
        self._failures = 0
        self._waiters: set[Waiter] = set()
        self._view: TaskView | None
        self._tick = clock.seconds() + TICK_SECONDS
        self._read_at, self._view = float("-inf"), None
        if seen is not None:
            self._read_at, self._view = seen
        self._next_read_at = self._read_at + LINK_SECONDS

    @property
    def idle(self) -> bool:
        """Whether nobody waits any more."""
        return not self._waiters

    def join(self, until: float) -> Waiter:
        """Add a waiter. If the last read is not fresh, the next one happens at once."""
        waiter = Waiter(until, fresh=self._clock.seconds() - MEMORY_SECONDS)
        if self._read_at > waiter.fresh:
            waiter.news.set()
        self._waiters.add(waiter)
        if not self._failures:
            self._next_read_at = self._read_at + self._interval
        self._sleep.cancel()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Remove a waiter. Without waiters the poller ends, even in the middle of a read."""
        self._waiters.discard(waiter)
        if self.idle:
            self._scope.cancel()

    def current(self) -> TaskView | None:
        """The latest view, with the time that has passed since."""
        return self._view and self._view.later(self._clock.seconds() - self._read_at)

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
            self._end(ProviderFault("the server stopped polling"))

    async def _step(self) -> None:
        now = self._clock.seconds()
        if self._has_unserved():
            await self._read(READ_SECONDS, patient=True)
        elif self._wants_read(now) and self._may_read(now):
            await self._read(max(LAST_LOOK_SECONDS, self._deadline - now), patient=False)
        if self._waiters and not self._has_unserved():
            self._release(self._clock.seconds())
            await self._rest()

    def _has_unserved(self) -> bool:
        """Whether a waiter has no fresh view yet: the first read of a call always goes through."""
        return any(self._read_at <= waiter.fresh for waiter in self._waiters)

    def _wants_read(self, now: float) -> bool:
        """Whether a read is due: as planned, or because a waiter's time is up and the last read is old."""
        late = self._read_at + min(max(MEMORY_SECONDS, self._interval / 2), STALE_SECONDS)
        return now >= self._next_read_at - SLACK or (
            now >= self._deadline - SLACK and now >= late and not self._failures
        )

    def _may_read(self, now: float) -> bool:
        if self._turn is None:
            self._turn = self._queue.join()
        if not self._queue.take(self._turn, now):
            return False
        self._turn = None
        return True

    async def _read(self, within: float, *, patient: bool) -> None:
        try:
            view = await self._read_task(self._task_id, within=min(within, READ_SECONDS), patient=patient)
        except WanxError as error:
            self._failed(error)
            return
        self._view, self._read_at, self._failures = view, self._clock.seconds(), 0
        self._next_read_at = self._read_at + self._interval
        self._give_up_turn()
        if view.settled:
            self._end(view)
        self._publish()

    def _failed(self, error: WanxError) -> None:
        """A failed read is no error while an earlier view is known; it is tried again after a while."""
        now = self._clock.seconds()
        if isinstance(error, ProviderError) and error.retry_after is not None:
            self._queue.hold(now + error.retry_after)
        if self._view is None:
            self._end(error)
            return
        self._next_read_at = now + min(
            FIRST_PAUSE_SECONDS * 2**self._failures, max(FIRST_PAUSE_SECONDS, self._interval)
        )
        self._failures += 1
        for waiter in self._waiters:
            waiter.fresh = float("-inf")  # what is known has to do for the newcomers too

    @property
    def _interval(self) -> float:
        pace = self._view.pace if self._view else None
        return pace.next_look(self._deadline - self._read_at) if pace and self._waiters else LINK_SECONDS

    @property
    def _deadline(self) -> float:
        return min(waiter.until for waiter in self._waiters)

    def _release(self, now: float) -> None:
        """Dismiss the waiters whose time is up."""
        view = self.current()
        for waiter in [waiter for waiter in self._waiters if waiter.until <= now + SLACK]:
            self._dismiss(waiter, view)
        if self._turn is not None and now < self._next_read_at - SLACK:
            self._give_up_turn()  # it was for the last read of a waiter that has left

    async def _rest(self) -> None:
        """Sleep until the next read, the end of a waiter's time, or the next progress report."""
        if not self._waiters:
            return
        now = self._clock.seconds()
        look = self._next_read_at
        if look <= now + SLACK:
            self._turn = self._turn or self._queue.join()
            look = self._queue.due(self._turn, now)
        with anyio.CancelScope() as self._sleep:
            await self._clock.sleep(max(0.0, min(look, self._deadline, self._tick) - now))
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

    def _give_up_turn(self) -> None:
        if self._turn is not None:
            self._queue.leave(self._turn)
            self._turn = None


class Pollers:
    """The watches under way, in a task group that no call owns."""

    def __init__(self, group: TaskGroup, clock: Clock, queue: ReadQueue, read: ReadTask) -> None:
        self._group = group
        self._clock = clock
        self._queue = queue
        self._read_task = read
        self._open: dict[str, Poller] = {}

    async def wait(self, task_id: str, until: float, report: Report, seen: tuple[float, TaskView] | None) -> TaskView:
        """The task when it has settled, or at the clock's second `until`. `seen`: when it was read just now, and what.

        Raises the error of the first read if nothing is known of the task.
        """
        poller = self._open.get(task_id)
        if poller is None or poller.idle:
            poller = self._open[task_id] = Poller(task_id, self._clock, self._queue, self._read_task, seen)
            self._group.start_soon(self._run, task_id, poller)
        waiter = poller.join(until)
        try:
            return await self._outcome_of(poller, waiter, report)
        finally:
            poller.leave(waiter)

    async def _run(self, task_id: str, poller: Poller) -> None:
        await poller.run()
        if self._open.get(task_id) is poller:
            del self._open[task_id]

    async def _outcome_of(self, poller: Poller, waiter: Waiter, report: Report) -> TaskView:
        """Report progress until the outcome. If a read hangs, the latest view is returned in time."""
        while True:
            left = max(0.0, waiter.until - self._clock.seconds())
            with anyio.move_on_after(left + LAST_LOOK_SECONDS) as limit:
                await waiter.news.wait()
                waiter.news = anyio.Event()
                if waiter.outcome is None and (view := poller.current()) is not None:
                    await report(view)
            if isinstance(waiter.outcome, Exception):
                raise waiter.outcome
            if waiter.outcome is not None:
                return waiter.outcome
            if limit.cancelled_caught and (view := poller.current()) is not None:
                return view
