"""One watch for each task that somebody waits for: however many callers there are, it reads once for all of them."""

from __future__ import annotations

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
from wanx_mcp.studio.queueing import SLACK, ReadQueue, Turn
from wanx_mcp.studio.sight import Sight

log = logging.getLogger(__name__)

Report = Callable[[Sight], Awaitable[None]]


class Look(Protocol):
    """Reads a task, for at most `within` seconds; a `patient` one repeats a failed read at once."""

    async def __call__(self, task_id: str, *, within: float, patient: bool) -> Sight: ...


@dataclass(eq=False)
class Caller:
    """Somebody who waits until the clock's second `until`, and for a sight younger than `fresh`.

    `outcome` is there when the waiting is over.
    """

    until: float
    fresh: float
    news: anyio.Event = field(default_factory=anyio.Event)
    outcome: Sight | Exception | None = None


class Watch:
    """Follows one task while it has callers. It alone sleeps by the clock; callers wait for what it tells them."""

    def __init__(
        self, task_id: str, clock: Clock, queue: ReadQueue, look: Look, seen: tuple[float, Sight] | None
    ) -> None:
        self._task_id = task_id
        self._clock = clock
        self._queue = queue
        self._look = look
        self._scope = anyio.CancelScope()
        self._nap = anyio.CancelScope()
        self._turn: Turn | None = None
        self._failures = 0
        self._callers: set[Caller] = set()
        self._sight: Sight | None
        self._tick = clock.seconds() + TICK_SECONDS
        self._read_at, self._sight = float("-inf"), None
        if seen is not None:
            self._read_at, self._sight = seen
        self._next_look = self._read_at + LINK_SECONDS

    @property
    def idle(self) -> bool:
        """Whether nobody waits any more."""
        return not self._callers

    def join(self, until: float) -> Caller:
        """One more caller. Whoever comes when the last read is not fresh causes one at once."""
        caller = Caller(until, fresh=self._clock.seconds() - MEMORY_SECONDS)
        if self._read_at > caller.fresh:
            caller.news.set()
        self._callers.add(caller)
        if not self._failures:
            self._next_look = self._read_at + self._interval
        self._nap.cancel()
        return caller

    def leave(self, caller: Caller) -> None:
        """The caller waits no longer. Without callers the watch ends, in the middle of a read if need be."""
        self._callers.discard(caller)
        if self.idle:
            self._scope.cancel()

    def current(self) -> Sight | None:
        """What is known, with the time that has gone by since."""
        return self._sight and self._sight.later(self._clock.seconds() - self._read_at)

    async def run(self) -> None:
        """Watch until nobody waits any more."""
        try:
            with self._scope:
                while self._callers:
                    await self._step()
        except Exception as fault:  # told to the callers; the studio's other work goes on
            log.exception("a watch met an unexpected fault")
            self._end(fault)
        finally:
            self._give_up_turn()
            self._end(ProviderFault("the server stopped watching"))

    async def _step(self) -> None:
        now = self._clock.seconds()
        if self._newcomers():
            await self._read(READ_SECONDS, patient=True)
        elif self._wants_look(now) and self._may_look(now):
            await self._read(max(LAST_LOOK_SECONDS, self._deadline - now), patient=False)
        if self._callers and not self._newcomers():
            self._release(self._clock.seconds())
            await self._rest()

    def _newcomers(self) -> bool:
        """Whether somebody came who has not been given a fresh sight: the first read of a call always goes through."""
        return any(self._read_at <= caller.fresh for caller in self._callers)

    def _wants_look(self, now: float) -> bool:
        """Whether it is time to look: as planned, or since a caller's time is up and the last look is long ago."""
        late = self._read_at + min(max(MEMORY_SECONDS, self._interval / 2), STALE_SECONDS)
        return now >= self._next_look - SLACK or (now >= self._deadline - SLACK and now >= late and not self._failures)

    def _may_look(self, now: float) -> bool:
        if self._turn is None:
            self._turn = self._queue.join()
        if not self._queue.take(self._turn, now):
            return False
        self._turn = None
        return True

    async def _read(self, within: float, *, patient: bool) -> None:
        try:
            sight = await self._look(self._task_id, within=min(within, READ_SECONDS), patient=patient)
        except WanxError as error:
            self._failed(error)
            return
        self._sight, self._read_at, self._failures = sight, self._clock.seconds(), 0
        self._next_look = self._read_at + self._interval
        self._give_up_turn()
        if sight.settled:
            self._end(sight)
        self._publish()

    def _failed(self, error: WanxError) -> None:
        """A failed read is no error while an earlier sight is known; it is tried again after a while."""
        now = self._clock.seconds()
        if isinstance(error, ProviderError) and error.retry_after is not None:
            self._queue.hold(now + error.retry_after)
        if self._sight is None:
            self._end(error)
            return
        self._next_look = now + min(FIRST_PAUSE_SECONDS * 2**self._failures, max(FIRST_PAUSE_SECONDS, self._interval))
        self._failures += 1
        for caller in self._callers:
            caller.fresh = float("-inf")  # what is known has to do for the newcomers too

    @property
    def _interval(self) -> float:
        pace = self._sight.pace if self._sight else None
        return pace.next_look(self._deadline - self._read_at) if pace and self._callers else LINK_SECONDS

    @property
    def _deadline(self) -> float:
        return min(caller.until for caller in self._callers)

    def _release(self, now: float) -> None:
        """Let those go whose time is up."""
        sight = self.current()
        for caller in [caller for caller in self._callers if caller.until <= now + SLACK]:
            self._dismiss(caller, sight)
        if self._turn is not None and now < self._next_look - SLACK:
            self._give_up_turn()  # it was for the last look of somebody who has left

    async def _rest(self) -> None:
        """Sleep until something is due: a look, the end of a caller's time, a word about progress."""
        if not self._callers:
            return
        now = self._clock.seconds()
        look = self._next_look
        if look <= now + SLACK:
            self._turn = self._turn or self._queue.join()
            look = self._queue.due(self._turn, now)
        with anyio.CancelScope() as self._nap:
            await self._clock.sleep(max(0.0, min(look, self._deadline, self._tick) - now))
        if self._clock.seconds() >= self._tick - SLACK:
            self._publish()

    def _publish(self) -> None:
        self._tick = self._clock.seconds() + TICK_SECONDS
        for caller in self._callers:
            caller.news.set()

    def _end(self, outcome: Sight | Exception) -> None:
        for caller in list(self._callers):
            self._dismiss(caller, outcome)

    def _dismiss(self, caller: Caller, outcome: Sight | Exception | None) -> None:
        caller.outcome = outcome
        self._callers.discard(caller)
        caller.news.set()

    def _give_up_turn(self) -> None:
        if self._turn is not None:
            self._queue.leave(self._turn)
            self._turn = None


class Watches:
    """The watches under way, in a task group that no call owns."""

    def __init__(self, group: TaskGroup, clock: Clock, queue: ReadQueue, look: Look) -> None:
        self._group = group
        self._clock = clock
        self._queue = queue
        self._look = look
        self._open: dict[str, Watch] = {}

    async def wait(self, task_id: str, until: float, report: Report, seen: tuple[float, Sight] | None) -> Sight:
        """The task when it has settled, or at the clock's second `until`. `seen`: when it was read just now, and what.

        Raises the error of the first read if nothing is known of the task.
        """
        watch = self._open.get(task_id)
        if watch is None or watch.idle:
            watch = self._open[task_id] = Watch(task_id, self._clock, self._queue, self._look, seen)
            self._group.start_soon(self._run, task_id, watch)
        caller = watch.join(until)
        try:
            return await self._hear(watch, caller, report)
        finally:
            watch.leave(caller)

    async def _run(self, task_id: str, watch: Watch) -> None:
        await watch.run()
        if self._open.get(task_id) is watch:
            del self._open[task_id]

    async def _hear(self, watch: Watch, caller: Caller, report: Report) -> Sight:
        """Pass on what the watch tells. Its reads may hang: then the caller leaves with what is known."""
        while True:
            left = max(0.0, caller.until - self._clock.seconds())
            with anyio.move_on_after(left + LAST_LOOK_SECONDS) as patience:
                await caller.news.wait()
                caller.news = anyio.Event()
                if caller.outcome is None and (sight := watch.current()) is not None:
                    await report(sight)
            if isinstance(caller.outcome, Exception):
                raise caller.outcome
            if caller.outcome is not None:
                return caller.outcome
            if patience.cancelled_caught and (sight := watch.current()) is not None:
                return sight
