"""One picture, checked in bounded memory and made fit to send: upright, still, small enough, without metadata."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING

from wanx_mcp.media.formats import JPEG, PNG, WEBP, Kind, Unfit, kind_of, stranger
from wanx_mcp.media.mending import encoded, foreign_profile, has_clear_parts, in_srgb, is_deep, on_white, scaled
from wanx_mcp.media.stripping import stripped
from wanx_mcp.quoting import one

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 10 * 1024 * 1024
"""The provider's limit for an uploaded picture, kept to for inline ones too [contract 7.5]."""

SHORTEST_SIDE, LONGEST_SIDE = 64, 8000
MAX_SIDE = 1920
"""Longer pictures are scaled down: the videos are 480p and 720p."""

_PLAIN = frozenset({"L", "RGB", "RGBA", "LA", "P", "PA", "1", "RGBX"})
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent. `notes` are participles that say what was mended."""

    content: bytes = field(repr=False)
    kind: Kind
    size: tuple[int, int]
    notes: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def checked(content: bytes, claimed: Kind | None = None) -> Picture:
    """`content` fit to send. `claimed` is the kind that somebody said it is. Raises Unfit."""
    from PIL import Image

    kind = kind_of(content)
    if kind is None:
        raise Unfit(f"is {stranger(content)}")
    if kind is WEBP:
        _check_size(_webp_canvas(content))  # Pillow takes memory for the canvas before it tells its size
    try:
        with Image.open(BytesIO(content), formats=[kind.name]) as opened:
            _check_size(opened.size)
            _check_still(opened, kind)
            return _mended(content, kind, opened, claimed)
    except Unfit:
        raise
    except Image.DecompressionBombError:
        raise Unfit(f"has a side of more than {LONGEST_SIDE} pixels") from None
    except (KeyError, ImportError):
        raise Unfit(f"is {one(kind.name)} picture, which cannot be read here") from None
    except Exception:  # decoders meet hostile bytes in ways that nobody has listed
        raise Unfit(f"is a damaged or truncated {kind.name} picture") from None


def _mended(content: bytes, kind: Kind, image: Image, claimed: Kind | None) -> Picture:
    from PIL import ImageOps

    original, several, profile = image.size, image.format == "MPO", image.info.get("icc_profile")
    turned = image.getexif().get(_ORIENTATION, 1) != 1
    target = _target(original)
    if target != original:
        image.draft(None, target)  # a large JPEG is decoded no larger than needed
    mode, deep = image.mode, is_deep(content, kind)
    image.load()
    turned = turned or image.getexif().get(_ORIENTATION, 1) != 1  # a PNG may tell it after the pixels
    if target != original:
        image = scaled(image, target)
    notes = [f"recognised as {kind.name}"] if claimed not in (None, kind) else []
    bare = stripped(content, kind) if kind.sent else None
    steps = {
        "turned upright": turned,
        f"scaled down from {_words(original)}": target != original,
        f"converted from {kind.name}": not kind.sent,
        "reduced to its first picture": several,
        "brought to 8-bit RGB": mode not in _PLAIN or deep,
        "brought to sRGB": foreign_profile(image, profile),
        "laid on white where it was transparent": has_clear_parts(image),
        "compressed": target == original and bare is not None and len(bare) > MAX_BYTES,
    }
    notes += [words for words, wanted in steps.items() if wanted]
    if bare is None or any(steps.values()):
        ImageOps.exif_transpose(image, in_place=True)
        flat = on_white(in_srgb(image, profile) if steps["brought to sRGB"] else image)
        into = JPEG if kind.lossy else PNG
        made = encoded(flat, into)
        if len(made) > MAX_BYTES:
            into = JPEG
            made = encoded(flat, into)
        if bare is not None and bare != content:
            notes.append("freed of metadata")
        return Picture(made, into, flat.size, tuple(notes))
    if bare != content:
        notes.append("freed of metadata")
    return Picture(bare, kind, original, tuple(notes))


def _check_size(size: tuple[int, int]) -> None:
    if max(size) > LONGEST_SIDE:
        raise Unfit(f"is {_words(size)}; no side may have more than {LONGEST_SIDE} pixels")
    if min(size) < SHORTEST_SIDE:
        raise Unfit(f"is {_words(size)}; each side needs at least {SHORTEST_SIDE} pixels")
    if min(_target(size)) < SHORTEST_SIDE:
        raise Unfit(f"is {_words(size)}; scaled to {MAX_SIDE} pixels, less than {SHORTEST_SIDE} are left of a side")


def _check_still(image: Image, kind: Kind) -> None:
    if image.format != "MPO" and kind.name != "TIFF" and getattr(image, "is_animated", False):
        raise Unfit("is animated; a single picture is needed")


def _target(size: tuple[int, int]) -> tuple[int, int]:
    longest = max(size)
    if longest <= MAX_SIDE:
        return size
    width, height = (max(1, round(side * MAX_SIDE / longest)) for side in size)
    return width, height


def _webp_canvas(content: bytes) -> tuple[int, int]:
    """The size in the header of a WebP [RFC 9649]."""
    try:
        match content[12:16]:
            case b"VP8X":
                width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
            case b"VP8L":
                (bits,) = struct.unpack_from("<I", content, 21)
                width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            case _:
                width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    except struct.error:
        raise Unfit("is a damaged or truncated WEBP picture") from None
    return width, height


def _words(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
