"""The clips of the simulator: an order goes in, a short H.264 MP4 that shows it comes out."""

from __future__ import annotations

from wanx_mcp.simulator.render.scene import FRAMES, RATE, Picture, Scene

__all__ = ["FRAMES", "RATE", "Picture", "Scene", "fallback_clip", "render_clip"]


def render_clip(scene: Scene) -> bytes:
    """The MP4 of a scene: 85 frames, 16 fps, 832x480 or 480x832. One to two seconds of CPU: call it in a worker.

    Raises ImportError when PyAV (the `video` extra) is not installed; no prompt and no picture makes it fail.
    """
    from wanx_mcp.simulator.render.clip import render

    return render(scene)


def fallback_clip() -> bytes:
    """The small clip that is served where PyAV is missing; run it once where PyAV is there and keep the bytes."""
    from wanx_mcp.simulator.render.clip import render_fallback

    return render_fallback()
