"""Who gets the reads when many tasks share WANX_READS_PER_MINUTE: the server's own watches on a clock in order."""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from itertools import count, pairwise

import anyio
import anyio.lowlevel

from wanx_mcp.clock import VirtualClock
from wanx_mcp.provider import Status, Task
from wanx_mcp.studio.tasks.durations import Durations
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.studio.tasks.poller import Waiter
from wanx_mcp.studio.tasks.pollers import Pollers
from wanx_mcp.studio.tasks.read_queue import ReadQueue
from wanx_mcp.studio.tasks.rhythm import Rhythm
from wanx_mcp.studio.tasks.view import TaskView

PER_MINUTE = 30
HOURS = 2
QUIET = 8
"""After so many rounds of the event loop everybody who can go on has gone on."""


class OrderedClock(VirtualClock):
    """A virtual clock that wakes its sleepers one moment after the other, as life does."""

    def __init__(self) -> None:
        super().__init__()
        self._order = count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        woken = anyio.Event()
        heapq.heappush(self._sleepers, (self.seconds() + max(0.0, seconds), next(self._order), woken))
        await woken.wait()

    async def run(self, until: float) -> None:
        """Let the time pass."""
        while self.seconds() < until:
            for _ in range(QUIET):
                await anyio.lowlevel.checkpoint()
            if self._sleepers:
                self.advance(max(0.0, self._sleepers[0][0] - self.seconds()))
            while self._sleepers and self._sleepers[0][0] <= self.seconds():
                heapq.heappop(self._sleepers)[2].set()


async def follow_all(tasks: int, per_minute: float, seconds: float) -> dict[str, list[float]]:
    """When each of so many tasks was read, while all of them are waited for."""
    clock = OrderedClock()
    reads: dict[str, list[float]] = {str(number): [] for number in range(tasks)}

    async def look(task_id: str, *, within: float, retries: bool) -> TaskView:
        reads[task_id].append(clock.seconds())
        elapsed = clock.seconds()
        task = Task(task_id, Status.PROCESSING, "processing", created_at=datetime(2026, 1, 1, tzinfo=UTC))
        return TaskView(task, None, elapsed, Pace(Durations(390, 20), elapsed))

    async with anyio.create_task_group() as group:
        watches = Pollers(group, clock, ReadQueue(per_minute), Rhythm(), look)
        for task_id in reads:
            group.start_soon(watches.wait, task_id, Waiter(seconds + 1, fresh=-1), None)
        await clock.run(seconds)
        group.cancel_scope.cancel()
    return reads


async def fairness(tasks: int) -> None:
    """Print the longest time without a read, the shares, and the busiest minute."""
    reads = await follow_all(tasks, PER_MINUTE, HOURS * 3600)
    gaps = [later - earlier for times in reads.values() for earlier, later in pairwise([*times, HOURS * 3600.0])]
    shares = [len(times) - 1 for times in reads.values()]
    jain = sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
    every = sorted(time for times in reads.values() for time in times[1:])
    busiest = max(
        sum(begin <= time < begin + 60 for time in every[index : index + 200]) for index, begin in enumerate(every)
    )
    print(
        f"{tasks} tasks, {PER_MINUTE} reads a minute, {HOURS} h: {min(shares)} to {max(shares)} reads a task beyond "
        f"the first, Jain's index {jain:.4f}, longest time without a read {max(gaps) / 60:.1f} min "
        f"({tasks / PER_MINUTE:.1f} min is even), busiest minute {busiest} reads"
    )
