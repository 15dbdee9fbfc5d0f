"""1 000 open tasks in the ledger and so many waiters: memory over idle, CPU and reads of a real stdio process over
loopback HTTP, with progress. Targets with 200 waiters: under 30 MB, one stream of reads a task, a bounded rate. With as
many waiters as tasks the calls alone cost the SDK most of it: a server of one napping tool stands beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import anyio
import httpx
from mcp import Client, StdioServerParameters

from tests.bench.fairness import fairness
from tests.bench.ledger import fill_file
from tests.bench.provider import Provider, running
from tests.world import KEY, Agent

OPEN_TASKS, WAITERS = 1000, 200
SECONDS = 45


def children() -> set[int]:
    """The processes that this one has started (Linux)."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for each in lists for pid in each.read_text(encoding="ascii").split()}


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def busy(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


NAPPING = """
import asyncio
from mcp.server import MCPServer

server = MCPServer("napping")

@server.tool()
async def nap(seconds: int) -> str:
    await asyncio.sleep(seconds)
    return "awake"

server.run("stdio")
"""


async def napping(calls: int) -> float:
    """Megabytes that so many open calls cost the SDK alone."""
    before = children()
    async with Client(StdioServerParameters(command=sys.executable, args=["-c", NAPPING])) as client:
        (pid,) = children() - before

        async def hear(_progress: float, _total: float | None, _message: str | None) -> None: ...

        async def nap(seconds: int) -> None:
            await client.call_tool("nap", {"seconds": seconds}, progress_callback=hear)

        await nap(0)
        idle = resident(pid)
        async with anyio.create_task_group() as group:
            for _ in range(calls):
                group.start_soon(nap, 3600)
            await anyio.sleep(8)
            held = resident(pid) - idle
            group.cancel_scope.cancel()
    return held


async def place(address: str, count: int) -> list[str]:
    """Orders at the provider, by another hand."""
    body = {"model": "Qubico/wanx", "task_type": "txt2video-14b", "input": {"prompt": "a boat"}}
    async with httpx.AsyncClient(headers={"x-api-key": KEY}) as client:
        answers = [await client.post(f"{address}/api/v1/task", json=body) for _ in range(count)]
    return [answer.json()["data"]["task_id"] for answer in answers]


async def measure(waiters: int, tasks: int, provider: Provider, state: Path) -> None:
    environment = {
        **os.environ,
        "PIAPI_API_KEY": KEY,
        "PIAPI_BASE_URL": provider.address,
        "WANX_STATE_DIR": str(state),
        "WANX_OUTPUT_DIR": str(state / "videos"),
        "WANX_DAILY_BUDGET_USD": "unlimited",
    }
    before = children()
    server = StdioServerParameters(command=sys.executable, args=["-m", "wanx_mcp"], env=environment)
    async with Client(server) as client:
        (pid,) = children() - before
        agent = Agent(client)
        first = (await agent.order(prompt=f"boat for {waiters}", request_id=str(waiters)))["task_id"]
        ids = [first, *await place(provider.address, tasks - 1)]
        fill_file(state / "ledger.sqlite3", OPEN_TASKS)
        with sqlite3.connect(state / "ledger.sqlite3") as db:
            db.execute("update entry set status = 'pending', ended_at = null")
            rows = db.execute("select number from entry where task_id <> ? limit ?", (first, len(ids) - 1)).fetchall()
            db.executemany(
                "update entry set task_id = ? where number = ?",
                [(task_id, number) for task_id, (number,) in zip(ids[1:], rows, strict=False)],
            )
        await agent.ok("get_wanx_task", task_id=first)
        await agent.ok("list_wanx_tasks", limit=50)
        idle, cpu, reads, begun = resident(pid), busy(pid), provider.reads(), time.perf_counter()
        told = 0

        async def hear(_progress: float, _total: float | None, _message: str | None) -> None:
            nonlocal told
            told += 1

        async def wait(task_id: str) -> None:
            arguments = {"task_id": task_id, "wait_seconds": SECONDS}
            result = await client.call_tool("get_wanx_task", arguments, progress_callback=hear)
            assert not result.is_error, result

        async with anyio.create_task_group() as group:
            for number in range(waiters):
                group.start_soon(wait, ids[number % len(ids)])
            await anyio.sleep(SECONDS - 5)
            held = resident(pid)
        span, cpu, reads = time.perf_counter() - begun, busy(pid) - cpu, provider.reads() - reads
    print(
        f"{waiters:>4} waiters for {tasks:>4} tasks: {held - idle:5.1f} MB over idle ({idle:.0f} MB), {cpu:5.2f} s CPU "
        f"in {span:.1f} s, {reads} reads ({reads - tasks} beyond the first of each task), {told} words of progress",
        flush=True,
    )


async def main() -> None:
    with running() as provider:
        for waiters, tasks in ((1, 1), (WAITERS, 1), (WAITERS, WAITERS), (OPEN_TASKS, OPEN_TASKS)):
            state = Path(tempfile.mkdtemp(prefix="wanx-crowd-"))
            try:
                await measure(waiters, tasks, provider, state)
            finally:
                shutil.rmtree(state, ignore_errors=True)
    print(f"{OPEN_TASKS:>4} open calls of a napping tool: {await napping(OPEN_TASKS):.1f} MB over idle", flush=True)
    await fairness(WAITERS)


if __name__ == "__main__":
    anyio.run(main)
