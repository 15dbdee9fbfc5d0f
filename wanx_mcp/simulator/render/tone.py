"""The sound of a clip: one soft tone, the higher the brighter the picture."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import sin, tau

from PIL import Image

SAMPLES = 24_000
"""Samples per second."""

LOWEST, SPAN = 165.0, 495.0
"""Pitch of a black picture in hertz, and how much higher that of a white one is."""

LOUDNESS = 4_000
"""Of 32,767."""

GRID = 8


class Tone:
    """The samples of one clip, frame by frame; the wave has no jumps."""

    def __init__(self, rate: int) -> None:
        self._each = SAMPLES // rate
        self._phase = 0.0
        self._start = 0

    def of(self, image: Image.Image) -> Iterator[tuple[bytes, int]]:
        """The samples that belong to one frame (16 bits, mono), and the number of the first."""
        step = tau * pitch(image) / SAMPLES
        wave = array("h", (round(LOUDNESS * sin(self._phase + step * n)) for n in range(self._each)))
        yield wave.tobytes(), self._start
        self._phase = (self._phase + step * self._each) % tau
        self._start += self._each


def pitch(image: Image.Image) -> float:
    """Hertz for the brightness of a picture, seen at a few points."""
    points = image.resize((GRID, GRID), Image.Resampling.NEAREST).convert("L").tobytes()
    return LOWEST + SPAN * sum(points) / (255 * len(points))
