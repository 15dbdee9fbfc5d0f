"""Frames spread over a clip, decoded with PyAV within bounds of time, memory and picture size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_mcp.errors import ExtraMissing, PreviewFailed

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL import Image

MOST_PIXELS = 4096 * 4096
SHORT_FRAMES = 1200
"""A clip of at most so many frames is decoded in one go, a longer one around each frame that is wanted."""

MOST_DECODED = 300
"""Frames that are decoded at most to reach one that is wanted in a longer clip."""

LONGEST_SIDE = 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, and when it is shown, in seconds from the start."""

    seconds: float
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Clip:
    """What was seen of a clip: its length in seconds, its size in pixels, and some of its frames."""

    seconds: float
    width: int
    height: int
    frames: tuple[Frame, ...]


def require_video() -> None:
    """Raises ExtraMissing where clips cannot be decoded."""
    if find_spec("av") is None:
        raise ExtraMissing("clips cannot be decoded here, since PyAV is not installed")


def watch(path: Path, count: int, within: float) -> Clip:
    """Up to `count` different frames from the first to the last, within about so many seconds; call it in a worker.

    Raises ExtraMissing and PreviewFailed.
    """
    deadline = time.monotonic() + within
    with _opened(path) as (film, stream):
        seconds, wanted = _wanted(film, stream, count)
        chosen = _chosen(film, stream, wanted, deadline)
        frames = tuple(Frame(seen, _image(frame)) for seen, frame in chosen)
        size = stream.codec_context.width, stream.codec_context.height
    if not frames:
        raise PreviewFailed(f"no frame could be decoded within {within:.0f} s")
    return Clip(seconds, *size, frames)


def first(path: Path) -> Image.Image:
    """The first frame; call it in a worker. Raises ExtraMissing and PreviewFailed."""
    with _opened(path) as (film, stream):
        for frame in film.decode(stream):
            _check_size(frame.width, frame.height)
            return _image(frame)
    raise PreviewFailed("the saved video has no frames")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The clip at `path` and its pictures. Raises ExtraMissing and PreviewFailed, also for what fails inside."""
    require_video()
    import av

    try:
        # A file object and a fixed format: nothing that the file says makes the decoder open anything else.
        with path.open("rb") as file, av.open(file, "r", format="mp4") as film:
            stream = film.streams.video[0]
            stream.thread_type = "AUTO"
            _check_size(stream.codec_context.width, stream.codec_context.height)
            yield film, stream
    except (av.FFmpegError, ValueError, IndexError, MemoryError) as error:
        raise PreviewFailed(f"the saved video cannot be decoded ({type(error).__name__})") from error
    except OSError as error:
        raise PreviewFailed(f"the saved video cannot be read ({error.strerror})") from error


def _wanted(film: InputContainer, stream: VideoStream, count: int) -> tuple[float, list[float]]:
    """The length, and the moments that are wanted: the first frame, the last one, and evenly between."""
    rate = float(stream.average_rate or 16)
    if stream.duration and stream.time_base:
        length = float(stream.duration * stream.time_base)
    else:
        length = (film.duration or 0) / 1_000_000 or stream.frames / rate
    last = max(0.0, length - 1 / rate)
    if count == 1:
        return length, [last / 2]
    return length, [last * number / (count - 1) for number in range(count)]


def _chosen(
    film: InputContainer, stream: VideoStream, wanted: list[float], deadline: float
) -> Iterator[tuple[float, VideoFrame]]:
    """The frames at the wanted moments, each once. What is late is left out."""
    expected = stream.frames or wanted[-1] * float(stream.average_rate or 16)
    runs = [wanted] if expected <= SHORT_FRAMES else [[moment] for moment in wanted]
    shown = -1.0
    for moments in runs:
        if len(runs) > 1 and stream.time_base:
            film.seek(int((stream.start_time or 0) + moments[0] / stream.time_base), stream=stream)
        most = MOST_DECODED if len(runs) > 1 else SHORT_FRAMES * 2
        for seconds, frame in _nearest(_decoded(film, stream, most, deadline), moments):
            if seconds > shown:
                yield seconds, frame
                shown = seconds


def _decoded(
    film: InputContainer, stream: VideoStream, most: int, deadline: float
) -> Iterator[tuple[float, VideoFrame]]:
    """Up to `most` frames from where the clip stands, each with its moment."""
    origin = float((stream.start_time or 0) * (stream.time_base or 0))
    rate = float(stream.average_rate or 16)
    for number, frame in enumerate(film.decode(stream)):
        _check_size(frame.width, frame.height)
        yield (number / rate if frame.time is None else max(0.0, frame.time - origin)), frame
        if number + 1 >= most or time.monotonic() > deadline:
            return


def _nearest(frames: Iterator[tuple[float, VideoFrame]], moments: list[float]) -> Iterator[tuple[float, VideoFrame]]:
    """For each of the ascending moments the frame that is on the screen then."""
    left = list(moments)
    before: tuple[float, VideoFrame] | None = None
    for seen in frames:
        while left and before is not None and seen[0] > left[0] + 1e-3:
            yield before
            left.pop(0)
        if not left:
            return
        before = seen
    if before is not None and left:
        yield before


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PreviewFailed(f"its frames are too large ({width}x{height})")


def _image(frame: VideoFrame) -> Image.Image:
    scale = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    size = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    image: Image.Image = frame.to_image(width=size[0], height=size[1])  # type: ignore[no-untyped-call]
    return image
