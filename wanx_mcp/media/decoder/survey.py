"""The clips of a film before it is made: what each is like, and whether all can be copied as they are coded."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_mcp.media.decoder.decode import opened, rate_of
from wanx_mcp.media.decoder.tables import UnfitError, check
from wanx_mcp.media.turning import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

FINEST = 10_000_000
"""Ticks a second of a film, at most; beyond that times are rounded to COMMON."""

COMMON = 90_000


class ClipError(UnfitError):
    """One clip of several does not fit; `clip` is its place, from 0."""

    def __init__(self, clip: int, words: str) -> None:
        super().__init__(words)
        self.clip = clip


@dataclass(frozen=True, slots=True)
class Cut:
    """Which frames of a clip a film shows: from number `first` (0 is the clip's first) up to and without `end` (None:
    all), and without the clip's last one if `shortened`."""

    path: Path
    first: int = 0
    end: int | None = None
    shortened: bool = False

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.end is None and not self.shortened


@dataclass(frozen=True, slots=True)
class Coding:
    """How the pictures of a clip are coded: clips that are equal in this can follow one another uncoded."""

    codec: str
    extradata: bytes
    width: int
    height: int
    pixels: str
    time_base: Fraction
    aspect: Fraction
    turn: Turn | None
    colours: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What is known of a clip before it is decoded. `copyable`: its packets are complete and in order."""

    coding: Coding
    rate: Fraction
    frames: int
    sound: tuple[int, int] | None
    """Samples a second and channels."""

    copyable: bool


@contextmanager
def clip_opened(cut: Cut, number: int) -> Iterator[tuple[InputContainer, VideoStream, Turn | None]]:
    """The clip, checked. Raises ClipError."""
    try:
        with ExitStack() as stack:
            file = stack.enter_context(cut.path.open("rb"))
            turn = check(file).turn
            film, stream = stack.enter_context(opened(file))
            yield film, stream, turn
    except ClipError:
        raise
    except UnfitError as error:
        raise ClipError(number, str(error)) from error
    except OSError as error:
        if isinstance(error, MemoryError) or error.errno is None:
            raise
        raise ClipError(number, f"it cannot be read ({error.strerror})") from error


def survey(cuts: Sequence[Cut]) -> list[Surveyed]:
    """Each clip, without decoding a frame. Raises ClipError."""
    return [_surveyed(cut, number) for number, cut in enumerate(cuts)]


def _surveyed(cut: Cut, number: int) -> Surveyed:
    with clip_opened(cut, number) as (film, stream, turn):
        context = stream.codec_context
        colours = (context.colorspace, context.color_range, context.color_primaries, context.color_trc)
        coding = Coding(
            context.name,
            bytes(context.extradata or b""),
            context.width,
            context.height,
            context.pix_fmt or "",
            stream.time_base or Fraction(1, COMMON),
            stream.sample_aspect_ratio or Fraction(1),
            turn,
            tuple(int(colour) for colour in colours),  # type: ignore[arg-type]  # there are four
        )
        voice = film.streams.audio[0] if film.streams.audio else None
        frames, copyable = _packets(film, stream)
        rate = stream.average_rate or Fraction(rate_of(stream)).limit_denominator(1001)
        return Surveyed(coding, rate, frames, _sound(voice), copyable)


def _sound(voice: AudioStream | None) -> tuple[int, int] | None:
    if voice is None or voice.codec_context is None or not voice.codec_context.sample_rate:
        return None
    return voice.codec_context.sample_rate, min(2, voice.codec_context.channels)


def _packets(film: InputContainer, stream: VideoStream) -> tuple[int, bool]:
    """How many packets are shown, and whether they can be copied: complete, the first a keyframe at time 0."""
    frames, copyable, before = 0, True, None
    for packet in film.demux(stream):
        if packet.size == 0:
            continue
        bad = packet.is_corrupt or packet.is_discard or packet.pts is None or packet.dts is None or not packet.duration
        late = before is not None and packet.dts is not None and packet.dts <= before
        opening = frames == 0 and (not packet.is_keyframe or packet.pts != 0)
        copyable = copyable and not (bad or late or opening)
        before = packet.dts
        frames += not packet.is_discard
    return frames, copyable


def can_be_copied(cuts: Sequence[Cut], clips: Sequence[Surveyed]) -> bool:
    """Whether nothing is dropped and all pictures are coded alike."""
    alike = all(clip.coding == clips[0].coding and clip.copyable for clip in clips)
    return alike and clips[0].coding.turn is None and all(cut.whole for cut in cuts)


def time_base(clips: Sequence[Surveyed]) -> Fraction:
    """A tick in which every frame of every clip has a time of its own, if one is fine enough."""
    ticks = lcm(*(clip.coding.time_base.denominator for clip in clips))
    return Fraction(1, ticks if ticks <= FINEST else COMMON)
