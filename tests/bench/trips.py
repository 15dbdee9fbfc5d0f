"""Calls that a model makes for a clip of five minutes when it follows every next_step with waits of 45 s, against
polling each ten seconds without waiting. Target: at most 8.
"""

from __future__ import annotations

from dataclasses import replace

import anyio

from tests.world import World
from wanx_mcp.simulator.life import Plan

SECONDS = 300.0


async def trips(wait: int, pause: float) -> int:
    """Calls until the model has the link, the order included."""
    world = World()
    async with world.client() as agent:
        task_id, calls = (await agent.order())["task_id"], 1
        for task in world.simulator.store.all():
            world.simulator.store.save(replace(task, plan=Plan(0.08 * SECONDS, 0.92 * SECONDS)))
        while True:
            seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=wait)
            calls += 1
            if "video_url" in seen:
                return calls
            world.clock.advance(pause)


async def main() -> None:
    waiting, polling = await trips(45, 2), await trips(0, 10)
    print(f"waiting 45 s: {waiting} calls; polling each 10 s: {polling} calls; ratio {waiting / polling:.2f}")


if __name__ == "__main__":
    anyio.run(main)
