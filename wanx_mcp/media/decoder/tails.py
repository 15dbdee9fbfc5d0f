"""The end of a clip: how many of its last frames are black, white, or part of a fade, judged by their brightness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

SIDE = 64
"""Frames are measured at this width and half of it."""

BLACK, WHITE = 12.0, 243.0
"""Brightness (0 to 255) below and above which a flat frame is black or white."""

FLAT = 4.0
"""Contrast up to which a frame shows nothing."""

OUTLIERS = 2
"""Per cent of the darkest and of the brightest pixels that do not count for the range."""

STEP = 0.98
"""In a fade each frame has at most so much of the range of the one before."""

FADED = 0.7
"""A fade that leaves more of the range than this is part of the picture."""

LEAST = 4
"""A fade that ends before it is black or white is at least so many frames long: anything shorter may be a cut."""


@dataclass(frozen=True, slots=True)
class Light:
    """The mean brightness of a frame, its contrast (standard deviation) and its range, all from 0 to 255.

    A fade shrinks the range evenly. What moves in the picture changes it less than the contrast.
    """

    mean: float
    contrast: float
    range: float

    @property
    def blank(self) -> bool:
        """Whether the frame is black or white all over."""
        return self.contrast <= FLAT and not BLACK < self.mean < WHITE


def light_of(pixels: bytes) -> Light:
    """The light of a small frame, from its RGB pixels."""
    levels = [(2 * r + 5 * g + b) / 8 for r, g, b in zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)]
    mean = sum(levels) / len(levels)
    contrast = sqrt(sum((level - mean) ** 2 for level in levels) / len(levels))
    levels.sort()
    aside = len(levels) * OUTLIERS // 100
    return Light(mean, contrast, levels[-1 - aside] - levels[aside])


def last_clear(lights: Sequence[Light]) -> int:
    """The number of the last frame that is neither blank nor part of a fade to black or white. Where all frames are
    blank, that of the last one."""
    last = len(lights) - 1
    end = last
    while end >= 0 and lights[end].blank:
        end -= 1
    if end < 0:
        return last
    start = end
    while start > 0 and lights[start].range < STEP * lights[start - 1].range:
        start -= 1
    blank_follows = end < last
    if start == end or (not blank_follows and not _is_fade(lights[start], lights[end], end - start)):
        return end
    if blank_follows and not _leads_to(lights[start], lights[end], lights[-1].mean):
        return end
    return start


def _is_fade(clear: Light, faded: Light, frames: int) -> bool:
    """Whether the frames between the two are a fade to black or white that the clip's end has cut off."""
    return (
        frames >= LEAST
        and faded.range <= FADED * clear.range
        and any(_leads_to(clear, faded, colour) for colour in (0.0, 255.0))
    )


def _leads_to(clear: Light, faded: Light, colour: float) -> bool:
    """Whether `faded` is `clear` mixed with that brightness: mean and range then shrink towards it alike."""
    share = faded.range / clear.range if clear.range else 1.0
    expected = share * clear.mean + (1 - share) * colour
    return abs(faded.mean - expected) <= 12.0
