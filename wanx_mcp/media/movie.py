"""What an MP4 says of itself, read from its boxes: whether it is whole, how long it runs, how large its picture is."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wanx_mcp.limits.videos import INDEX_BYTES
from wanx_mcp.media.boxes import TOP, Box, Boxes, BrokenError
from wanx_mcp.media.turning import Matrix, Turn, read_matrix, turn_of

__all__ = ["BrokenError", "Movie", "looks_like_mp4", "movie_in", "read_movie"]

HEADER_BYTES = 200


@dataclass(frozen=True, slots=True)
class Movie:
    """What is known of a clip; None where the file does not say. Width and height are those that a player shows, in
    pixels; `turn` is what it does to the stored picture for that; `sound` is whether it has a sound track."""

    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    turn: Turn | None = None
    sound: bool | None = None


def looks_like_mp4(head: bytes) -> bool:
    """Whether a file that begins with `head` (12 bytes) can be an MP4."""
    size = int.from_bytes(head[:4], "big")
    return head[4:8] in TOP and (size >= 8 or size in (0, 1))


def read_movie(path: Path) -> Movie:
    """The facts of the MP4 at `path`. Raises BrokenError for one that is cut short, OSError."""
    with path.open("rb") as file:
        return movie_in(file)


def movie_in(file: BinaryIO) -> Movie:
    """The facts of the MP4 that is open as `file`. Raises BrokenError for one that is cut short, OSError."""
    boxes = Boxes(file)
    top = boxes.top()
    kinds = {box.kind for box in top}
    if not kinds & {b"mdat", b"moof"}:
        raise BrokenError("it is no MP4")
    index = next((box for box in top if box.kind == b"moov"), None)
    if index is None:
        raise BrokenError("it is an MP4 without its index")
    if index.size > INDEX_BYTES:
        return Movie()
    try:
        return _facts(boxes, index)
    except (struct.error, ZeroDivisionError, OverflowError, BrokenError):  # whole all the same
        return Movie()


def _facts(boxes: Boxes, index: Box) -> Movie:
    seconds, shown, whole, sound = None, None, None, False
    for box in boxes.inside(index):
        if box.kind == b"mvhd":
            header = boxes.content(box, HEADER_BYTES)
            seconds, whole = _seconds(header), read_matrix(header, 48 if header[:1] == b"\x01" else 36)
        elif box.kind == b"trak":
            shown = shown or _picture(boxes, box)
            sound = sound or _is_sound(boxes, box)
    if shown is None:
        return Movie(seconds, sound=sound)
    width, height, matrix = shown
    turn = turn_of(matrix, whole)
    return Movie(seconds, *((height, width) if turn and turn.sideways else (width, height)), turn, sound)


def _picture(boxes: Boxes, track: Box) -> tuple[int, int, Matrix | None] | None:
    """Width, height and matrix of a track that has pictures; a sound track has no size."""
    found = next((box for box in boxes.inside(track) if box.kind == b"tkhd"), None)
    if found is None:
        return None
    header = boxes.content(found, HEADER_BYTES)
    at = 88 if header[:1] == b"\x01" else 76
    width, height = (side >> 16 for side in struct.unpack(">II", header[at : at + 8]))  # 16.16 numbers
    return (width, height, read_matrix(header, at - 36)) if width and height else None


def _is_sound(boxes: Boxes, track: Box) -> bool:
    """Whether the handler of a track is that of sound."""
    media = next((box for box in boxes.inside(track) if box.kind == b"mdia"), None)
    handler = media and next((box for box in boxes.inside(media) if box.kind == b"hdlr"), None)
    return handler is not None and boxes.content(handler, HEADER_BYTES)[8:12] == b"soun"


def _seconds(header: bytes) -> float | None:
    if header[:1] == b"\x01":
        scale, length = struct.unpack(">IQ", header[20:32])
    else:
        scale, length = struct.unpack(">II", header[12:20])
    return round(length / scale, 3) or None
