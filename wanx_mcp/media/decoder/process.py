"""Starting the decoder's process, hearing its answer, and ending it when its time is over."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import wanx_mcp
from wanx_mcp.errors import ExtraMissing, InvalidArguments, PreviewFailed, WanxError
from wanx_mcp.limits.videos import DECODER_HEADER_BYTES, DECODER_MEMORY_BYTES, DECODER_START_SECONDS, MOST_DECODERS
from wanx_mcp.media.decoder.limits import EXIT_MEMORY

PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from wanx_mcp.media.decoder.child import main; main()"
# Not -I: it would ignore PYTHONHOME, without which some installations do not start. The environment is made below.
OPTIONS = ("-s", "-S", "-P", "-B", "-c", PROGRAM)
KEPT = (
    *("PYTHONHOME", "PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
)
"""What Python and its libraries need to start. The key stays out of a process that decodes what strangers sent."""

_BEYOND = "name an earlier moment of the clip, or its last frame"
_NO_ANSWER = (OSError, ValueError, TypeError, AttributeError, RecursionError, struct.error)
_BY_TIME = tuple(-getattr(signal, name) for name in ("SIGALRM", "SIGXCPU") if hasattr(signal, name))
_running = threading.BoundedSemaphore(MOST_DECODERS)


@dataclass(frozen=True, slots=True)
class Question:
    """Which clip, how many frames (None: the first alone), the longest side of each in pixels, and the seconds that
    decoding may take; `start` are further seconds, `memory` bytes. `moment` asks for one frame at its full size,
    `moments` for the frames at those seconds."""

    path: Path
    count: int | None
    side: int
    within: float
    start: float = DECODER_START_SECONDS
    memory: int = DECODER_MEMORY_BYTES
    moment: str | None = None
    moments: tuple[float, ...] | None = None

    @property
    def seconds(self) -> float:
        """After which the process is ended."""
        return self.within + self.start

    def asked(self) -> dict[str, Any]:
        """The question as the process reads it."""
        return {
            "path": spelled(self.path),
            "count": self.count,
            "moment": self.moment,
            "moments": self.moments,
            "side": self.side,
            "within": self.within,
            "seconds": self.seconds,
            "memory": self.memory,
        }


class Asked(Protocol):
    """What one process is asked: seconds after which it is ended, and bytes of memory that it may use."""

    @property
    def seconds(self) -> float: ...

    @property
    def memory(self) -> int: ...

    def asked(self) -> dict[str, Any]:
        """The question as the process reads it."""
        ...


class Decoder:
    """One process for one question."""

    def __init__(self, question: Asked) -> None:
        self._question = question
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._over = False
        self._late = False

    def answer(self) -> tuple[dict[str, Any], list[bytes]]:
        """The header and the pixels of each frame. It blocks: call it in a worker.

        Raises PreviewFailed, and ExtraMissing where PyAV cannot be loaded.
        """
        if not _running.acquire(timeout=self._question.seconds):
            raise PreviewFailed("other clips are still being decoded", advice="make the same call again in a minute")
        try:
            return self._answer()
        finally:
            _running.release()

    def kill(self) -> None:
        """End the process, and do not start it any more. Harmless when it has ended."""
        with self._lock:
            self._over = True
            if self._process is not None:
                self._process.kill()

    def _answer(self) -> tuple[dict[str, Any], list[bytes]]:
        process = self._started()
        timer = threading.Timer(self._question.seconds, self._ended)
        timer.daemon = True
        timer.start()
        head: dict[str, Any] | None = None
        frames: list[bytes] = []
        try:
            with suppress(*_NO_ANSWER):
                assert process.stdout is not None  # noqa: S101  # it is a pipe
                head, frames = self._heard(process.stdout)
        finally:
            timer.cancel()
            self.kill()
            _closed(process)
        if head is None:
            raise self._failure(process.returncode)
        if error := head.get("error"):
            raise self._told(str(error), str(head.get("words", ""))[:200], head)
        return head, frames

    def _heard(self, pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        if not isinstance(self._question, Question):
            raise TypeError(self._question)
        return _read(pipe, self._question)

    def _started(self) -> subprocess.Popen[bytes]:
        if not sys.executable or getattr(sys, "frozen", False):
            raise PreviewFailed("this installation has no Python of its own that clips could be decoded with")
        with self._lock:
            if self._over:
                raise PreviewFailed("the call has ended")
            try:
                self._process = subprocess.Popen(  # noqa: S603  # this very Python, with a program of our own
                    [sys.executable, *OPTIONS, *_paths()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=_environment(os.environ),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise PreviewFailed(f"the decoder cannot be started ({error.strerror})") from error
            process = self._process
        with suppress(OSError):  # it has ended already, which its answer tells
            assert process.stdin is not None  # noqa: S101  # it is a pipe, and stays open as long as we live
            process.stdin.write(json.dumps(self._question.asked()).encode() + b"\n")
            process.stdin.flush()
        return process

    def _ended(self) -> None:
        self._late = True
        self.kill()

    def _failure(self, code: int) -> WanxError:
        """What an end without an answer means."""
        if self._late or code in _BY_TIME:
            return PreviewFailed(f"the saved video could not be decoded within {self._question.seconds:.0f} s")
        if code == EXIT_MEMORY:
            return self._told("memory", "")
        return self._told("crash", f"the decoder crashed on it (exit code {code})")

    def _told(self, error: str, words: str, _head: Mapping[str, Any] | None = None) -> WanxError:
        if error == "missing":
            return ExtraMissing(f"clips cannot be decoded here, since {words or 'PyAV'} cannot be loaded")
        if error == "beyond":
            return InvalidArguments(f"the clip ends before that moment: {words}", advice=_BEYOND)
        if error == "memory":
            words = f"it needs more than {self._question.memory // 1024 // 1024} MB of memory"
        return PreviewFailed(f"the saved video cannot be decoded: {words}")


def spelled(path: Path) -> str:
    """A path as it is handed to the process: JSON cannot carry every name."""
    return os.fsencode(path.absolute()).hex()


def _read(pipe: IO[bytes], question: Question) -> tuple[dict[str, Any], list[bytes]]:
    """The answer, as far as it is one: nothing that the process says is taken on trust, its amount least of all."""
    (length,) = struct.unpack(">I", pipe.read(4))
    if length > DECODER_HEADER_BYTES:
        raise ValueError(length)
    head = json.loads(pipe.read(length))
    frames = []
    for _seconds, width, height in head.get("frames", [])[: question.count or 1]:
        if not (0 < width <= question.side + 1 and 0 < height <= question.side + 1):
            raise ValueError(width, height)
        pixels = pipe.read(width * height * 3)
        if len(pixels) < width * height * 3:
            raise ValueError(len(pixels))
        frames.append(pixels)
    return head, frames


def _closed(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
    process.wait()


def _paths() -> list[str]:
    """Where this process finds its modules: the same place for the other one, however this one was installed."""
    found: dict[str, None] = {}
    for place in (*sys.path, os.path.dirname(os.path.dirname(wanx_mcp.__file__))):
        with suppress(OSError):  # "" names the working directory, which may be gone
            found[os.path.abspath(place)] = None
    return list(found)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in ours.items() if name.upper() in KEPT}
    return kept | {"MALLOC_ARENA_MAX": "2"}  # else each thread reserves address space
