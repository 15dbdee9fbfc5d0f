"""The client's two pipes, under descriptors that nothing else in the process uses."""

from __future__ import annotations

import os

CHUNK = 65_536


class Wire:
    """Where messages come from, and where answers go."""

    __slots__ = ("sink", "source")

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink

    def read(self, most: int = CHUNK) -> bytes:
        """The next bytes, none at the end. Waits for them."""
        return os.read(self.source, most)

    def write(self, content: bytes) -> None:
        """Write all of `content`."""
        left = memoryview(content)
        while left:
            try:
                left = left[os.write(self.sink, left) :]
            except BlockingIOError:  # some hosts make their end of the pipe non-blocking, and this one with it
                import select

                select.select([], [self.sink], [])


def claimed() -> Wire | None:
    """The wire of this process. None if it has none, or if it is a terminal.

    From then on descriptor 0 is empty and 1 is stderr, as under the SDK: neither print nor a child disturbs the wire.
    """
    opened: list[int] = []
    try:
        if os.isatty(0):
            return None
        for _ in range(2):
            opened.append(os.dup(len(opened)))
        opened.append(os.open(os.devnull, os.O_RDONLY))
        opened.append(_stderr())
        if min(opened) <= 2:  # a standard descriptor was closed: the SDK knows what to do then
            raise OSError("a standard descriptor is closed")
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        return None
    source, sink, empty, errors = opened
    os.dup2(empty, 0)
    os.dup2(errors, 1)
    os.close(empty)
    os.close(errors)
    return Wire(source, sink)


def _stderr() -> int:
    try:
        return os.dup(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
