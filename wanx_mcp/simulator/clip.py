"""The finished video of a simulated task: rendered once, in a worker, from what was ordered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec

import anyio
import anyio.to_thread

from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.render import Picture, Scene, render_clip

Find = Callable[[str], Picture]
"""What can be had of a picture as an order names it."""

KEPT = 8
"""Clips that are remembered, the last ones."""


class Clips:
    """The clip of each task. Without PyAV (the `video` extra) all tasks share a small built-in one."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._lock = anyio.Lock()

    async def of(self, task: SimulatedTask) -> bytes:
        """The MP4 of `task`."""
        async with self._lock:
            if task.task_id not in self._made:
                self._made[task.task_id] = await anyio.to_thread.run_sync(_clip, task, self._find)
                while len(self._made) > KEPT:
                    self._made.popitem(last=False)
            return self._made[task.task_id]


def _clip(task: SimulatedTask, find: Find) -> bytes:
    if find_spec("av") is None:
        return files("wanx_mcp").joinpath("assets", "clip.mp4").read_bytes()
    return render_clip(scene_of(task, find))


def scene_of(task: SimulatedTask, find: Find) -> Scene:
    """What was ordered, as the renderer sees it. A picture behind a link of others cannot be had here."""
    order = from_wire(task.input)
    pictures = [order[name] for name in ("image", "start_image", "end_image") if name in order]
    return Scene(
        task_type=task.task_type,
        prompt=str(order.get("prompt", "")),
        portrait=order.get("aspect_ratio") == "9:16",
        pictures=tuple(find(str(picture)) for picture in pictures),
        motion=order.get("motion_type"),
        speed=float(order.get("motion_speed", 0.2)),
        lora=order.get("lora_type"),
    )
