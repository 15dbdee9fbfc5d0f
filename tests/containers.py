"""Odd files that cameras, phones, browsers and editors write: single frames in animations, raw files, other brands."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from PIL import Image

from tests import pictures as p


def webp_of_one_frame(
    frame: bytes, canvas: tuple[int, int], at: tuple[int, int] = (0, 0), *, alpha: bool = False
) -> bytes:
    """A still WebP as the only frame of an animation. `frame` is a plain WebP file."""
    size = p.opened(frame).size
    head = bytes([0x02 | (0x10 if alpha else 0), 0, 0, 0]) + _three(canvas[0] - 1) + _three(canvas[1] - 1)
    place = _three(at[0] // 2) + _three(at[1] // 2) + _three(size[0] - 1) + _three(size[1] - 1)
    parts = [(b"VP8X", head), (b"ANIM", b"\xff\xff\xff\xff\0\0"), (b"ANMF", place + _three(100) + b"\0" + frame[12:])]
    body = b"WEBP" + b"".join(_riff(*part) for part in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def with_flag(webp: bytes, flag: int) -> bytes:
    """An extended WebP with one more flag in its header."""
    assert webp[12:16] == b"VP8X"
    return webp[:20] + bytes([webp[20] | flag]) + webp[21:]


def apng(*, frames: int, hidden: bool = False) -> bytes:
    """An animated PNG of so many frames. `hidden`: its default picture is none of them."""
    still = p.file(p.scene())
    control = struct.pack(">IIIIHHBB", 320, 180, 0, 0, 1, 10, 0, 0)
    acts = p.chunk(b"acTL", struct.pack(">II", frames, 0))
    first = b"" if hidden else p.chunk(b"fcTL", struct.pack(">I", 0) + control)
    rows = zlib.compress((b"\0" + b"\x70" * 960) * 180)
    more = b"".join(
        p.chunk(b"fcTL", struct.pack(">I", 2 * n + 1) + control) + p.chunk(b"fdAT", struct.pack(">I", 2 * n + 2) + rows)
        for n in range(frames - (0 if hidden else 1))
    )
    return still[:33] + acts + first + still[33:-12] + more + still[-12:]


def with_wrong_checksum(png: bytes, name: bytes) -> bytes:
    """A PNG whose chunk of that name does not fit its checksum."""
    begin = png.index(name)
    (length,) = struct.unpack_from(">I", png, begin - 4)
    at = begin + 4 + length
    return png[:at] + bytes([png[at] ^ 1]) + png[at + 1 :]


def with_segment(jpeg: bytes, marker: int, body: bytes, *, length: int | None = None) -> bytes:
    """A JPEG with one more segment at its begin; `length` is a wrong one."""
    size = len(body) + 2 if length is None else length
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", size) + body + jpeg[2:]


def without_jfif(jpeg: bytes) -> bytes:
    assert jpeg[2:4] == b"\xff\xe0"
    (length,) = struct.unpack_from(">H", jpeg, 4)
    return jpeg[:2] + jpeg[4 + length :]


def with_junk_before_tables(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xdb")
    return jpeg[:at] + b"\0\x12\0" + jpeg[at:]


def claiming(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """A JPEG whose header says that it is larger than its pixels are."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: at + 5] + struct.pack(">HH", size[1], size[0]) + jpeg[at + 9 :]


def with_text(png: bytes) -> bytes:
    return png[:33] + p.chunk(b"tEXt", b"Comment\0" + p.LEAK.encode()) + png[33:]


def icon(png: bytes) -> bytes:
    """An icon that says it holds one picture of 256x256."""
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 22) + png


def of_many_scans(size: tuple[int, int], scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: small to send, long to decode."""
    whole = p.file(Image.new("L", size, 90), "JPEG", progressive=True, quality=30)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * scans + whole[-2:]


def under_brand(avif: bytes, major: bytes, *others: bytes) -> bytes:
    """An AVIF with another major brand, and if given, with other compatible ones in place of its own."""
    (end,) = struct.unpack_from(">I", avif, 0)
    compatible = avif[16:end]
    if others:  # as many as before, since offsets in the file count from its begin
        compatible = (b"".join(others) * len(compatible))[: len(compatible)]
    return avif[:8] + major + avif[12:16] + compatible + avif[end:]


def boxed(major: bytes, *others: bytes) -> bytes:
    """The begin of a file in boxes, and nothing else."""
    body = b"ftyp" + major + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", len(body) + 4) + body + bytes(200)


def tiff(pages: list[Mapping[int, object]], pixels: bytes = bytes(160 * 120 * 3)) -> bytes:
    """A TIFF of any claim. A page maps tags to whole numbers, texts, or lists of pages that hang from it; its one strip
    is `pixels`."""
    made = bytearray(b"II*\0" + bytes(4)) + pixels
    _chain(made, 4, pages, len(pixels))
    return bytes(made)


def thumbnail(**more: object) -> dict[int, object]:
    """The first page of a camera's raw file, 160x120."""
    page: dict[int, object] = {254: 1, 256: 160, 257: 120, 258: 8, 259: 1, 262: 2, 273: 8, 277: 3, 278: 120, 279: 57600}
    return page | {int(tag.lstrip("t")): value for tag, value in more.items()}


def mosaic(size: tuple[int, int] = (6000, 4000), photometric: int = 32803) -> dict[int, object]:
    """What a sensor saw, as it hangs from the thumbnail."""
    return {254: 0, 256: size[0], 257: size[1], 258: 14, 259: 7, 262: photometric, 273: 8, 277: 1, 278: size[1], 279: 9}


def _chain(made: bytearray, pointer: int, pages: list[Mapping[int, object]], length: int) -> None:
    for page in pages:
        struct.pack_into("<I", made, pointer, len(made))
        at = len(made)
        made += struct.pack("<H", len(page)) + bytes(12 * len(page) + 4)
        for number, tag in enumerate(sorted(page)):
            _write(made, at + 2 + 12 * number, tag, page[tag], length)
        pointer = at + 2 + 12 * len(page)


def _write(made: bytearray, entry: int, tag: int, value: object, length: int) -> None:
    match value:
        case int():
            struct.pack_into("<HHII", made, entry, tag, 4, 1, value)
        case str():
            struct.pack_into("<HHII", made, entry, tag, 2, len(value) + 1, len(made))
            made += value.encode() + b"\0"
        case list():
            struct.pack_into("<HHII", made, entry, tag, 4, 1, 0)
            _chain(made, entry + 8, value[:1], length)
        case _:
            raise TypeError(tag)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _riff(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
