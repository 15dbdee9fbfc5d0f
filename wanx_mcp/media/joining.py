"""Joining clips into one film. A process of its own decodes and encodes; this one writes what comes of it to a file."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import anyio.to_thread

from wanx_mcp.errors import ExtraMissing, JoinFailed, PreviewFailed, WanxError
from wanx_mcp.limits.videos import (
    DECODER_START_SECONDS,
    FILM_BYTES,
    FILM_FACTS_BYTES,
    FILM_PIECE_BYTES,
    JOIN_MEMORY_BYTES,
    JOIN_SECONDS,
)
from wanx_mcp.media.decoder.outlet import END, HEAD, PIECE, PROGRESS
from wanx_mcp.media.decoder.process import Decoder, spelled
from wanx_mcp.media.decoder.survey import Cut
from wanx_mcp.media.frames import require_video
from wanx_mcp.media.shelf import Part

__all__ = ["Cut", "Film", "FilmMeter", "Shown", "join"]
_running = threading.BoundedSemaphore(1)
"""One film at a time: it takes all processors."""


@dataclass(slots=True)
class FilmMeter:
    """How many frames of a film are done, for whoever watches it."""

    done: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of one clip: how many frames it has and how many the film shows, whether they were resized, and when
    it begins in the film, in seconds."""

    frames: int
    shown: int
    resized: bool
    begins: float


@dataclass(frozen=True, slots=True)
class Film:
    """A film that was made; seconds, and pixels. `copied`: its pictures are bit for bit those of the clips."""

    clips: tuple[Shown, ...]
    seconds: float
    width: int
    height: int
    has_sound: bool
    copied: bool


class ClipUnfitError(JoinFailed):
    """One clip stands in the way; `clip` is its place, from 0."""

    def __init__(self, clip: int, what: str) -> None:
        super().__init__(what)
        self.clip = clip


@dataclass(frozen=True, slots=True)
class _Wish:
    """The clips of a film, in order, as the decoder's process is asked for it."""

    cuts: Sequence[Cut]
    within: float
    memory: int

    @property
    def seconds(self) -> float:
        return self.within + DECODER_START_SECONDS

    def asked(self) -> dict[str, Any]:
        clips = [[spelled(cut.path), cut.first, cut.end, cut.shortened] for cut in self.cuts]
        return {"clips": clips, "seconds": self.seconds, "memory": self.memory}


async def join(
    cuts: Sequence[Cut], part: Part, meter: FilmMeter, *, within: float = JOIN_SECONDS, memory: int = JOIN_MEMORY_BYTES
) -> Film:
    """The film of those clips, written into `part`, within about so many seconds.

    Raises ExtraMissing, JoinFailed (ClipUnfitError if one clip is the reason), and OSError for the disk.
    """
    require_video()
    joiner = _Joiner(_Wish(cuts, within, memory), part, meter)
    try:
        head, _ = await anyio.to_thread.run_sync(joiner.answer, abandon_on_cancel=True)
        await anyio.to_thread.run_sync(part.seal)
    except PreviewFailed as error:
        raise JoinFailed(error.what) from error
    finally:
        joiner.kill()
    try:
        return _film(head, len(cuts))
    except (TypeError, ValueError, KeyError) as error:
        raise JoinFailed("the encoder's answer makes no sense") from error


class _Joiner(Decoder):
    """One process for one film."""

    def __init__(self, wish: _Wish, part: Part, meter: FilmMeter) -> None:
        super().__init__(wish)
        self._wish, self._part, self._meter = wish, part, meter
        self._disk: OSError | None = None

    def answer(self) -> tuple[dict[str, Any], list[bytes]]:
        """The result. It blocks: call it in a worker. Raises JoinFailed, ExtraMissing and OSError."""
        if not _running.acquire(timeout=self._wish.seconds):
            raise JoinFailed("another film is still being made", advice="make the same call again in a minute")
        try:
            return self._answer()
        except WanxError:
            if self._disk is not None:
                raise self._disk from None
            raise
        finally:
            _running.release()

    def _heard(self, pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        """Write what comes, at the places that it names: nothing that the process says is taken on trust."""
        while True:
            kind, number, length = HEAD.unpack(_exactly(pipe, HEAD.size))
            if kind == PIECE and number + length <= FILM_BYTES and length <= FILM_PIECE_BYTES:
                content = _exactly(pipe, length)
                try:
                    self._part.write_at(number, content)
                except OSError as error:
                    self._disk = error
                    raise
            elif kind == PROGRESS:
                self._meter.done = number
            elif kind == END and length <= FILM_FACTS_BYTES:
                return json.loads(_exactly(pipe, length)), []
            else:
                raise ValueError(kind)

    def _told(self, error: str, words: str, head: Mapping[str, Any] | None = None) -> WanxError:
        if head and isinstance(clip := head.get("clip"), int) and 0 <= clip < len(self._wish.cuts):
            return ClipUnfitError(clip, words)
        if error == "missing":
            return ExtraMissing(f"clips cannot be joined here, since {words or 'PyAV'} cannot be loaded")
        if error == "memory":
            words = f"they need more than {self._wish.memory // 1024 // 1024} MB of memory"
        return JoinFailed(f"the clips cannot be joined: {words}")


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise ValueError(length)
    return content


def _film(head: dict[str, Any], count: int) -> Film:
    clips = tuple(
        Shown(int(one["frames"]), int(one["shown"]), bool(one["resized"]), float(one["begins"]))
        for one in head["clips"]
    )
    if len(clips) != count:
        raise ValueError(count)
    sides = int(head["width"]), int(head["height"])
    return Film(clips, float(head["seconds"]), *sides, bool(head["has_sound"]), bool(head["copied"]))
