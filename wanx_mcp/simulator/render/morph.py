"""The morph from the first picture to the last one: a dissolve in rippling patches, with both ends unchanged."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import pi, sin
from random import Random

from PIL import Image

from wanx_mcp.simulator.render.scene import FrameSize

HOLD = 0.1  # share of the clip for which each picture is shown unchanged
EDGE = 90  # width of the seam between the two, in grey levels
CELLS = (10, 6)
Quad = tuple[float, float, float, float, float, float, float, float]
Mesh = list[tuple[tuple[int, int, int, int], Quad]]


def morph(first: Image.Image, last: Image.Image) -> Callable[[float], Image.Image]:
    """The frames from one picture to the other of the same size, as a function of time."""
    size = first.size
    patches = clouds(size)

    def at(t: float) -> Image.Image:
        share = min(1.0, max(0.0, (t - HOLD) / (1 - 2 * HOLD)))
        if share in (0.0, 1.0):
            return (first if share == 0.0 else last).copy()
        level = share * (255 + EDGE)
        seam = patches.point([max(0, min(255, round((level - n) * 255 / EDGE))) for n in range(256)])
        mixed = Image.composite(last, first, seam)
        ripple = mesh(size, 0.035 * sin(pi * share) ** 2, 2 * pi * share)
        return mixed.transform(size, Image.Transform.MESH, ripple, Image.Resampling.BILINEAR)

    return at


def clouds(size: FrameSize) -> Image.Image:
    """Soft grey patches over the whole range of greys; always the same ones."""
    random = Random(7)  # noqa: S311  # grain, not secrets
    grains = Image.frombytes("L", (9, 6), bytes(random.randrange(256) for _ in range(54)))
    return grains.resize(size, Image.Resampling.BICUBIC)


def mesh(size: FrameSize, height: float, phase: float) -> Mesh:
    """A ripple that bends the picture by a share of its longer side and leaves its edges where they are."""
    columns, rows = CELLS
    xs = [round(size[0] * n / columns) for n in range(columns + 1)]
    ys = [round(size[1] * n / rows) for n in range(rows + 1)]
    reach = height * max(size)

    def bent(x: int, y: int) -> tuple[float, float]:
        across, along = sin(pi * x / size[0]), sin(pi * y / size[1])
        return (
            x + reach * across * sin(2 * pi * y / size[1] + phase),
            y + reach * along * sin(2 * pi * x / size[0] - phase),
        )

    return [
        ((x0, y0, x1, y1), (*bent(x0, y0), *bent(x0, y1), *bent(x1, y1), *bent(x1, y0)))
        for x0, x1 in pairwise(xs)
        for y0, y1 in pairwise(ys)
    ]
