"""The finished video of a simulated task: rendered from its order in a worker thread, and cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import anyio
import anyio.to_thread

from wanx_mcp.catalog import CATALOG
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.orders import provider_reads
from wanx_mcp.simulator.render import FRAMES, RATE, PictureBytes, Scene, render_clip, shape_of

LoadPicture = Callable[[str], PictureBytes]
"""Loads a picture by the value that an order holds for it."""

CACHED_CLIPS = 8


class Clips:
    """The clip of each task. The last CACHED_CLIPS are cached."""

    def __init__(self, load_picture: LoadPicture) -> None:
        self._load_picture = load_picture
        self._cached: OrderedDict[str, bytes] = OrderedDict()
        self._lock = anyio.Lock()

    async def of(self, task: SimulatedTask) -> bytes:
        """The MP4 of `task`. Raises ImportError if PyAV cannot be loaded."""
        async with self._lock:
            if task.task_id not in self._cached:
                scene = scene_of(task, self._load_picture)
                self._cached[task.task_id] = await anyio.to_thread.run_sync(render_clip, scene)
                while len(self._cached) > CACHED_CLIPS:
                    self._cached.popitem(last=False)
            return self._cached[task.task_id]


def scene_of(task: SimulatedTask, load_picture: LoadPicture) -> Scene:
    """The order as a scene."""
    order = from_wire(task.input)
    pictures = [load_picture(str(order[name])) for name in ("image", "start_image", "end_image") if name in order]
    ratio = str(order.get("aspect_ratio", "16:9"))
    row = CATALOG.find(task.task_type)
    measures = row.output.measures(provider_reads(task.input)) if row else None
    own_shape = row is not None and "aspect_ratio" not in row.allowed
    shape = (shape_of(pictures) if own_shape else None) or _share(ratio)
    return Scene(
        task_type=task.task_type,
        prompt=str(order.get("prompt", "")),
        portrait=ratio == "9:16",
        pictures=tuple(pictures),
        motion=order.get("motion_type"),
        speed=float(order.get("motion_speed", 0.2)),
        lora=order.get("lora_type"),
        full=measures.resolution.size(shape) if measures else None,
        frames=measures.frames if measures else FRAMES,
        rate=measures.rate if measures else RATE,
        sound=measures.sound if measures else False,
    )


def _share(ratio: str) -> float:
    """Width over height of a ratio such as 16:9, and of anything else that of 16:9."""
    width, _, height = ratio.partition(":")
    return int(width) / int(height) if width.isdecimal() and height.isdecimal() and int(height) else 16 / 9
