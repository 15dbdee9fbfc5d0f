"""The pictures of an order: decoded within limits and cropped to a canvas, or a labelled placeholder instead."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

from wanx_mcp.simulator.render.ground import Colour, gradient, tint
from wanx_mcp.simulator.render.letters import set_text
from wanx_mcp.simulator.render.scene import FrameSize, PictureBytes

Rectangle = tuple[float, float, float, float]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_PIXELS = 16_000_000  # decoded: 64 MB
ORIENTATION = 274  # the tag of Exif; from 5 on, the picture lies on its side
BACKDROP = (28, 30, 36)  # behind a transparent picture


class PictureError(Exception):
    """Why the simulator cannot show a picture."""


def canvas_of(picture: PictureBytes, label: str, size: FrameSize) -> Image.Image:
    """The picture cropped to cover the canvas, or a placeholder that says what is missing."""
    if picture is None:
        return placeholder(label, "given by link, which the simulator does not fetch", size)
    try:
        return ImageOps.fit(decoded(picture, size), size, Image.Resampling.BICUBIC)
    except PictureError as reason:
        return placeholder(label, str(reason), size)


def shape(picture: bytes) -> float | None:
    """Width over height of a picture as it is shown, at most 2 and at least 1/2; None where it cannot be read."""
    try:
        with Image.open(BytesIO(picture), formats=FORMATS) as opened:
            width, height = opened.size
            sideways = opened.getexif().get(ORIENTATION, 1) >= 5
    except Exception:  # decoders raise undocumented errors on hostile bytes
        return None
    return min(2.0, max(0.5, height / width if sideways else width / height))


def decoded(picture: bytes, size: FrameSize) -> Image.Image:
    """The picture upright and in RGB. Raises PictureError for anything that Pillow cannot read or that is too large."""
    try:
        with Image.open(BytesIO(picture), formats=FORMATS) as opened:
            opened.draft("RGB", (size[0] * 2, size[1] * 2))  # decodes a large JPEG no larger than needed
            if opened.width * opened.height > MOST_PIXELS:
                raise PictureError("too large for the simulator")  # noqa: TRY301
            return flattened(ImageOps.exif_transpose(opened))
    except PictureError:
        raise
    except Exception as error:  # decoders raise undocumented errors on hostile bytes
        raise PictureError("could not be read as a picture") from error


def flattened(image: Image.Image) -> Image.Image:
    """The image in 8-bit RGB, its transparent parts on a dark background."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 256, "L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    flat = Image.new("RGB", layer.size, BACKDROP)
    flat.paste(layer, (0, 0), layer)
    return flat


def placeholder(label: str, reason: str, size: FrameSize) -> Image.Image:
    """A sketch of a picture with its label, on a grid that shows camera moves; first and last differ in colour."""
    width, height = size
    hue = 0.08 if label.startswith("last") else 0.58
    image = gradient(tint(hue, 0.34, 0.30), tint(hue + 0.05, 0.20, 0.34), size)
    draw = ImageDraw.Draw(image)
    grid, line = max(size) // 13, tint(hue, 0.42, 0.30)
    for across in range(width % grid // 2, width, grid):
        draw.line((across, 0, across, height), fill=line, width=2)
    for along in range(height % grid // 2, height, grid):
        draw.line((0, along, width, along), fill=line, width=2)
    unit = min(size) / 12
    frame = (width / 2 - 2.4 * unit, height / 2 - 3.4 * unit, width / 2 + 2.4 * unit, height / 2)
    sketch(draw, frame, unit, tint(hue, 0.88, 0.5))
    for text, share, below in ((label, 1.2, 0.6), (reason, 0.72, 2.1)):
        block = set_text(text, (round(width * 0.8), round(unit * 2.4)), (round(unit * share), round(unit * 0.5)))
        for n, words in enumerate(block.lines):
            place = (width / 2, height / 2 + below * unit + n * block.step)
            draw.text(place, words, fill=(255, 255, 255), font=block.font, anchor="ma")
    return image


def sketch(draw: ImageDraw.ImageDraw, box: Rectangle, unit: float, colour: Colour) -> None:
    """The usual picture icon: a frame, a sun, two mountains."""
    left, top, right, bottom = box
    draw.rounded_rectangle(box, radius=unit / 3, outline=colour, width=max(3, round(unit / 8)))
    draw.ellipse((right - 1.6 * unit, top + 0.6 * unit, right - 0.8 * unit, top + 1.4 * unit), fill=colour)
    foot = bottom - unit * 0.4
    for x, tall, half in ((left + 1.7 * unit, 1.9, 1.3), (left + 3.1 * unit, 1.3, 1.1)):
        draw.polygon([(x - half * unit, foot), (x, foot - tall * unit), (x + half * unit, foot)], fill=colour)
