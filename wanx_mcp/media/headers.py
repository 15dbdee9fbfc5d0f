"""What the headers of a picture promise: refused before a decoder takes memory or time for it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from wanx_mcp.limits.pictures import MOST_PASSED_PIXELS, PICTURE_MEMORY_BYTES, RUN_LENGTH_BYTES
from wanx_mcp.media import tiffs
from wanx_mcp.media.formats import BMP, ICO, JPEG, PNG, TIFF, WEBP, Kind, Unfit
from wanx_mcp.media.segments import EOI, SOS, CrowdedError, jpeg_segments, png_chunks
from wanx_mcp.quoting import one

COEFFICIENT_BYTES = 2
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def check_headers(content: bytes, kind: Kind) -> None:
    """Refuse what would take too much memory or time, by its headers alone. Raises Unfit."""
    try:
        if check := _CHECKS.get(kind):
            check(content)
    except Unfit:
        raise
    except CrowdedError:
        raise _crowded(kind) from None
    except (IndexError, ValueError, struct.error):
        return  # malformed somewhere: decoders are more tolerant than these walks, and have the last word


def check_pixels(size: tuple[int, int], kind: Kind) -> None:
    """Refuse a picture whose pixels would take too much memory. Raises Unfit."""
    pixels = size[0] * size[1]
    if pixels > kind.most_pixels:
        most = f"at most {kind.most_pixels // 1_000_000} are read from {one(kind.name)} picture"
        raise Unfit(f"is {size[0]}x{size[1]}, which is {pixels / 1e6:.0f} million pixels; {most}")


@dataclass(frozen=True, slots=True)
class Scans:
    """How a JPEG is coded. `whole`: a decoder has to keep the coefficients of the whole picture."""

    count: int
    whole: bool
    usual: bool
    ended: bool

    def check(self, size: tuple[int, int], components: int) -> None:
        """Refuse what would take too long or too much memory. Raises Unfit."""
        pixels = size[0] * size[1]
        if self.whole and COEFFICIENT_BYTES * components * pixels > PICTURE_MEMORY_BYTES:
            raise Unfit(f"is a progressive JPEG picture of {size[0]}x{size[1]}, which would take too much memory here")
        if self.count * pixels > MOST_PASSED_PIXELS:
            raise Unfit(f"is a JPEG picture of {self.count} scans, which would take too long to read here")


def scans_of(content: bytes) -> Scans:
    """How a JPEG is coded; the careful guess where it is malformed. Raises Unfit for one of too many parts."""
    try:
        for ended, whole in ((True, content), (False, content + bytes((0xFF, EOI)))):
            with suppress(IndexError, ValueError, struct.error):
                return _walked(whole, ended=ended)
    except CrowdedError:
        raise _crowded(JPEG) from None
    ended = content.rfind(bytes((0xFF, EOI))) > content.rfind(bytes((0xFF, SOS)))
    return Scans(content.count(bytes((0xFF, SOS))), whole=True, usual=False, ended=ended)


def _walked(content: bytes, *, ended: bool) -> Scans:
    frame, components, first, count = 0, 0, 0, 0
    for marker, begin, _end in jpeg_segments(content):
        if marker in _FRAMES and not frame:
            frame, components = marker, content[begin + 9]
        elif marker == SOS:
            first, count = first or content[begin + 4], count + 1
    return Scans(count, count > 1 or first < components, frame in _HUFFMAN, ended)


def _crowded(kind: Kind) -> Unfit:
    return Unfit(f"is {one(kind.name)} picture of so many parts that it is not read")


def _check_webp(content: bytes) -> None:
    check_pixels(_webp_canvas(content), WEBP)  # Pillow takes memory for the canvas before it tells its size


def _check_png(content: bytes) -> None:
    for _chunk in png_chunks(content):
        pass


def _check_bmp(content: bytes) -> None:
    if content[30:31] in (b"\1", b"\2") and len(content) > RUN_LENGTH_BYTES:
        raise Unfit("is a run-length coded BMP that is too large to be read here")


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


def _check_icon(content: bytes) -> None:
    """The directory of an icon has a byte for each side; what lies behind it can be larger."""
    (count,) = struct.unpack_from("<H", content, 4)
    for number in range(count):
        (at,) = struct.unpack_from("<I", content, 6 + 16 * number + 12)
        if content[at : at + 4] == b"\x89PNG":
            width, height = struct.unpack_from(">II", content, at + 16)
        else:
            width, height = struct.unpack_from("<II", content, at + 4)
        check_pixels((width, height // 2 if content[at : at + 4] != b"\x89PNG" else height), ICO)


_CHECKS: Mapping[Kind, Callable[[bytes], None]] = {
    WEBP: _check_webp,
    PNG: _check_png,
    TIFF: tiffs.check_tiff,
    ICO: _check_icon,
    BMP: _check_bmp,
}
