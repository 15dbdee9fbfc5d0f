"""Frames spread over a clip, as pictures. A process of its own decodes them: see `decoder`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from wanx_mcp.errors import ExtraMissing, PreviewFailed
from wanx_mcp.limits.videos import DECODER_MEMORY_BYTES, DECODER_START_SECONDS, POSTER_SECONDS, STILL_PIXELS
from wanx_mcp.media.decoder.process import Decoder, Question
from wanx_mcp.media.turning import Turn

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture as a player shows it, and when, in seconds from the start."""

    seconds: float
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Clip:
    """What was seen of a clip: its length in seconds, its size in pixels as a player shows it, some of its frames."""

    seconds: float
    width: int
    height: int
    frames: tuple[Frame, ...]


def require_video() -> None:
    """Raises ExtraMissing where clips cannot be decoded."""
    if find_spec("av") is None:
        raise ExtraMissing("clips cannot be decoded here, since PyAV is not installed")


async def watch(
    path: Path,
    count: int,
    within: float,
    *,
    start: float = DECODER_START_SECONDS,
    memory: int = DECODER_MEMORY_BYTES,
    moments: tuple[float, ...] | None = None,
) -> Clip:
    """Up to `count` different frames from the first to the last, or those at `moments` (seconds), decoded for at most
    about `within` seconds.

    The start of the decoder may take `start` seconds more; `memory` are the bytes that it may use. Raises ExtraMissing
    and PreviewFailed.
    """
    return await _seen(Question(path, count, STILL_PIXELS, within, start, memory, moments=moments))


async def first(path: Path) -> Image.Image:
    """The first frame. Raises ExtraMissing and PreviewFailed."""
    clip = await _seen(Question(path, None, STILL_PIXELS, POSTER_SECONDS))
    return clip.frames[0].image


async def _seen(question: Question) -> Clip:
    require_video()
    decoder = Decoder(question)
    try:
        head, pixels = await anyio.to_thread.run_sync(decoder.answer, abandon_on_cancel=True)
    finally:
        decoder.kill()  # a call that was cancelled leaves nothing behind
    try:
        return await anyio.to_thread.run_sync(_clip, head, pixels)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise PreviewFailed("the decoder's answer makes no sense") from error


def _clip(head: dict[str, Any], pixels: list[bytes]) -> Clip:
    from PIL import Image

    turn = None if head["turn"] is None else Turn(head["turn"])
    frames = []
    for (seconds, width, height), content in zip(head["frames"], pixels, strict=True):
        image = Image.frombytes("RGB", (width, height), content)
        frames.append(Frame(_number(seconds), image if turn is None else image.transpose(Image.Transpose(turn))))
    width, height = int(head["width"]), int(head["height"])
    if not frames or width < 1 or height < 1:
        raise ValueError(head)
    return Clip(_number(head["seconds"]), *((height, width) if turn and turn.sideways else (width, height)), (*frames,))


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return float(value)
