"""The moving landscape behind a text: sky, sun and hills, all derived from the hash of the prompt."""

from __future__ import annotations

from collections.abc import Callable
from colorsys import hls_to_rgb
from dataclasses import dataclass
from hashlib import sha256
from math import pi, sin

from PIL import Image, ImageDraw, ImageFilter

from wanx_mcp.simulator.render.scene import FRAMES, FrameSize

Colour = tuple[int, int, int]
FrameAt = Callable[[float], Image.Image]  # the picture at t, from 0 to 1
STEPS = (1, 2, 4, 7)  # pixels a frame by which the hills move, far to near: whole ones, so that nothing shimmers


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one prompt."""

    zenith: Colour
    horizon: Colour
    sun: Colour
    hills: tuple[Colour, ...]


def tint(hue: float, light: float, strength: float) -> Colour:
    """A colour from hue, lightness and saturation, each from 0 to 1."""
    red, green, blue = hls_to_rgb(hue % 1.0, light, strength)
    return round(red * 255), round(green * 255), round(blue * 255)


def palette_of(seed: bytes) -> Palette:
    """A sky with a warmer or a cooler horizon, and hills that are darker the nearer they are."""
    hue = int.from_bytes(seed[:2]) / 65536
    lean = (0.09 + seed[2] / 255 * 0.13) * (1 if seed[3] % 2 else -1)
    hills = tuple(tint(hue + lean * (0.55 - 0.3 * n), 0.40 - 0.095 * n, 0.42) for n in range(len(STEPS)))
    return Palette(tint(hue, 0.20, 0.55), tint(hue + lean, 0.62, 0.72), tint(hue + lean * 1.2, 0.88, 0.9), hills)


def ground(prompt: str, size: FrameSize) -> FrameAt:
    """The landscape of a prompt as a function of time."""
    seed = sha256(prompt.encode("utf-8", "replace")).digest()
    palette = palette_of(seed)
    width, height = size
    sky = gradient(palette.zenith, palette.horizon, size)
    glow, disc = sun(round(min(size) * 0.30)), sun(round(min(size) * 0.11), soft=0.06)
    hills = [ridge(seed[4 + 4 * n : 8 + 4 * n], size, n) for n in range(len(STEPS))]
    way = -1 if seed[30] % 2 else 1
    middle = 0.68 + seed[31] / 255 * 0.16  # right of the marks

    def at(t: float) -> Image.Image:
        frame = sky.copy()
        x, y = width * (middle + way * 0.12 * (t - 0.5)), height * (0.27 - 0.07 * t)
        for mask in (glow, disc):
            frame.paste(palette.sun, (round(x - mask.width / 2), round(y - mask.height / 2)), mask)
        for colour, mask, step in zip(palette.hills, hills, STEPS, strict=True):
            shift = round(t * (FRAMES - 1)) * step
            left = shift if way > 0 else mask.width - width - shift
            frame.paste(colour, (0, height - mask.height), mask.crop((left, 0, left + width, mask.height)))
        return frame

    return at


def gradient(top: Colour, bottom: Colour, size: FrameSize) -> Image.Image:
    """A vertical gradient from `top` to `bottom`."""
    ramp = Image.linear_gradient("L").point([round(255 * (n / 255) ** 1.3) for n in range(256)]).resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def sun(radius: int, soft: float = 1.0) -> Image.Image:
    """The mask of a disc with a soft rim."""
    side = round(radius * (2 + 2 * soft))
    mask = Image.new("L", (side, side), 0)
    near, far = side / 2 - radius * (1 - 0.5 * soft), side / 2 + radius * (1 - 0.5 * soft)
    ImageDraw.Draw(mask).ellipse((near, near, far, far), fill=round(235 - 120 * soft))
    return mask.filter(ImageFilter.GaussianBlur(radius * soft * 0.4))


def ridge(seed: bytes, size: FrameSize, depth: int) -> Image.Image:
    """The mask of one row of hills, as long as it moves in a clip; drawn at double size, for smooth edges."""
    width, height = size
    length = width + STEPS[depth] * FRAMES
    tall = round(height * (0.46 - 0.09 * depth))
    swing = tall * (0.20 + 0.05 * (seed[0] % 3))
    paces = [2 * pi * (1 + n) * (0.6 + seed[n] / 255) / 420 for n in range(3)]

    def crest(x: int) -> float:
        waves = (sin(x * pace + seed[3] / 40 + n * 1.7) / (1 + n * 1.6) for n, pace in enumerate(paces))
        return tall * 0.42 + swing * 0.6 * sum(waves)

    line = [(2.0 * x, 2.0 * crest(x)) for x in range(0, length + 4, 4)]
    mask = Image.new("L", (length * 2, tall * 2), 0)
    ImageDraw.Draw(mask).polygon([(0.0, tall * 2.0), *line, (length * 2.0, tall * 2.0)], fill=255)
    return mask.reduce(2)
