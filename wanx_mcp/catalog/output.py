"""What a finished clip is: its size, length and sound, by the arguments of its order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Size = tuple[int, int]
"""Width and height, in pixels."""

GRID = 16
"""Both sides of a clip are multiples of this many pixels."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolution by the provider's name. `landscape` is the size of a 16:9 clip."""

    name: str
    landscape: Size

    def size(self, shape: float) -> Size:
        """The size of a clip of that shape (width / height): the same area as the landscape clip."""
        width, height = self.landscape
        for fixed in ((width, height), (height, width)):
            if math.isclose(shape, fixed[0] / fixed[1], rel_tol=0.04):
                return fixed
        area = width * height
        return _on_grid(math.sqrt(area * shape)), _on_grid(math.sqrt(area / shape))


@dataclass(frozen=True, slots=True)
class Measures:
    """One clip: its resolution, length in seconds, frame rate and whether it has sound."""

    resolution: Resolution
    seconds: float
    rate: int
    sound: bool

    @property
    def frames(self) -> int:
        """The number of frames."""
        return round(self.seconds * self.rate)


@dataclass(frozen=True, slots=True)
class Output:
    """What a family of models makes. Where there are several resolutions or lengths, the order chooses; the first of
    each is the default. `rate` is frames per second; `unconfirmed` are the facts that only third parties state."""

    family: str
    resolutions: tuple[Resolution, ...]
    seconds: tuple[float, ...]
    rate: int
    sound: bool = False
    steps: int | None = None
    unconfirmed: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether the provider itself states size and length."""
        return not self.unconfirmed

    def measures(self, arguments: Mapping[str, Any]) -> Measures:
        """The clip of an order with these arguments; what they do not say is the default."""
        wanted, seconds = arguments.get("resolution"), arguments.get("duration")
        resolution = next((one for one in self.resolutions if one.name == wanted), self.resolutions[0])
        length = next((one for one in self.seconds if one == seconds), self.seconds[0])
        return Measures(resolution, length, self.rate, self.sound and arguments.get("audio") is not False)

    @property
    def length_words(self) -> str:
        """The lengths, e.g. "5, 10 or 15 s"."""
        return f"{_either([f'{one:.1f}'.removesuffix('.0') for one in self.seconds])} s"

    @property
    def pixel_words(self) -> str:
        """The size in pixels, where there is only one."""
        return "" if len(self.resolutions) > 1 else "{}x{}".format(*self.resolutions[0].landscape)

    @property
    def size_words(self) -> str:
        """The resolutions, e.g. "720P or 1080P"; a single one with its size in pixels."""
        names = _either([one.name for one in self.resolutions])
        if len(self.resolutions) > 1:
            return names
        return f"{names} ({self.pixel_words})"

    @property
    def fixed(self) -> bool:
        """Whether an order has no choice of size, length or sound."""
        return len(self.resolutions) == len(self.seconds) == 1

    @property
    def words(self) -> str:
        """Size, length and sound."""
        return f"{self.size_words}, {self.length_words}, {'with sound' if self.sound else 'silent'}"


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _on_grid(side: float) -> int:
    return max(GRID, round(side / GRID) * GRID)
