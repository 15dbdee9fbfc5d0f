"""The poster: the first frame of a saved video as a small JPEG, for a player that has not loaded it yet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from wanx_mcp.limits.videos import POSTER_BYTES, POSTER_PIXELS

if TYPE_CHECKING:
    from PIL import Image

MIME = "image/jpeg"
QUALITIES = (78, 66, 52, 38, 24)


def draw(image: Image.Image) -> bytes:
    """The poster that shows `image`, at most 480 pixels long and, where a JPEG can do that, 24 kB large; call it in a
    worker."""
    image.thumbnail((POSTER_PIXELS, POSTER_PIXELS))
    drawn = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality, optimize=True)
        drawn = file.getvalue()
        if len(drawn) <= POSTER_BYTES:
            break
    return drawn
