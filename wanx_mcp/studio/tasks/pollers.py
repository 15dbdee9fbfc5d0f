"""The pollers under way: calls and the follower join the one of their task, and wait for what it reads."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.clock import Clock
from wanx_mcp.limits import LAST_LOOK_SECONDS
from wanx_mcp.studio.tasks.poller import Poller, ReadTask, Seen, Waiter
from wanx_mcp.studio.tasks.read_queue import ReadQueue
from wanx_mcp.studio.tasks.rhythm import Rhythm
from wanx_mcp.studio.tasks.view import TaskView

Report = Callable[[TaskView], Awaitable[None]]


class Pollers:
    """At most one poller per task, in a task group that no call owns."""

    def __init__(self, group: TaskGroup, clock: Clock, queue: ReadQueue, rhythm: Rhythm, read: ReadTask) -> None:
        self._group = group
        self._clock = clock
        self._queue = queue
        self._rhythm = rhythm
        self._read_task = read
        self._open: dict[str, Poller] = {}

    async def wait(self, task_id: str, waiter: Waiter, seen: Seen | None, report: Report | None = None) -> TaskView:
        """What the waiter waits for. `seen`: when the task was read just now, and what. Raises the error of the reads
        if nothing came of them."""
        poller = self._open.get(task_id)
        if poller is None or poller.idle:
            poller = Poller(task_id, self._clock, self._queue, self._rhythm, self._read_task, seen)
            self._open[task_id] = poller
            self._group.start_soon(self._run, task_id, poller)
        poller.join(waiter)
        try:
            return await self._outcome_of(poller, waiter, report)
        finally:
            poller.leave(waiter)

    def forget(self, task_id: str) -> None:
        """What was read of that task until now is not fresh any more."""
        if poller := self._open.get(task_id):
            poller.forget()

    def take(self, task_id: str, view: TaskView) -> None:
        """The task was read just now, by somebody else."""
        if poller := self._open.get(task_id):
            poller.take(view)

    async def _run(self, task_id: str, poller: Poller) -> None:
        await poller.run()
        if self._open.get(task_id) is poller:
            del self._open[task_id]

    async def _outcome_of(self, poller: Poller, waiter: Waiter, report: Report | None) -> TaskView:
        """Report progress until the outcome. If a read hangs, the latest view is returned in time."""
        while True:
            left = math.inf if waiter.follows else max(0.0, waiter.until - self._clock.seconds())
            with anyio.move_on_after(left + LAST_LOOK_SECONDS) as limit:
                await waiter.news.wait()
                waiter.news = anyio.Event()
                if waiter.outcome is None and report is not None and (view := poller.current()) is not None:
                    await report(view)
            if isinstance(waiter.outcome, Exception):
                raise waiter.outcome
            if waiter.outcome is not None:
                return waiter.outcome
            if limit.cancelled_caught and (view := poller.current()) is not None:
                return view
