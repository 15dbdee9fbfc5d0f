"""Which shape of video fits the pictures of an order, and what a ratio crops: arithmetic over sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

from wanx_mcp.catalog.arguments import AspectRatio

Size = tuple[int, int]


def _share(ratio: str) -> float:
    width, height = ratio.split(":")
    return int(width) / int(height)


RATIOS: Mapping[str, float] = {ratio: _share(ratio) for ratio in get_args(get_args(AspectRatio)[0])}
MUCH = 0.2
"""A ratio that crops more than this share of a picture is worth a word."""

UNEQUAL = 0.05
"""Pictures whose shapes differ by more than this are not of one shape."""


def nearest(sizes: Mapping[str, Size]) -> str:
    """The ratio nearest to all `sizes`; for a square the first, which is the provider's default."""
    wanted = sum(math.log(width / height) for width, height in sizes.values()) / len(sizes)
    return min(RATIOS, key=lambda ratio: abs(math.log(RATIOS[ratio]) - wanted))


def cropped(size: Size, ratio: str) -> float:
    """The share of a picture that is lost when it has to fill a video of that ratio."""
    return lost(size[0] / size[1], RATIOS[ratio])


def lost(one: float, other: float) -> float:
    """The share of an area that two shapes (width / height) do not have in common."""
    return 1 - min(one, other) / max(one, other)


def remarks(sizes: Mapping[str, Size], given: str | None) -> list[str]:
    """What is worth saying about pictures of these sizes under the ratio that was given, or will be chosen."""
    if not sizes:
        return []
    best = nearest(sizes)
    ratio = given or best
    said = [] if given else [f"aspect_ratio {best} was chosen, the nearer to the picture"]
    for name, size in sizes.items():
        share = cropped(size, ratio)
        if share > MUCH:
            better = f"; aspect_ratio {best} fits better" if best != ratio else ""
            said.append(f"{ratio} crops about {share:.0%} of {name} ({size[0]}x{size[1]}){better}")
    if len(sizes) == 2:
        (one, first), (other, last) = sizes.items()
        if lost(first[0] / first[1], last[0] / last[1]) > UNEQUAL:
            shapes = f"{one} ({first[0]}x{first[1]}) and {other} ({last[0]}x{last[1]})"
            said.append(f"{shapes} differ in shape; two pictures of {best} would fit")
    return said
