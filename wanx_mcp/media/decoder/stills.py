"""One frame of a clip at its full size: the first, the last one that shows anything, or the one at a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_mcp.media.decoder.colours import as_rgb, rgb_bytes
from wanx_mcp.media.decoder.decode import opened, rate_of
from wanx_mcp.media.decoder.tables import UnfitError, check, check_size
from wanx_mcp.media.decoder.tails import SIDE, Light, last_clear, light_of
from wanx_mcp.media.movie import Movie

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FIRST, LAST, NUMBERED = "first", "last", "#"


class BeyondError(UnfitError):
    """The clip ends before the moment that was asked for."""

    kind = "beyond"


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame: its number from 0, when it is shown (seconds from the first frame), how many frames the clip has and how
    long it runs, and the pixels as RGB, not yet turned. `skipped` counts blank or faded frames behind a last one."""

    number: int
    seconds: float
    frames: int
    length: float
    skipped: int
    width: int
    height: int
    movie: Movie
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """One decoded frame, its number, and its moment from the first frame."""

    number: int
    moment: Fraction
    frame: VideoFrame


@dataclass(slots=True)
class _Walk:
    """What one pass over the clip has found."""

    chosen: Shown | None = None
    last: Shown | None = None
    before: Fraction = Fraction(0)
    """The moment of the frame before the last."""

    lights: list[Light] | None = None


def take(path: Path, moment: str, *, within: float) -> Taken:
    """The frame at `moment`: "first", "last", seconds as text, or "#" and its number from 0.

    Raises UnfitError, MemoryError and ImportError.
    """
    deadline = time.monotonic() + within
    try:
        with path.open("rb") as file:
            movie = check(file)
            with opened(file) as (film, stream):
                walk = _walked(film, stream, moment, deadline)
            if walk.last is None:
                raise UnfitError("no frame of it could be decoded")
            chosen, skipped = walk.chosen or walk.last, 0
            if walk.lights is not None and (number := last_clear(walk.lights)) != walk.last.number:
                skipped = walk.last.number - number
                with opened(file) as (film, stream):
                    chosen = next(shown for shown in _shown(film, stream, deadline) if shown.number == number)
            return _taken(chosen, walk, skipped, moment, movie)
    except OSError as error:
        raise UnfitError(f"it cannot be read ({error.strerror})") from error


def _taken(chosen: Shown, walk: _Walk, skipped: int, moment: str, movie: Movie) -> Taken:
    last = walk.last or chosen
    step = last.moment - walk.before or Fraction(1, 16)
    length = last.moment + step
    if moment[0].isdigit() and Fraction(moment) >= length:
        raise BeyondError(f"it is {float(length):.2f} s long and has no frame at {moment} s")
    frame = as_rgb(chosen.frame)
    return Taken(
        chosen.number,
        float(chosen.moment),
        last.number + 1,
        float(length),
        skipped,
        frame.width,
        frame.height,
        movie,
        rgb_bytes(frame),
    )


def _walked(film: InputContainer, stream: VideoStream, moment: str, deadline: float) -> _Walk:
    """One pass over all frames, from the first: seeking would have to trust the clip's index."""
    walk = _Walk(lights=[] if moment == LAST else None)
    wanted = _wanted(moment)
    for shown in _shown(film, stream, deadline):
        if walk.lights is not None:
            small = as_rgb(shown.frame, SIDE, SIDE // 2)
            walk.lights.append(light_of(rgb_bytes(small)))
        elif wanted(shown):
            walk.chosen = shown
        walk.before = walk.last.moment if walk.last else Fraction(0)
        walk.last = shown
    return walk


def _wanted(moment: str) -> Callable[[Shown], bool]:
    """Whether a frame is the wanted one, as far as those before it tell."""
    if moment == FIRST:
        return lambda shown: shown.number == 0
    if moment == LAST:
        return lambda _shown: False
    if moment.startswith(NUMBERED):
        return lambda shown: shown.number <= int(moment.removeprefix(NUMBERED))
    until = Fraction(moment)
    digits = len(moment.partition(".")[2])
    # A moment that was read from a contact sheet is rounded to two digits. It means the frame that it stands under.
    return lambda shown: shown.moment <= until or (digits >= 2 and f"{float(shown.moment):.{digits}f}" == moment)


def _decoded(film: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """All frames. Raises UnfitError where some are missing: those behind them would have wrong numbers."""
    packets = frames = 0
    for packet in film.demux(stream):
        packets += packet.size > 0 and not packet.is_discard
        for frame in packet.decode():
            frames += 1
            yield frame
    if frames < packets:
        raise UnfitError(f"{packets - frames} of its {packets} frames cannot be decoded")


def _shown(film: InputContainer, stream: VideoStream, deadline: float) -> Iterator[Shown]:
    """All frames in the order in which they are shown. Raises UnfitError for a damaged one, and late."""
    origin: Fraction | None = None
    stream.codec_context.options = {"err_detect": "explode"}  # else a damaged frame is patched up from others
    for number, frame in enumerate(_decoded(film, stream)):
        check_size(frame.width, frame.height)
        if frame.is_corrupt:
            raise UnfitError(f"its frame {number + 1} is damaged")
        if time.monotonic() > deadline:
            raise UnfitError("not all of its frames could be decoded in time")
        if frame.pts is None or not frame.time_base:
            at = Fraction(number) / Fraction(rate_of(stream)).limit_denominator(1001)
        else:
            at = frame.pts * frame.time_base
        origin = at if origin is None else origin
        yield Shown(number, at - origin, frame)
