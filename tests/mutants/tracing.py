"""Line tracing of the package, in this process and in the processes that a test starts."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

TEST, FOLDER, PACKAGE = "MUTANTS_TEST", "MUTANTS_FOLDER", "MUTANTS_PACKAGE"
"""Environment of a child process: the test it belongs to, where its report goes, and whose lines it reports."""

_UNTRACED = "simulator"
"""It renders pictures pixel by pixel, which takes hours when traced, and is not mutated."""

Lines = Mapping[str, int]
"""For each module a number whose bits are its lines."""


class Tracer:
    """Collects the executed lines of all threads from `start` on."""

    def __init__(self, package: Path) -> None:
        self._modules = {str(path): _module(path, package) for path in traced(package)}
        self._lines: dict[str, set[int]] = {file: set() for file in self._modules}
        self._locals = {file: _local(lines) for file, lines in self._lines.items()}

    def start(self) -> None:
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def take(self) -> dict[str, int]:
        """What ran since the last time."""
        taken = {self._modules[file]: _bits(lines) for file, lines in self._lines.items() if lines}
        for lines in self._lines.values():
            lines.clear()
        return taken

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        return self._locals.get(frame.f_code.co_filename)


def traced(package: Path) -> Iterable[Path]:
    """The files whose lines are of interest."""
    return (path for path in package.rglob("*.py") if _UNTRACED not in path.relative_to(package).parts)


def trace_child() -> None:
    """Trace this process until it exits, if a test that is being recorded has started it."""
    if TEST not in os.environ:
        return
    tracer, test = Tracer(Path(os.environ[PACKAGE])), os.environ[TEST]
    report = Path(os.environ[FOLDER]) / f"{os.getpid()}-{os.urandom(4).hex()}.json"
    leave = os._exit

    def write() -> None:
        report.write_text(json.dumps({"test": test, "lines": tracer.take()}), encoding="utf-8")

    def exit_at_once(status: int) -> NoReturn:
        write()
        leave(status)

    atexit.register(write)
    os._exit = exit_at_once
    tracer.start()


def _module(path: Path, package: Path) -> str:
    return path.relative_to(package).with_suffix("").as_posix()


def _local(lines: set[int]) -> Callable[..., Any]:
    def local(frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            lines.add(frame.f_lineno)
        return local

    return local


def _bits(lines: Iterable[int]) -> int:
    return sum(1 << line for line in set(lines))
