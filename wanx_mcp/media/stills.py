"""One frame of a clip as a lossless PNG at full size. A process of its own decodes it: see `decoder`."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio.to_thread

from wanx_mcp.errors import PreviewFailed
from wanx_mcp.limits.videos import SIDE_PIXELS
from wanx_mcp.media.decoder.process import Decoder, Question
from wanx_mcp.media.frames import require_video
from wanx_mcp.media.turning import Turn

SUFFIX = ".png"
SHOWN_MIME = "image/jpeg"
FIRST, LAST = "first", "last"
COMPRESSION = 4
"""Of zlib: higher levels take several times as long and save a few per cent."""


@dataclass(frozen=True, slots=True)
class Still:
    """A frame as a player shows it, as a PNG: its number (from 0) of `frames`, and the seconds from the first one.
    `skipped` counts the black, white or faded frames between it and the end, if the last frame was asked for."""

    content: bytes = field(repr=False)
    number: int
    frames: int
    seconds: float
    skipped: int
    width: int
    height: int


async def take(path: Path, moment: str, within: float) -> Still:
    """The frame at `moment` ("first", "last", seconds as text, or "#" and its number from 0), decoded for at
    most about `within` seconds.

    Raises ExtraMissing, PreviewFailed, and InvalidArguments for a moment behind the end.
    """
    require_video()
    decoder = Decoder(Question(path, None, SIDE_PIXELS, within, moment=moment))
    try:
        head, pixels = await anyio.to_thread.run_sync(decoder.answer, abandon_on_cancel=True)
    finally:
        decoder.kill()  # a call that was cancelled leaves nothing behind
    try:
        return await anyio.to_thread.run_sync(_still, head, pixels)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise PreviewFailed("the decoder's answer makes no sense") from error


def _still(head: dict[str, Any], pixels: list[bytes]) -> Still:
    from PIL import Image

    ((_seconds, width, height),), (content,) = head["frames"], pixels
    image: Image.Image = Image.frombytes("RGB", (width, height), content)
    if head["turn"] is not None:
        image = image.transpose(Image.Transpose(Turn(head["turn"])))
    number, count, skipped = int(head["number"]), int(head["count"]), int(head["skipped"])
    if not 0 <= number < count or not 0 <= skipped < count:
        raise ValueError(head)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=COMPRESSION)
    return Still(file.getvalue(), number, count, float(head["at"]), skipped, image.width, image.height)


def shown(still: Still) -> bytes:
    """The frame as a JPEG that is small enough to be shown by any client, without a label; call it in a worker."""
    from PIL import Image

    from wanx_mcp.media.sheet import encoded

    return encoded(Image.open(io.BytesIO(still.content)).convert("RGB"), b"")
