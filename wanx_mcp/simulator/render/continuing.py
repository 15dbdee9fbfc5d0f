"""A clip that goes on from a frame of another clip: that frame is its first one, and then something moves on."""

from __future__ import annotations

from io import BytesIO
from math import pi, sin

from PIL import Image, ImageDraw

from wanx_mcp.simulator.render.ground import FrameAt
from wanx_mcp.simulator.render.picture import FORMATS, PictureError, decoded
from wanx_mcp.simulator.render.scene import FRAMES, FrameSize, PictureBytes

ZOOM = 0.30
"""The share of the frame that the camera has moved in by at the end."""

FADE = 0.12
"""The share of the clip in which the marks of the order appear."""

BALLOONS = ((236, 90, 70), (70, 130, 220), (90, 180, 90), (240, 190, 60))


def frame_given(picture: PictureBytes, size: FrameSize) -> Image.Image | None:
    """The picture, if it has the very size of the clip, as a frame of another clip has; else None."""
    if picture is None:
        return None
    try:
        with Image.open(BytesIO(picture), formats=FORMATS) as opened:
            if opened.size != size:
                return None
        return decoded(picture, size)
    except (PictureError, OSError, ValueError):
        return None


def going_on(first: Image.Image, prompt: str, marks: Image.Image) -> FrameAt:
    """The finished frame at t, from 0 to 1: the given one at 0, then ever nearer, with a balloon that comes in."""
    colour = BALLOONS[sum(prompt.encode("utf-8", "replace")) % len(BALLOONS)]

    def at(t: float) -> Image.Image:
        if t * (FRAMES - 1) < 0.5:
            return first.copy()
        frame = nearer(first, ZOOM * t)
        balloon(frame, t, colour)
        return Image.composite(marked(frame, marks), frame, Image.new("L", frame.size, round(255 * min(1.0, t / FADE))))

    return at


def nearer(image: Image.Image, share: float) -> Image.Image:
    """The middle of the image, enlarged to its size; `share` of each side is left out."""
    across, along = image.width * share / 2, image.height * share / 2
    return image.resize(
        image.size, Image.Resampling.BILINEAR, box=(across, along, image.width - across, image.height - along)
    )


def marked(frame: Image.Image, marks: Image.Image) -> Image.Image:
    """A copy with the marks on it."""
    copy = frame.copy()
    copy.paste(marks, (0, 0), marks)
    return copy


def balloon(frame: Image.Image, t: float, colour: tuple[int, int, int]) -> None:
    """Draw a balloon that drifts in from the left."""
    radius = min(frame.size) / 11
    x, y = -radius + t * (frame.width * 0.72), frame.height * (0.55 - 0.2 * t + 0.05 * sin(4 * pi * t))
    pen = ImageDraw.Draw(frame)
    pen.line((x, y + radius, x - radius / 4, y + 2.4 * radius), fill=(250, 250, 250), width=2)
    pen.ellipse((x - radius, y - 1.15 * radius, x + radius, y + 1.05 * radius), fill=colour)
    pen.ellipse((x - radius * 0.5, y - radius * 0.75, x - radius * 0.1, y - radius * 0.3), fill=(255, 255, 255))
