"""The text on a clip: that it is simulated, the task type, the prompt, the LoRA, the camera motion."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter

from wanx_mcp.simulator.render.letters import TextBlock, set_text
from wanx_mcp.simulator.render.scene import FrameSize, Scene

WHITE = (255, 255, 255, 255)
CHIP = (12, 14, 20, 190)
ACCENT = (255, 196, 64, 255)
RECORD = (255, 92, 92, 255)


@dataclass(frozen=True, slots=True)
class Style:
    """How a chip is written: its ink, and whether it has the red dot of a recording."""

    ink: tuple[int, int, int, int]
    dot: bool = False


LIVE, PLAIN, NOTE = Style(WHITE, dot=True), Style(WHITE), Style(ACCENT)
HEAD, BIG, SMALL = (24, 20, 16, 13), (66, 56, 48, 41, 35, 30, 26, 22, 19), (25, 22, 19)


def overlay(scene: Scene) -> Image.Image:
    """All text of a scene on one transparent layer, which is pasted over each frame."""
    size = scene.size
    layer = caption(scene.prompt, size) if scene.pictures else headline(scene.prompt, size)
    draw = ImageDraw.Draw(layer)
    inner = size[0] - 2 * margin(size)
    low = chip(draw, "simulated", (margin(size), margin(size)), inner, LIVE)
    first = margin(size) + low[0] + 8
    if scene.task_type:
        chip(draw, scene.task_type, (first, margin(size)), size[0] - margin(size) - first, PLAIN)
    y = margin(size) + low[1] + 8
    for words in notes(scene):
        y += chip(draw, words, (margin(size), y), inner, NOTE)[1] + 8
    return layer


def notes(scene: Scene) -> list[str]:
    """What the order asks for besides its prompt and pictures."""
    lora = [f"LoRA {scene.lora}"] if scene.lora else []
    motion = [f"camera {scene.motion.replace('_', ' ')}, speed {scene.speed:g}"] if scene.motion else []
    return lora + motion


def margin(size: FrameSize) -> int:
    """The distance of the marks from the edge, in pixels."""
    return min(size) // 26


def chip(draw: ImageDraw.ImageDraw, words: str, place: tuple[int, int], width: int, style: Style) -> tuple[int, int]:
    """Draw words on a dark pill at that place, no wider than `width`. Returns the width and height of the pill."""
    indent = 34 if style.dot else 12
    text = set_text(words, (width - indent - 12, 31), HEAD)
    tall, wide = 38, indent + text.width + 12
    x, y = place
    draw.rounded_rectangle((x, y, x + wide, y + tall), radius=tall // 2, fill=CHIP)
    if style.dot:
        draw.ellipse((x + 13, y + tall / 2 - 6, x + 25, y + tall / 2 + 6), fill=RECORD)
    for line in text.lines[:1]:
        draw.text((x + indent, y + tall / 2), line, fill=style.ink, font=text.font, anchor="lm")
    return wide, tall


def headline(prompt: str, size: FrameSize) -> Image.Image:
    """The prompt as large as possible, in the middle, over a blurred shadow."""
    width, height = size
    top = 2 * margin(size) + 84
    text = set_text(prompt, (width - 4 * margin(size), height - top - 2 * margin(size)), BIG)
    start = top + round((height - top - 2 * margin(size) - text.height) * 0.3)
    shade = Image.new("L", size, 0)
    written(ImageDraw.Draw(shade), text, (width // 2, start), 255, stroke=2)
    layer = Image.new("RGBA", size, (8, 10, 16, 0))
    layer.putalpha(shade.filter(ImageFilter.GaussianBlur(6)).point([min(150, n * 2) for n in range(256)]))
    written(ImageDraw.Draw(layer), text, (width // 2, start), WHITE)
    return layer


def caption(prompt: str, size: FrameSize) -> Image.Image:
    """The prompt in up to three small lines at the bottom, on a shade that fades upwards."""
    width, height = size
    text = set_text(prompt, (width - 3 * margin(size), 3 * 32), SMALL)
    tall = text.height + 3 * margin(size)
    shade = Image.new("L", size, 0)
    if text.lines:
        ramp = Image.linear_gradient("L").point([min(210, round(n * 2.4)) for n in range(256)])
        shade.paste(ramp.resize((width, tall)), (0, height - tall))
    layer = Image.new("RGBA", size, (8, 10, 16, 0))
    layer.putalpha(shade)
    written(ImageDraw.Draw(layer), text, (width // 2, height - text.height - margin(size)), WHITE)
    return layer


def written(
    draw: ImageDraw.ImageDraw,
    text: TextBlock,
    place: tuple[int, int],
    fill: int | tuple[int, int, int, int],
    stroke: int = 0,
) -> None:
    """Draw the lines of a text, centred under that place."""
    for n, line in enumerate(text.lines):
        spot = (place[0], place[1] + n * text.step)
        draw.text(spot, line, fill=fill, font=text.font, anchor="ma", stroke_width=stroke)


def progress(frame: Image.Image, t: float) -> None:
    """A thin bar at the bottom that grows with time, so that the frames of a still picture differ too."""
    width, height = frame.size
    ImageDraw.Draw(frame).rectangle((0, height - 5, round((width - 1) * t), height - 1), fill=ACCENT[:3])
