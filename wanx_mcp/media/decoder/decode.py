"""Frames of a clip, decoded with PyAV within bounds of time and picture size. Runs in the decoder's process only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from wanx_mcp.limits.videos import MOST_DECODER_THREADS, MOST_FRAMES_AT_ONCE, MOST_FRAMES_BETWEEN
from wanx_mcp.media.decoder.tables import UnfitError, check, check_size
from wanx_mcp.media.movie import Movie

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class Raw:
    """One decoded frame: when it is shown, in seconds from the start, and its pixels as RGB, not yet turned."""

    seconds: float
    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The stored width and height, the length in seconds, the facts of the index, and some frames."""

    seconds: float
    width: int
    height: int
    movie: Movie
    frames: tuple[Raw, ...]


def decode(
    path: Path, *, count: int | None, side: int, within: float, moments: Sequence[float] | None = None
) -> Decoded:
    """Up to `count` different frames from the first to the last, or those at `moments`, within about so many seconds;
    None: the first alone.

    They are scaled to fit `side` pixels. Raises UnfitError, MemoryError and ImportError.
    """
    deadline = time.monotonic() + within
    try:
        with path.open("rb") as file:
            movie = check(file)
            with opened(file) as (film, stream):
                length, wanted = _wanted(film, stream, count or 1)
                wanted = [min(moment, wanted[-1]) for moment in moments] if moments else wanted
                chosen = _chosen(film, stream, wanted, deadline) if count else _first(film, stream, deadline)
                frames = tuple(_raw(seconds, frame, side) for seconds, frame in chosen)
                size = stream.codec_context.width, stream.codec_context.height
    except OSError as error:
        raise UnfitError(f"it cannot be read ({error.strerror})") from error
    if not frames:
        late = f" within {within:.0f} s" if time.monotonic() > deadline else ""
        raise UnfitError(f"no frame of it could be decoded{late}")
    return Decoded(length, *size, movie, frames)


@contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The clip in `file`, and its pictures. Raises UnfitError, also for what fails inside."""
    import av

    file.seek(0)
    try:
        # A file object and a fixed format: nothing that the file says makes the decoder open anything else.
        with av.open(file, "r", format="mp4") as film:
            streams = [one for one in film.streams.video if not _is_cover(one)]
            if not streams:
                raise UnfitError("it has sound but no pictures" if film.streams.audio else "it has no pictures")
            stream = streams[0]
            if stream.codec_context is None:
                raise UnfitError("no decoder here knows how it is coded")
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = min(MOST_DECODER_THREADS, os.cpu_count() or 1)
            check_size(stream.codec_context.width, stream.codec_context.height)
            yield film, stream
    except (av.FFmpegError, ValueError, IndexError) as error:
        if isinstance(error, MemoryError):  # FFmpeg's own is both
            raise
        raise UnfitError(f"its content makes no sense to a decoder ({type(error).__name__})") from error


def _is_cover(stream: VideoStream) -> bool:
    """Whether it is the cover of a sound file; the oldest PyAV that is allowed does not tell."""
    import av

    kinds = getattr(av.stream, "Disposition", None)
    return kinds is not None and bool(stream.disposition & kinds.attached_pic)


def _wanted(film: InputContainer, stream: VideoStream, count: int) -> tuple[float, list[float]]:
    """The length, and the moments that are wanted: the first frame, the last one, and evenly between."""
    rate = rate_of(stream)
    if stream.duration and stream.time_base:
        length = float(stream.duration * stream.time_base)
    else:
        length = (film.duration or 0) / 1_000_000 or stream.frames / rate
    last = max(0.0, length - 1 / rate)
    if count == 1:
        return length, [last / 2]
    return length, [last * number / (count - 1) for number in range(count)]


def rate_of(stream: VideoStream) -> float:
    """Frames a second, as far as the clip says."""
    return float(stream.average_rate or 16)


def _first(film: InputContainer, stream: VideoStream, deadline: float) -> Iterator[tuple[float, VideoFrame]]:
    yield from _decoded(film, stream, 1, deadline)


def _chosen(
    film: InputContainer, stream: VideoStream, wanted: list[float], deadline: float
) -> Iterator[tuple[float, VideoFrame]]:
    """The frames at the wanted moments, each once. What is late is left out."""
    expected = stream.frames or wanted[-1] * rate_of(stream)
    runs = [wanted] if expected <= MOST_FRAMES_AT_ONCE else [[moment] for moment in wanted]
    shown = -1.0
    for moments in runs:
        if len(runs) > 1 and stream.time_base:
            film.seek(int((stream.start_time or 0) + moments[0] / stream.time_base), stream=stream)
        most = MOST_FRAMES_BETWEEN if len(runs) > 1 else MOST_FRAMES_AT_ONCE * 2
        for seconds, frame in _nearest(_decoded(film, stream, most, deadline), moments):
            if seconds > shown:
                yield seconds, frame
                shown = seconds


def _decoded(
    film: InputContainer, stream: VideoStream, most: int, deadline: float
) -> Iterator[tuple[float, VideoFrame]]:
    """Up to `most` frames from where the clip stands, each with its moment."""
    origin = float((stream.start_time or 0) * (stream.time_base or 0))
    for number, frame in enumerate(film.decode(stream)):
        check_size(frame.width, frame.height)
        yield (number / rate_of(stream) if frame.time is None else max(0.0, frame.time - origin)), frame
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


def _raw(seconds: float, frame: VideoFrame, side: int) -> Raw:
    """The frame as bytes, each row without what the decoder pads it with."""
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    plane = frame.reformat(width=width, height=height, format="rgb24").planes[0]
    padded, row = memoryview(plane), width * 3
    if plane.line_size == row:
        return Raw(seconds, width, height, bytes(padded[: row * height]))
    rows = (padded[start : start + row] for start in range(0, plane.line_size * height, plane.line_size))
    return Raw(seconds, width, height, b"".join(rows))
