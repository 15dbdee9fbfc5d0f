"""The look of a LoRA: for each known name, what it does to a frame at a moment of the clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import Image, ImageOps

from wanx_mcp.simulator.render.scene import Size

Grade = Callable[[Image.Image, float], Image.Image]  # frame, t from 0 to 1
Look = Callable[[Image.Image], Grade]  # made for a clip from its first frame


def curve(gain: float, gamma: float, lift: float) -> list[int]:
    """A smooth tone curve for one channel."""
    return [max(0, min(255, round(lift + gain * 255 * (n / 255) ** gamma))) for n in range(256)]


WARM = curve(1.04, 0.78, 10) + curve(1.0, 0.86, 8) + curve(0.74, 1.05, 14)
DIM = [round(n * 0.45) for n in range(256)] * 3


def flat(sample: Image.Image) -> Grade:
    """A dozen of the clip's own colours in clean patches: blurred first, so that the patches have no frayed edges."""
    palette = sample.reduce(4).quantize(12, Image.Quantize.MAXCOVERAGE)

    def patched(frame: Image.Image, _: float) -> Image.Image:
        patches = frame.reduce(6).resize((frame.width // 2, frame.height // 2), Image.Resampling.BICUBIC)
        few = patches.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
        return few.resize(frame.size, Image.Resampling.BILINEAR)

    return patched


def pixelated(sample: Image.Image) -> Grade:
    """Large square pixels in few of the clip's own colours."""
    palette = sample.reduce(8).quantize(24, Image.Quantize.MAXCOVERAGE)

    def blocky(frame: Image.Image, _: float) -> Image.Image:
        few = frame.reduce(8).quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
        return few.resize(frame.size, Image.Resampling.NEAREST)

    return blocky


def warm(_: Image.Image) -> Grade:
    """Afternoon light over a softened, painted-looking picture."""

    def painted(frame: Image.Image, _: float) -> Image.Image:
        soft = frame.reduce(4).resize(frame.size, Image.Resampling.BILINEAR)
        return Image.blend(frame, soft, 0.6).point(WARM)

    return painted


@dataclass(frozen=True, slots=True)
class Card:
    """The frame as a card before its own blurred shadow: its final width and height, as shares, and its whole turns."""

    width: float
    height: float
    turns: int = 0
    start: float = 1.0

    def __call__(self, _: Image.Image) -> Grade:
        """The same card for every clip."""
        return self.dealt

    def dealt(self, frame: Image.Image, t: float) -> Image.Image:
        """The card at t, springing to its final measures."""
        eased = (1 - cos(pi * min(1.0, t * 1.25))) / 2 + 0.08 * sin(3 * pi * t) * (1 - t)
        facing = cos(2 * pi * self.turns * t)
        wide = frame.width * (self.start + (self.width - self.start) * eased) * abs(facing)
        tall = frame.height * (self.start + (self.height - self.start) * eased)
        card = frame.resize((max(2, round(wide)), max(2, round(tall))), Image.Resampling.BILINEAR)
        if facing < 0:
            card = ImageOps.mirror(card)
        behind = frame.reduce(40).point(DIM).resize(frame.size, Image.Resampling.BILINEAR)
        behind.paste(card, ((frame.width - card.width) // 2, (frame.height - card.height) // 2))
        return behind


def pulse(sample: Image.Image) -> Grade:
    """Two slow breaths of the picture's scale under a vignette: the sign of a LoRA that has no look of its own here."""
    width, height = sample.size
    corners = vignette(sample.size)

    def breathing(frame: Image.Image, t: float) -> Image.Image:
        share = 0.05 * (1 - cos(4 * pi * t)) / 2
        box = (width * share, height * share, width * (1 - share), height * (1 - share))
        breath = frame.resize(frame.size, Image.Resampling.BILINEAR, box=box)
        breath.paste((0, 0, 0), (0, 0), corners)
        return breath

    return breathing


def vignette(size: Size) -> Image.Image:
    """The mask of darkened corners."""
    corner = [max(0, min(200, round((n - 120) * 1.6))) for n in range(256)]
    return Image.radial_gradient("L").point(corner).resize(size)


LOOKS: dict[str, Look] = {
    "flat-color": flat,
    "pixel-art": pixelated,
    "ghibli": warm,
    "rotation-effect": Card(0.72, 0.72, turns=1, start=0.72),
    "inflate-effect": Card(0.95, 0.95, start=0.55),
    "deflate-effect": Card(0.50, 0.50),
    "squish-effect": Card(0.96, 0.42),
    "crush-effect": Card(0.42, 0.92),
}


def look_of(lora: str) -> Look:
    """The look of a LoRA; one that the table does not know pulses."""
    return LOOKS.get(lora, pulse)


def sweep(sample: Image.Image) -> Grade:
    """A band of light that passes over a picture on which nothing else moves."""
    width, height = sample.size
    ramp = Image.linear_gradient("L").rotate(90).point([round(70 * sin(pi * n / 255) ** 2) for n in range(256)])
    band = ramp.resize((width // 2, height))

    def lit(frame: Image.Image, t: float) -> Image.Image:
        frame.paste((255, 250, 235), (round(width * (1.5 * t - 0.5)), 0), band)
        return frame

    return lit
