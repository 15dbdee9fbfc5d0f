"""What a process of its own costs a preview: `python -m tests.bench.preview [rounds]`.

Medians of interleaved rounds: decoding in this process, the same in another, and a whole preview of a saved clip."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from tests.movies import rendered, written
from tests.world import World
from wanx_mcp.limits.videos import STILL_PIXELS
from wanx_mcp.media.decoder.decode import decode
from wanx_mcp.media.frames import first, watch


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def compare(rounds: int) -> None:
    world, here, there, posters, calls = World(), [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), rendered())

        async def inside() -> object:
            return decode(path, count=6, side=STILL_PIXELS, within=12.0)

        async with world.client() as agent:
            task_id = (await agent.order())["task_id"]
            world.clock.advance(3600)
            for task in world.simulator.store.all():
                await world.simulator.clips.of(task)
            await agent.ok("save_wanx_video", task_id=task_id)
            await inside()
            for _ in range(rounds):
                here.append(await timed(inside))
                there.append(await timed(lambda: watch(path, 6, 12.0)))
                posters.append(await timed(lambda: first(path)))
                calls.append(await timed(lambda: agent.call("preview_wanx_video", task_id=task_id)))
    figures = {"decoded in this process": here, "decoded in another": there, "first frame": posters, "preview": calls}
    for name, seconds in figures.items():
        print(f"{name:24} {statistics.median(seconds) * 1000:6.0f} ms (from {min(seconds) * 1000:.0f})")
    print(f"the process costs {(statistics.median(there) - statistics.median(here)) * 1000:.0f} ms")


if __name__ == "__main__":
    anyio.run(compare, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
