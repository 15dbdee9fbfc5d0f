"""The standard streams of a process that a host has started: none is missing, and stderr can neither block nor fail."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from wanx_mcp.limits import LOG_END_SECONDS, LOG_WAITING_BYTES

_PIECE = 64 * 1024
_LOST = b"\nwanx-mcp: %d bytes of the log were lost here: nobody read them in time\n"


def open_missing() -> None:
    """Open the null device for each standard stream that this process was started without."""
    # Otherwise print(file=sys.stderr) writes to stdout, and the next file that is opened becomes the descriptor 2, to
    # which libraries in C write.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # becomes the lowest free one, which is `descriptor`
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  # for the life of the process
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


class LogPipe:
    """Stands between this process and its stderr, which the host may never read, or close at any time.

    Whatever is written to stderr, by libraries in C too, goes through a pipe of our own. One thread empties it at once;
    another writes to the host and may wait as long as it likes. What would be too much in between is dropped.
    """

    # Non-blocking writes are no alternative: the flag would be shared with every process that has the same stderr.

    def __init__(self, descriptor: int) -> None:
        self._host = descriptor
        self._pieces = deque[bytes]()
        self._waiting = self._lost = 0
        self._ended = self._broken = False
        self._changed = threading.Condition()
        self._source, sink = os.pipe()
        os.dup2(sink, 2)
        os.close(sink)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._empty, self._forward)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Let what was written reach the host, for a moment; what is written afterwards is dropped."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        with suppress(OSError):
            null = os.open(os.devnull, os.O_WRONLY)
            # Closes our end, so that the other thread sees the end unless a child holds the pipe. Descriptor 1 may lead
            # there too: stray prints are kept off the wire.
            for descriptor in [other for other in (1, 2) if other == 2 or os.path.sameopenfile(other, 2)]:
                os.dup2(null, descriptor)
            os.close(null)
        self._threads[1].join(LOG_END_SECONDS)

    def _empty(self) -> None:
        """Take everything out of the pipe as it comes."""
        piece = b"-"
        while piece:
            try:
                piece = os.read(self._source, _PIECE)
            except OSError:
                piece = b""
            with self._changed:
                self._take(piece)
                self._changed.notify()

    def _take(self, piece: bytes) -> None:
        if not piece:
            self._ended = True
        elif self._broken or self._lost or self._waiting + len(piece) > LOG_WAITING_BYTES:
            self._lost += len(piece)  # everything up to the notice of the gap, which stands where the lines are missing
        else:
            self._pieces.append(piece)
            self._waiting += len(piece)

    def _forward(self) -> None:
        """Write to the host, until it has closed its end."""
        while piece := self._next():
            try:
                while piece:
                    piece = piece[os.write(self._host, piece) :]
            except OSError:
                with self._changed:
                    self._broken = True
                    self._pieces.clear()
                return

    def _next(self) -> bytes:
        """The next piece, or a word about lost ones where they are missing; nothing at the end."""
        with self._changed:
            while not (self._pieces or self._lost or self._ended):
                self._changed.wait()
            if self._pieces:
                piece = self._pieces.popleft()
                self._waiting -= len(piece)
                return piece
            lost, self._lost = self._lost, 0
            return _LOST % lost if lost else b""


def guard_stderr() -> Callable[[], None]:
    """Put a LogPipe in front of stderr, where that is possible and needed. Returns what to call at the end."""
    try:
        if sys.stderr.fileno() != 2:  # there is none, and what is open there is not the host's
            return _nothing
        if os.name == "nt" and os.isatty(2):  # a console has an encoding of its own, and is read
            return _nothing
        pipe = LogPipe(os.dup(2))
    except (OSError, ValueError, RuntimeError):  # no descriptor, or no more of them or of threads
        return _nothing
    stream = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = sys.__stderr__ = stream  # type: ignore[misc]
    atexit.register(pipe.end)  # for the traceback of an error that ends the process
    return pipe.end


def _nothing() -> None: ...
