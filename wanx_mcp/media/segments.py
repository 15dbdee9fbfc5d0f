"""The parts that JPEG, PNG and WebP files consist of, with bounds on how many are walked."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from wanx_mcp.limits.pictures import MOST_PARTS

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
SCAN = -1
"""Stands for the entropy-coded data behind a SOS segment."""

# Where entropy-coded data of a JPEG ends: at a marker that is neither a stuffed zero nor a restart.
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class CrowdedError(Exception):
    """The file has more parts than any real one."""


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, begin and end of each part of a JPEG's first picture, up to and with its EOI. Raises ValueError,
    IndexError and struct.error where it is malformed."""
    at = 2
    for _ in range(MOST_PARTS):
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == EOI:
            yield EOI, at, at + 2
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if end > len(content):
            raise ValueError("cut short")
        yield marker, at, end
        at = end
        if marker == SOS:
            found = _SCAN_END.search(content, end)
            if found is None:
                raise ValueError("no end")
            at = found.start()
            yield SCAN, end, at
    raise CrowdedError("too many segments")


def png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each chunk of a PNG, up to and with IEND. Raises ValueError and struct.error."""
    at = 8
    for _ in range(MOST_PARTS):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise ValueError("cut short")
        yield name, at, end
        if name == b"IEND":
            return
        at = end
    raise CrowdedError("too many chunks")


def webp_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end (with padding) of each chunk of a WebP. Raises ValueError and struct.error."""
    (size,) = struct.unpack_from("<I", content, 4)
    limit, at = size + 8, 12
    if limit > len(content):
        raise ValueError("cut short")
    for _ in range(MOST_PARTS):
        if at + 8 > limit:
            return
        name, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > limit:
            raise ValueError("cut short")
        end = at + 8 + length + length % 2
        yield name, at, end
        at = end
    raise CrowdedError("too many chunks")
