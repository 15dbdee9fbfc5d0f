"""The client's two pipes, under descriptors that nothing else in the process uses."""

from __future__ import annotations

import os
import select

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

    def has_news(self) -> bool:
        """Whether a read would return at once."""
        try:
            return bool(select.select([self.source], [], [], 0)[0])
        except (OSError, ValueError):  # a descriptor that cannot be asked
            return False

    def write(self, content: bytes | memoryview) -> int:
        """Write all of `content`. Returns its length."""
        left = memoryview(content)
        while left:
            try:
                left = left[os.write(self.sink, left) :]
            except BlockingIOError:  # some hosts make their end of the pipe non-blocking, and this one with it
                select.select([], [self.sink], [])
        return len(content)


def claimed() -> Wire | None:
    """The wire of this process. None if it has none, or if it is a terminal.

    From then on descriptor 0 is empty and 1 is stderr, as under the SDK: neither print nor a child disturbs the wire.
    """
    opened: list[int] = []
    try:
        if os.isatty(0):
            return None
        opened += [os.dup(0)]
        opened += [os.dup(1)]
        opened += [os.open(os.devnull, os.O_RDONLY)]
        opened += [_stderr()]
    except OSError:
        opened += [-1]
    if min(opened) <= 2:  # a standard descriptor is closed: the SDK knows what to do then
        for descriptor in opened:
            if descriptor >= 0:
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
