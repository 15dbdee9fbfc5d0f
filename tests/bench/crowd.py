"""1 000 open tasks and 200 waiters for one of them in one process: memory over idle, CPU, reads per minute, in real
time over loopback HTTP, against the same process with a single waiter. Target: under 30 MB more than idle, one stream.
"""

from __future__ import annotations

import resource
import sqlite3
import time
from pathlib import Path

import anyio

from tests.bench.ledger import fill
from tests.bench.provider import Provider, running
from tests.world import World
from wanx_mcp.clock import RealClock

OPEN_TASKS = 1000
SECONDS = 45


def resident() -> float:
    """Megabytes of memory that this process holds now; its peak where the system tells no more."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def measure(waiters: int, provider: Provider) -> None:
    world = World({"PIAPI_BASE_URL": provider.address}, wired=True, clock=RealClock())  # type: ignore[arg-type]
    async with world.client() as agent:
        task_id = (await agent.order(prompt=f"boat for {waiters}"))["task_id"]
        await agent.ok("get_wanx_task", task_id=task_id)
        idle = resident()
        fill(world, OPEN_TASKS)
        with sqlite3.connect(world.state / "ledger.sqlite3") as db:
            db.execute("update entry set status = 'pending', ended_at = null")
        before, begun, busy = provider.reads(), time.perf_counter(), time.process_time()
        async with anyio.create_task_group() as group:
            for _ in range(waiters):
                group.start_soon(lambda: agent.ok("get_wanx_task", task_id=task_id, wait_seconds=SECONDS))
            await agent.ok("list_wanx_tasks", limit=50)
            await anyio.sleep(SECONDS - 5)
            held = resident()
        span, cpu = time.perf_counter() - begun, time.process_time() - busy
        reads = provider.reads() - before
    print(
        f"{OPEN_TASKS} open tasks, {waiters:>3} waiters: {held - idle:5.1f} MB over idle ({idle:.0f} MB), "
        f"{cpu:5.2f} s CPU in {span:.1f} s, {reads} reads"
    )


async def main() -> None:
    with running() as provider:
        for waiters in (1, 200):
            await measure(waiters, provider)


if __name__ == "__main__":
    anyio.run(main)
