"""The simulator's clips: takes an order, returns a short H.264 MP4 that shows it."""

from __future__ import annotations

from wanx_mcp.simulator.render.scene import FRAMES, RATE, PictureBytes, Scene

__all__ = ["FRAMES", "RATE", "PictureBytes", "Scene", "render_clip"]


def render_clip(scene: Scene) -> bytes:
    """The MP4 of a scene: 85 frames, 16 fps, 832x480 or 480x832. Takes one to two seconds of CPU: call it in a worker.

    Raises ImportError if PyAV cannot be loaded. No prompt and no picture makes it fail.
    """
    from wanx_mcp.simulator.render.clip import render  # late: it loads Pillow and PyAV

    return render(scene)
