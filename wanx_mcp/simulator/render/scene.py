"""What a clip has to show: the scene, with the measures that every clip shares."""

from __future__ import annotations

from dataclasses import dataclass

FRAMES = 85
RATE = 16  # frames per second

Size = tuple[int, int]  # width, height in pixels
Picture = bytes | None  # an encoded picture, or None when the simulator cannot have it (it was given as a link)

LANDSCAPE: Size = (832, 480)


@dataclass(frozen=True, slots=True)
class Scene:
    """One order as the renderer sees it. Two pictures are the first and the last frame; `speed` runs from 0 to 10."""

    task_type: str
    prompt: str
    portrait: bool
    pictures: tuple[Picture, ...] = ()
    motion: str | None = None
    speed: float = 0.2
    lora: str | None = None

    @property
    def size(self) -> Size:
        """Width and height of the clip, in pixels."""
        width, height = LANDSCAPE
        return (height, width) if self.portrait else (width, height)
