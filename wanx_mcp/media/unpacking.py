"""Bodies that come compressed although they were asked for as they are, unpacked piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from wanx_mcp.limits.videos import UNPACKED_BYTES
from wanx_mcp.media.movie import looks_like_mp4

SIGNATURE_BYTES = 12

_GZIP = b"\x1f\x8b"


class PackedError(Exception):
    """The compression is broken, or ends too early."""


class Unpacking:
    """One body from its start. What it is, its first bytes say: a header can be wrong."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._head = b""
        self._decided = False
        self._unpacker: zlib._Decompress | None = None

    @property
    def packed(self) -> bool:
        """Whether the body is compressed, as far as it has come."""
        return self._unpacker is not None

    def plain(self, piece: bytes) -> Iterator[bytes]:
        """The content of the next piece. Raises PackedError."""
        if not self._decided:
            self._head += piece
            if len(self._head) < SIGNATURE_BYTES:
                return
            piece = self._decide()
        yield from self._unpacked(piece)

    def end(self) -> Iterator[bytes]:
        """What is left when the body has ended. Raises PackedError if it lacks something."""
        if not self._decided:
            yield from self._unpacked(self._decide())
        if self._unpacker is None:
            return
        try:
            if rest := self._unpacker.flush():
                yield rest
        except zlib.error as error:
            raise PackedError("the compression of the video is broken") from error
        if not self._unpacker.eof:
            raise PackedError("the compressed video ended too early")

    def _decide(self) -> bytes:
        head, self._head, self._decided = self._head, b"", True
        if head.startswith(_GZIP):
            self._unpacker = zlib.decompressobj(31)
        elif self._encoding == "deflate" and not looks_like_mp4(head):
            wrapped = head[0] & 0x0F == 8 and int.from_bytes(head[:2], "big") % 31 == 0 if len(head) > 1 else False
            self._unpacker = zlib.decompressobj(15 if wrapped else -15)
        return head

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        if self._unpacker is None:
            if piece:
                yield piece
            return
        try:
            while piece and not self._unpacker.eof:
                if found := self._unpacker.decompress(piece, UNPACKED_BYTES):
                    yield found
                piece = self._unpacker.unconsumed_tail
                if self._unpacker.eof and self._unpacker.unused_data.startswith(_GZIP):  # gzip may go on with another
                    piece = self._unpacker.unused_data
                    self._unpacker = zlib.decompressobj(31)
        except zlib.error as error:
            raise PackedError("the compression of the video is broken") from error
