"""Results of a long job on the decoder's standard output: pieces of a file, progress, and the end.

The process may write no files: whoever started it writes the pieces, within bounds of its own."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

PIECE, PROGRESS, END = b"W", b"P", b"E"
HEAD = struct.Struct(">cQI")
"""Kind, offset of a piece or number of frames, and the length of what follows."""


class Outlet:
    """The file that a muxer writes to. It is sent piece by piece and never kept."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._at = 0
        self._size = 0

    def write(self, content: bytes) -> int:
        """Send a piece for the current place."""
        self._pipe.write(HEAD.pack(PIECE, self._at, len(content)) + content)
        self._at += len(content)
        self._size = max(self._size, self._at)
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for a file."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """As for a file."""
        return self._at

    def progress(self, frames: int) -> None:
        """So many frames are done."""
        self._pipe.write(HEAD.pack(PROGRESS, frames, 0))
        self._pipe.flush()

    def end(self, result: dict[str, Any]) -> None:
        """Nothing follows."""
        encoded = json.dumps(result).encode()
        self._pipe.write(HEAD.pack(END, 0, len(encoded)) + encoded)
        self._pipe.flush()
