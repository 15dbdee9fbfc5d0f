"""Metadata off, pixels untouched: EXIF, GPS, XMP, profiles, texts and comments are cut out of JPEG, PNG and WebP."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

from wanx_mcp.media.formats import JPEG, PNG, WEBP, Kind
from wanx_mcp.media.segments import EOI, SCAN, CrowdedError, jpeg_segments, png_chunks, webp_chunks

_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0), SCAN, EOI}) - {0xC8}
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
"""APP14 (Adobe) says how the colours are coded, so it stays."""

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sBIT", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"IDAT", b"IEND"})
_WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_FLAGS = 0x20 | 0x08 | 0x04 | 0x02
"""Profile, EXIF, XMP and animation in the flags of a VP8X chunk."""


def stripped(content: bytes, kind: Kind, *, turn: bool = False) -> bytes | None:
    """`content` without anything that is no pixel; the very same bytes if there is nothing. None if it is malformed.

    `turn` keeps the EXIF of a JPEG or PNG, which says where up is. Whether the result shows the same picture is for
    the caller to find out: files exist that keep their pixels where nobody expects them.
    """
    try:
        return _STRIPPERS[kind](content, turn)
    except (IndexError, ValueError, struct.error, CrowdedError):
        return None


def _jpeg(content: bytes, turn: bool) -> bytes:
    kept = [content[:2]]
    for marker, begin, end in jpeg_segments(content):
        body = content[begin + 4 : end]
        if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) >= 14:
            kept.append(b"\xff\xe0\x00\x10" + body[:12] + b"\0\0")  # without its thumbnail
        elif marker == _ADOBE and body.startswith(b"Adobe") and len(body) >= 12:
            kept.append(b"\xff\xee\x00\x0e" + body[:12])
        elif marker in _JPEG_KEPT or (turn and marker == _EXIF and body.startswith(b"Exif\0\0")):
            kept.append(content[begin:end])
    return b"".join(kept)


def _png(content: bytes, turn: bool) -> bytes:
    kept = [content[:8]]
    for name, begin, end in png_chunks(content):
        if name in _PNG_KEPT or (turn and name == b"eXIf"):
            (check,) = struct.unpack_from(">I", content, end - 4)
            if check != zlib.crc32(content[begin + 4 : end - 4]):
                raise ValueError("damaged")
            kept.append(content[begin:end])
    return b"".join(kept)


def _webp(content: bytes, _turn: bool) -> bytes:
    kept = [b"WEBP"]
    for name, begin, end in webp_chunks(content):
        if name in _WEBP_KEPT:
            chunk = content[begin:end].ljust(end - begin, b"\0")  # the last padding byte is sometimes missing
            if name == b"VP8X":
                chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS]) + chunk[9:]
            kept.append(chunk)
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


_STRIPPERS: Mapping[Kind, Callable[[bytes, bool], bytes]] = {JPEG: _jpeg, PNG: _png, WEBP: _webp}
