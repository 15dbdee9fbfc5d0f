"""The simulator's clips: takes an order, returns a short H.264 MP4 that shows it."""

from __future__ import annotations

from wanx_mcp.simulator.render.scene import FRAMES, RATE, PictureBytes, Scene

__all__ = ["FRAMES", "RATE", "PictureBytes", "Scene", "render_clip", "shape_of"]


def render_clip(scene: Scene) -> bytes:
    """The MP4 of a scene. Takes seconds of CPU, the longest and largest clip about ten: call it in a worker.

    Raises ImportError if PyAV cannot be loaded. No prompt and no picture makes it fail.
    """
    from wanx_mcp.simulator.render.clip import render  # late: it loads Pillow and PyAV

    return render(scene)


def shape_of(pictures: list[PictureBytes]) -> float | None:
    """Width over height of the first picture, between 1:2 and 2:1; None where it cannot be read."""
    from wanx_mcp.simulator.render.picture import shape

    return shape(pictures[0]) if pictures and pictures[0] is not None else None
