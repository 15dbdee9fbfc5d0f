"""What create, list and get cost with 10 000 orders in the ledger, against the same with 10. Target: at most 1.5."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from tests.world import World

ROUNDS = 60
SIZES = (10, 10_000)


def fill(world: World, count: int) -> None:
    """Copy the one order of the ledger until there are `count` of them, spread over the last days."""
    fill_file(world.state / "ledger.sqlite3", count)


def fill_file(path: Path, count: int) -> None:
    db = sqlite3.connect(path)
    columns = [row[1] for row in db.execute("pragma table_info(entry)") if row[1] != "number"]
    kept = ", ".join(columns)
    chosen = ", ".join(
        {"task_id": "'t' || value", "created_at": "created_at - value * 60000"}.get(c, c) for c in columns
    )
    db.execute(
        f"with recursive n(value) as (select 1 union all select value + 1 from n where value < ?) "
        f"insert into entry ({kept}) select {chosen} from entry, n where number = 1",
        (count,),
    )
    db.execute("update entry set status = 'completed', request_id = null")
    db.commit()
    db.close()


async def cost(call: Callable[[int], Awaitable[object]]) -> float:
    spans = []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        await call(number)
        spans.append(time.perf_counter() - begun)
    return statistics.median(spans) * 1000


async def measure(size: int) -> dict[str, float]:
    world = World()
    async with world.client() as agent:
        first = await agent.order()
        fill(world, size)

        async def create(number: int) -> object:
            return await agent.order(prompt=f"{size} {number}")

        async def get(_number: int) -> object:
            world.clock.advance(3)
            return await agent.ok("get_wanx_task", task_id=first["task_id"])

        async def page(_number: int) -> object:
            return await agent.ok("list_wanx_tasks")

        return {"create": await cost(create), "get": await cost(get), "list": await cost(page)}


async def main() -> None:
    few, many = await measure(SIZES[0]), await measure(SIZES[1])
    for name, base in few.items():
        ratio = many[name] / base
        print(f"{name:>7}: {base:6.2f} ms with {SIZES[0]}, {many[name]:6.2f} ms with {SIZES[1]}, ratio {ratio:.2f}")


if __name__ == "__main__":
    anyio.run(main)
