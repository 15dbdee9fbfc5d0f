"""What a clip shows: the scene, and the measures of the clip."""

from __future__ import annotations

from dataclasses import dataclass

FRAMES = 85
RATE = 16  # frames per second

FrameSize = tuple[int, int]  # width, height in pixels
PictureBytes = bytes | None  # an encoded picture; None if it was given as a link, which the simulator does not follow

LANDSCAPE: FrameSize = (832, 480)
MOST_DRAWN = 500_000
"""Pixels of a frame that are drawn. A larger frame is drawn at half its size and scaled up: time is what counts."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One order for the renderer. Two pictures are the first and the last frame; `speed` runs from 0 to 10. `full` is
    the size of the clip if it is not 832x480 or 480x832, `rate` frames per second; with `sound`, a tone follows the
    picture."""

    task_type: str
    prompt: str
    portrait: bool
    pictures: tuple[PictureBytes, ...] = ()
    motion: str | None = None
    speed: float = 0.2
    lora: str | None = None
    full: FrameSize | None = None
    frames: int = FRAMES
    rate: int = RATE
    sound: bool = False

    @property
    def shown(self) -> FrameSize:
        """Width and height of the clip, in pixels."""
        width, height = LANDSCAPE
        return self.full or ((height, width) if self.portrait else (width, height))

    @property
    def size(self) -> FrameSize:
        """Width and height of the frames that are drawn."""
        width, height = self.shown
        return (width, height) if width * height <= MOST_DRAWN else (width // 2, height // 2)
