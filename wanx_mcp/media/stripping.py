"""Metadata off, pixels untouched: EXIF, GPS, XMP, profiles, texts and comments are cut out of JPEG, PNG and WebP."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Mapping

from wanx_mcp.media.formats import JPEG, PNG, WEBP, Kind

# Where entropy-coded data of a JPEG ends: at a marker that is neither a stuffed zero nor a restart.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)}) - {0xC8}
_ADOBE = 0xEE
"""APP14 says how the colours are coded, so it stays."""

_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sBIT", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"IDAT", b"IEND"})
_WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_FLAGS = 0x20 | 0x08 | 0x04
"""Profile, EXIF, XMP in the flags of a VP8X chunk."""


def stripped(content: bytes, kind: Kind) -> bytes | None:
    """`content` without anything that is no pixel; the very same bytes if there is nothing. None if it is malformed."""
    try:
        return _STRIPPERS[kind](content)
    except (IndexError, ValueError, struct.error):
        return None


def _jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while True:
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xD9:
            return b"".join([*kept, b"\xff\xd9"])
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if end > len(content):
            raise ValueError("cut short")
        segment = content[at + 4 : end]
        if marker == 0xE0 and segment.startswith(b"JFIF\0"):
            kept.append(b"\xff\xe0\x00\x10" + segment[:12] + b"\0\0")  # without its thumbnail
        elif marker in _JPEG_KEPT or (marker == _ADOBE and segment.startswith(b"Adobe")):
            kept.append(content[at:end] if marker != _ADOBE else b"\xff\xee\x00\x0e" + segment[:12])
        at = end
        if marker == 0xDA:
            found = _SCAN_END.search(content, end)
            if found is None:
                raise ValueError("no end")
            at = found.start()
            kept.append(content[end:at])


def _png(content: bytes) -> bytes:
    kept, at = [content[:8]], 8
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError("cut short")
        if name in _PNG_KEPT:
            (check,) = struct.unpack_from(">I", content, end - 4)
            if check != zlib.crc32(content[at + 4 : end - 4]):
                raise ValueError("damaged")
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


def _webp(content: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", content, 4)
    limit = size + 8
    if limit > len(content):
        raise ValueError("cut short")
    kept, at = [b"WEBP"], 12
    while at + 8 <= limit:
        name, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if at + 8 + length > limit:
            raise ValueError("cut short")
        if name in _WEBP_KEPT:
            chunk = content[at:end]
            if name == b"VP8X":
                chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS]) + chunk[9:]
            kept.append(chunk)
        at = end
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


_STRIPPERS: Mapping[Kind, Callable[[bytes], bytes]] = {JPEG: _jpeg, PNG: _png, WEBP: _webp}
