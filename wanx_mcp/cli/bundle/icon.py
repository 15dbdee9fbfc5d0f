"""The icon as a PNG: a wave in a rounded square, the same as the server's own."""

from __future__ import annotations

import io

SIZE = 512
_SCALE = 4
"""Drawn larger than it is kept, for smooth edges."""

_GROUND, _WAVE = "#143b4d", "#7fe0d3"
_POINTS = 160
Point = tuple[float, float]
CRESTS: tuple[tuple[Point, Point, Point], ...] = (
    ((5, 21), (9, 13), (12, 21)),
    ((12, 21), (15, 29), (19, 21)),
    ((19, 21), (23, 13), (26, 10)),
)
"""Start, bend and end of each curve, on a field of 32."""


def icon() -> bytes:
    """The PNG."""
    from PIL import Image, ImageDraw

    side = SIZE * _SCALE
    unit = side / 32
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=7 * unit, fill=_GROUND)
    crests = [_curve(*crest) for crest in CRESTS]
    radius = 1.5 * unit
    for curve in crests:
        for x, y in curve:
            pen.ellipse((x * unit - radius, y * unit - radius, x * unit + radius, y * unit + radius), fill=_WAVE)
    file = io.BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()


def _curve(start: Point, bend: Point, end: Point) -> list[Point]:
    """A quadratic Bezier curve as close points."""
    found = []
    for number in range(_POINTS + 1):
        t = number / _POINTS
        x, y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in zip(start, bend, end, strict=True))
        found.append((x, y))
    return found
