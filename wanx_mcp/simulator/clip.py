"""The finished video of a simulated task."""

from __future__ import annotations

from importlib.resources import files

from wanx_mcp.simulator.life import SimulatedTask


class Clips:
    """The clip of each task."""

    async def of(self, _task: SimulatedTask) -> bytes:
        """The MP4 of a task."""
        return files("wanx_mcp").joinpath("assets", "clip.mp4").read_bytes()
