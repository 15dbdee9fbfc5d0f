"""A walk over the boxes of an MP4 that trusts no declared size and reads no more than it is asked for."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from wanx_mcp.limits.videos import MOST_BOXES

TOP = frozenset(
    b"ftyp styp moov mdat moof mfra sidx ssix free skip wide uuid meta pdin udta prft emsg pnot junk".split()
)
"""The kinds that stand at the top level of a file."""


class BrokenError(Exception):
    """The file is no whole MP4; the words say what is wrong."""


class Box(NamedTuple):
    """One box: its kind, and the offsets in bytes where its content begins and ends."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Of the content, in bytes."""
        return self.end - self.start


class Boxes:
    """The boxes of one open file. Raises BrokenError when there are too many of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BOXES
        self.length = file.seek(0, 2)

    def top(self) -> list[Box]:
        """The boxes of the top level. Raises BrokenError if the file is cut short or is no MP4.

        Bytes behind the last box are left out: every player skips them.
        """
        found: list[Box] = []
        start = 0
        while (box := self._at(start, self.length)) is not None:
            if box.end < box.start or box.end > self.length:
                if box.kind in TOP and box.end > self.length:
                    raise BrokenError("it is an MP4 that ends too early")
                break
            found.append(box)
            start = box.end
        if not found or found[0].kind not in TOP:
            raise BrokenError("it is no MP4")
        return found

    def inside(self, box: Box, skip: int = 0) -> Iterator[Box]:
        """The boxes in `box` behind its first `skip` bytes, as far as they make sense."""
        start = box.start + skip
        while (found := self._at(start, box.end)) is not None and found.start <= found.end <= box.end:
            yield found
            start = found.end

    def content(self, box: Box, most: int) -> bytes:
        """The first `most` bytes of the content."""
        self._file.seek(box.start)
        return self._file.read(min(box.size, most))

    def _at(self, start: int, end: int) -> Box | None:
        """The box that is declared at `start`, which may reach too far; None where none can begin."""
        if end - start < 8:
            return None
        self._left -= 1
        if self._left < 0:
            raise BrokenError(f"it is an MP4 of more than {MOST_BOXES} boxes")
        self._file.seek(start)
        head = self._file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        inner = start + 8
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
            inner += 8
        return Box(kind, inner, end if size == 0 else start + size)
