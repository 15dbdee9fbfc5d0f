"""What an MP4 says of itself, read from its boxes: whether it is whole, how long it runs, how large its picture is."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SIGNATURE = b"ftyp"
"""Bytes 4 to 8 of every MP4."""

MOST_BOXES = 20_000
MOST_INDEX = 64 * 1024 * 1024
Box = tuple[bytes, int, int]
"""Kind, and where the content begins and ends."""


class BrokenError(Exception):
    """The file is no whole MP4; the words say what is wrong."""


@dataclass(frozen=True, slots=True)
class Movie:
    """What is known of a clip; None where the file does not say."""

    seconds: float | None = None
    width: int | None = None
    height: int | None = None


def looks_like_mp4(head: bytes) -> bool:
    """Whether a file that begins with `head` (12 bytes) can be an MP4."""
    return head[4:8] == SIGNATURE


def read_movie(path: Path) -> Movie:
    """The facts of the MP4 at `path`. Raises BrokenError for one that is cut short, OSError."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        boxes = list(_boxes(file, 0, size, whole=True))
        kinds = {kind for kind, _start, _end in boxes}
        if SIGNATURE not in kinds or not kinds & {b"mdat", b"moof"}:
            raise BrokenError("it is no MP4")
        index = next(((start, end) for kind, start, end in boxes if kind == b"moov"), None)
        if index is None:
            raise BrokenError("it is an MP4 without its index")
        if index[1] - index[0] > MOST_INDEX:
            return Movie()
        try:
            return _facts(file, *index)
        except (struct.error, ZeroDivisionError):
            return Movie()


def _boxes(file: BinaryIO, start: int, end: int, *, whole: bool = False) -> Iterator[Box]:
    """The boxes between two offsets. `whole`: one that runs past the end is an error, not just the last."""
    for _ in range(MOST_BOXES):
        if end - start < 8:
            return
        file.seek(start)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        inner = start + 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
            inner += 8
        stop = end if size == 0 else start + size
        if stop < inner or stop > end:
            if whole:
                raise BrokenError("it is an MP4 that ends too early")
            return
        yield kind, inner, stop
        start = stop


def _facts(file: BinaryIO, start: int, end: int) -> Movie:
    seconds, width, height = None, None, None
    for kind, inner, stop in _boxes(file, start, end):
        if kind == b"mvhd":
            seconds = _seconds(_content(file, inner, stop))
        elif kind == b"trak" and width is None:
            found = next((box for box in _boxes(file, inner, stop) if box[0] == b"tkhd"), None)
            size = _size(_content(file, *found[1:])) if found else (0, 0)
            if all(size):  # a sound track has no size
                width, height = size
    return Movie(seconds, width, height)


def _content(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, 200))


def _seconds(header: bytes) -> float | None:
    if header[:1] == b"\x01":
        scale, length = struct.unpack(">IQ", header[20:32])
    else:
        scale, length = struct.unpack(">II", header[12:20])
    return round(length / scale, 3) or None


def _size(header: bytes) -> tuple[int, int]:
    """Width and height, which are 16.16 numbers at the end of a track's header."""
    at = 88 if header[:1] == b"\x01" else 76
    width, height = struct.unpack(">II", header[at : at + 8])
    return width >> 16, height >> 16
