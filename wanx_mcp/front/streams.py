"""The client's pipes as text streams for the SDK, which goes on where the front stopped."""

from __future__ import annotations

import io
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from wanx_mcp.front.wire import Wire


class Unread(io.RawIOBase):
    """First `kept`, then what `under_way` returns (None if no read was), then the wire. `ended`: the wire has ended."""

    def __init__(self, wire: Wire, kept: bytes, under_way: Callable[[], bytes | None]) -> None:
        self._wire = wire
        self._kept = kept
        self._under_way: Callable[[], bytes | None] | None = under_way
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        found = self._next(len(room))
        room[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        if not self._kept and self._under_way is not None:
            arrived = self._under_way()
            self._under_way = None
            self._kept = arrived or b""
            self._ended = arrived == b""
        if self._kept:
            found, self._kept = self._kept[:most], self._kept[most:]
            return found
        return b"" if self._ended else self._wire.read(most)


class Sink(io.RawIOBase):
    """Writes to the wire, but not before `free` returns."""

    def __init__(self, wire: Wire, free: Callable[[], object]) -> None:
        self._wire = wire
        self._free = free

    def writable(self) -> bool:
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        self._free()
        return self._wire.write(memoryview(content).cast("B"))


class Answers(io.TextIOWrapper):
    """Drops the answers that the client has had. The SDK writes one line at a time."""

    def __init__(self, sink: Sink, private: str) -> None:
        super().__init__(io.BufferedWriter(sink), encoding="utf-8")
        self._dropped = f'{{"jsonrpc":"2.0","id":"{private}",'

    def write(self, text: str, /) -> int:
        return len(text) if text.startswith(self._dropped) else super().write(text)
