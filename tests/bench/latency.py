"""A get that reads upstream, against a bare httpx read of the same plus a hello-world tool call: both over loopback
HTTP, an in-memory MCP connection, the ledger on disk, in turns. Target: at most 1.4. CPU is that of this process.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Awaitable, Callable

import anyio
import httpx
from mcp import Client
from mcp.server import MCPServer

from tests.bench.provider import running
from tests.world import KEY, Agent, World

ROUNDS = 400
Call = Callable[[], Awaitable[object]]


async def timed(call: Call) -> tuple[float, float]:
    """Seconds of the wall clock, and of CPU in all threads."""
    begun, busy = time.perf_counter(), time.process_time()
    await call()
    return time.perf_counter() - begun, time.process_time() - busy


def hello() -> MCPServer[None]:
    server: MCPServer[None] = MCPServer("hello")

    @server.tool()
    async def greet(name: str) -> dict[str, str]:
        """Say hello."""
        return {"greeting": f"hello {name}"}

    return server


async def main() -> None:
    with running() as provider:
        world = World({"PIAPI_BASE_URL": provider.address}, wired=True)
        async with (
            world.client() as agent,
            Client(hello()) as greeter,
            httpx.AsyncClient(headers={"x-api-key": KEY}) as bare,
        ):
            await measure(world, agent, greeter, bare, provider.address)


async def measure(world: World, agent: Agent, greeter: Client, bare: httpx.AsyncClient, address: str) -> None:
    task_id = (await agent.order())["task_id"]
    url = f"{address}/api/v1/task/{task_id}"

    async def get() -> object:
        world.clock.advance(3)  # beyond the memory of the last read
        return await agent.ok("get_wanx_task", task_id=task_id)

    async def read() -> object:
        return (await bare.get(url)).json()

    async def greet() -> object:
        return await greeter.call_tool("greet", {"name": "Ada"})

    calls: dict[str, Call] = {"get_wanx_task": get, "bare read": read, "hello-world call": greet}
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for round_ in range(ROUNDS + 20):  # in turns, so that a busy moment of the machine meets them all
        for name, call in calls.items():
            span = await timed(call)
            if round_ >= 20:
                spans[name].append(span)
    wall, cpu = (
        {name: statistics.median(span[kind] for span in each) for name, each in spans.items()} for kind in (0, 1)
    )
    print(f"{ROUNDS} rounds, medians; load {os.getloadavg()[0]:.1f}")
    for name in calls:
        print(f"{name:>17}: {wall[name] * 1000:6.2f} ms, {cpu[name] * 1000:6.2f} ms CPU")
    for kind, middle in (("ratio", wall), ("ratio of CPU", cpu)):
        print(f"{kind:>17}: {middle['get_wanx_task'] / (middle['bare read'] + middle['hello-world call']):6.2f}")


if __name__ == "__main__":
    anyio.run(main)
