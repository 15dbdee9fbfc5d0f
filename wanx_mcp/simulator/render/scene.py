"""What a clip shows: the scene, and the measures that every clip shares."""

from __future__ import annotations

from dataclasses import dataclass

FRAMES = 85
RATE = 16  # frames per second

FrameSize = tuple[int, int]  # width, height in pixels
PictureBytes = bytes | None  # an encoded picture; None if it was given as a link, which the simulator does not follow

LANDSCAPE: FrameSize = (832, 480)


@dataclass(frozen=True, slots=True)
class Scene:
    """One order for the renderer. Two pictures are the first and the last frame; `speed` runs from 0 to 10."""

    task_type: str
    prompt: str
    portrait: bool
    pictures: tuple[PictureBytes, ...] = ()
    motion: str | None = None
    speed: float = 0.2
    lora: str | None = None

    @property
    def size(self) -> FrameSize:
        """Width and height of the clip, in pixels."""
        width, height = LANDSCAPE
        return (height, width) if self.portrait else (width, height)
