"""The front: a thread that answers from the record until the main thread has imported the SDK and takes over."""

from __future__ import annotations

import io
import os
import sys
import threading

from wanx_mcp.front.messages import LONGEST_LINE
from wanx_mcp.front.recorded import read_answers
from wanx_mcp.front.session import Session
from wanx_mcp.front.streams import Answers, Sink, Unread
from wanx_mcp.front.wire import Wire, claimed

SWITCH_SECONDS = 0.0002
"""How long an import may go on while a message waits; Python's default is 0.005 s, several times for each message."""

HEAD_START_SECONDS = 0.05
"""The longest that the import waits for the answers to what has arrived by then. Usually it is a millisecond."""


class Front:
    """Answers on `wire` what `session` knows, in a thread. `hand_over` may come at any moment, and loses no byte."""

    def __init__(self, wire: Wire, session: Session) -> None:
        self.failure: OSError | None = None
        """Why an answer could not be written, if one could not."""
        self._wire = wire
        self._session = session
        self._lock = threading.Lock()
        self._over = False
        self._rest = b""
        self._reading = True
        self._arrived: bytes | None = None
        self._caught_up = threading.Event()
        self._ended = threading.Event()
        self._quiet = threading.Event()
        self._quiet.set()
        self._interval = sys.getswitchinterval()

    def start(self) -> None:
        """Begin to answer. Returns when what has already arrived is answered, but soon in any case."""
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=self._run, name="front", daemon=True).start()
        # On a busy machine an import can lose the processor while it holds Python's lock, and the answers with it.
        self._caught_up.wait(HEAD_START_SECONDS)

    def hand_over(self) -> tuple[io.TextIOWrapper, io.TextIOWrapper]:
        """Stop answering, and return the streams on which the SDK reads and writes from here on."""
        with self._lock:
            self._over = True
            kept = b"".join(self._session.replayed) + self._rest
            under_way = self._last_read if self._reading else self._no_read
        sys.setswitchinterval(self._interval)
        unread = io.BufferedReader(Unread(self._wire, kept, under_way))
        written = Answers(Sink(self._wire, self._quiet.wait), self._session.private)
        return io.TextIOWrapper(unread, encoding="utf-8", errors="replace"), written

    def _last_read(self) -> bytes | None:
        # A thread cannot be called back from a read that waits. What it brings is the first that the SDK reads.
        self._ended.wait()
        return self._arrived

    def _no_read(self) -> bytes | None:
        return self._arrived

    def _run(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._caught_up.set()
            self._ended.set()

    def _step(self) -> bool:
        """Read once and answer. False if that was the last time."""
        if not self._caught_up.is_set() and not self._wire.has_news():
            self._caught_up.set()
        try:
            chunk = self._wire.read()
        except OSError:
            chunk = None  # the SDK will try the same, and report it
        with self._lock:
            self._reading = False
            if self._over or not chunk:
                self._arrived = chunk
                return False
            answers, goes_on = self._take(chunk)
            self._quiet.clear()
        self._write(answers)
        with self._lock:
            self._quiet.set()
            self._reading = goes_on and not self._over and self.failure is None
            return self._reading

    def _take(self, chunk: bytes) -> tuple[bytes, bool]:
        """The answers to the lines that are complete now, and whether to read on."""
        self._rest += chunk
        answers: list[bytes] = []
        while end := self._rest.find(b"\n") + 1:
            answer = self._session.take(self._rest[:end])
            if answer is None:
                return b"".join(answers), False
            answers.append(answer)
            self._rest = self._rest[end:]
        return b"".join(answers), len(self._rest) <= LONGEST_LINE

    def _write(self, answers: bytes) -> None:
        try:
            self._wire.write(answers)
        except OSError as failure:
            self.failure = failure


def start() -> Front | None:
    """Begin to answer on this process's stdin and stdout. None if the SDK has to do it from the beginning."""
    # On Windows a pipe that one thread reads can block whatever another thread asks of it. That is not tried out.
    if sys.platform == "win32":
        return None
    answers = read_answers(sys.path, os.environ)
    wire = claimed() if answers else None
    if answers is None or wire is None:
        return None
    front = Front(wire, Session(answers))
    front.start()
    return front
