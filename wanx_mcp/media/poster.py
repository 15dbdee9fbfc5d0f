"""The poster: the first frame of a saved video as a small JPEG, for a player that has not loaded it yet."""

from __future__ import annotations

import io
from pathlib import Path

from wanx_mcp.media.frames import first

MIME = "image/jpeg"
LONGEST_SIDE = 480
MOST_BYTES = 24_000
QUALITIES = (78, 66, 52, 38, 24)


def draw(path: Path) -> bytes:
    """The poster of the video at `path`, at most 480 pixels long; call it in a worker.

    Raises ExtraMissing and PreviewFailed.
    """
    image = first(path)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    drawn = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        drawn = file.getvalue()
        if len(drawn) <= MOST_BYTES:
            break
    return drawn
