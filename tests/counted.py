"""Clips whose every frame carries its number as a code of black and white blocks, made and read with PyAV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sin
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

COLUMNS, BITS = 8, 16
"""Two rows of eight blocks stand in the upper half of a frame: the number of its shot, and its own."""


@dataclass(frozen=True)
class Shot:
    """How a clip is made. `light` is the share of full light that a frame has (0 is black)."""

    number: int
    frames: int = 12
    size: tuple[int, int] = (160, 96)
    rate: Fraction = Fraction(16)
    sound: bool = False
    tags: tuple[int, int] | None = None
    codec: str = "libx264"
    options: Any = None
    light: Callable[[int], float] = lambda _number: 1.0
    colour: tuple[int, int, int] = (40, 90, 160)
    sound_rate: int = 44_100
    quiet: int = 0
    """So many frames are silent before the tone begins."""


def drawn(shot: Shot, frame: int) -> Image.Image:
    width, height = shot.size
    image = Image.linear_gradient("L").resize(shot.size).convert("RGB")
    image = Image.blend(image, Image.new("RGB", shot.size, shot.colour), 0.6)
    draw = ImageDraw.Draw(image)
    wide, tall = width / COLUMNS, height / 4
    for row, value in enumerate((shot.number, frame)):
        for column in range(COLUMNS):
            ink = (230, 230, 230) if value >> (COLUMNS - 1 - column) & 1 else (20, 20, 20)
            place = (
                round(column * wide),
                round(row * tall),
                round((column + 1) * wide) - 1,
                round((row + 1) * tall) - 1,
            )
            draw.rectangle(place, fill=ink)
    light = shot.light(frame)
    return image if light == 1.0 else Image.blend(Image.new("RGB", shot.size), image, light)


def code_of(image: Image.Image) -> tuple[int, int]:
    """Shot and frame number that a picture of a whole frame carries."""
    grey = image.convert("L")
    wide, tall = grey.width / COLUMNS, grey.height / 4
    values = []
    for row in range(2):
        value = 0
        for column in range(COLUMNS):
            value = value << 1 | (grey.getpixel((int((column + 0.5) * wide), int((row + 0.5) * tall))) > 110)  # type: ignore[operator]
        values.append(value)
    return values[0], values[1]


def made(folder: Path, shot: Shot, name: str | None = None) -> Path:
    """The clip as an MP4 with B-frames, as usual encoders make it."""
    import av

    path = folder / (name or f"shot{shot.number}.mp4")
    with av.open(str(path), "w") as out:
        stream = out.add_stream(shot.codec, rate=shot.rate, options=shot.options or {"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = *shot.size, "yuv420p"
        stream.codec_context.thread_count = 1
        if shot.tags:
            stream.codec_context.colorspace, stream.codec_context.color_range = shot.tags
        voice = out.add_stream("aac", rate=shot.sound_rate, layout="mono") if shot.sound else None
        for number in range(shot.frames):
            frame = av.VideoFrame.from_image(drawn(shot, number))  # type: ignore[no-untyped-call]
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        if voice is not None:
            for frame in tone(shot):
                out.mux(voice.encode(frame))
            out.mux(voice.encode())
        out.mux(stream.encode())
    return path


def tone(shot: Shot) -> Iterable[Any]:
    """A tone as long as the pictures, of another pitch for each shot."""
    import struct

    import av

    pitch = 300 + 100 * shot.number
    samples = round(shot.sound_rate * shot.frames / shot.rate)
    for start in range(0, samples, 1024):
        count = min(1024, samples - start)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=count)
        frame.sample_rate = shot.sound_rate
        begins = shot.quiet * shot.sound_rate / shot.rate
        values = [
            0.4 * sin(2 * pi * pitch * n / shot.sound_rate) if n >= begins else 0.0 for n in range(start, start + count)
        ]
        raw = struct.pack(f"<{count}f", *values)
        plane = frame.planes[0]
        plane.update(raw + bytes(plane.buffer_size - len(raw)))
        frame.pts, frame.time_base = start, Fraction(1, shot.sound_rate)
        yield frame


def reference(path: Path) -> list[Any]:
    """All decoded frames, by a plain loop."""
    import av

    with av.open(str(path)) as film:
        return list(film.decode(video=0))


def codes(path: Path) -> list[tuple[int, int]]:
    return [code_of(frame.to_image()) for frame in reference(path)]


def moments(path: Path) -> list[float]:
    return [float(frame.pts * frame.time_base) for frame in reference(path)]


def expected(shots: Sequence[tuple[int, range]]) -> list[tuple[int, int]]:
    return [(number, frame) for number, frames in shots for frame in frames]
