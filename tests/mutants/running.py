"""Runs the tests of one mutant after another in a copy of the tree, until one of them fails."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from tests.mutants.cover import Test, environment
from tests.mutants.mutant import Mutant
from tests.mutants.plugin import RUN
from tests.mutants.source import ROOT, path_of

STAGES = (10, 60)
"""Where the tests are split into runs: most mutants are caught by the first few, without loading every test file."""

HANG_SECONDS, HANG_FACTOR = 60.0, 10
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", ".mutants")


class Status(StrEnum):
    """The result for one mutant."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    UNTESTED = "untested"
    """No test runs its line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for `mutant`; `by` is the first line about the failed test, `ran` of `of` tests were run."""

    mutant: Mutant
    status: Status
    by: str = ""
    ran: int = 0
    of: int = 0


COPIED = ("wanx_mcp", "tests", "pyproject.toml", "README.md", "server.json", ".claude-plugin", ".docker", ".github")


class Runner:
    """Runs tests in its own copy of the tree, for one mutant at a time."""

    def __init__(self, folder: Path) -> None:
        self._tree, self._scratch = folder / "tree", folder / "scratch"
        self._round = 0
        self._tree.mkdir(parents=True)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self._tree / name, ignore=_LEFT_OUT)
            else:
                shutil.copy(ROOT / name, self._tree / name)

    def run(self, mutant: Mutant, tests: Sequence[Test], limit: float) -> Outcome:
        """Run up to `limit` seconds of `tests` (0: all) against `mutant`."""
        chosen = affordable(tests, limit)
        if not chosen:
            return Outcome(mutant, Status.UNTESTED)
        path = path_of(mutant.module, self._tree)
        self._write(path, mutant.data)
        try:
            for first, last in pairwise((0, *STAGES, len(chosen))):
                if chosen[first:last] and (failure := self._failure(chosen[first:last])):
                    return Outcome(mutant, Status.CAUGHT, failure)
        finally:
            self._write(path, mutant.source.data)
        return Outcome(mutant, Status.SURVIVED, ran=len(chosen), of=len(tests))

    def _write(self, path: Path, data: bytes) -> None:
        """With a new modification time: Python compares cached bytecode by whole seconds and size."""
        path.write_bytes(data)
        self._round += 1
        os.utime(path, (self._round * 10, self._round * 10))

    def _failure(self, tests: Sequence[Test]) -> str:
        """Why the first of `tests` failed, or nothing. Raises RuntimeError where none could be run."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        listed = self._scratch / "tests.json"
        limits = {test.name: HANG_SECONDS + HANG_FACTOR * test.seconds for test in tests}
        listed.write_text(json.dumps(limits), encoding="utf-8")
        files = dict.fromkeys(test.file for test in tests)
        options = ("-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-p", "tests.mutants.plugin")
        ours = {RUN: str(listed), "TMPDIR": str(self._scratch), "COLUMNS": "200"}
        status, said = _output(
            [sys.executable, "-m", "pytest", *options, *files],
            self._tree,
            environment(self._tree, ours),
            sum(limits.values()),
        )
        if status in (4, 5) and "ImportError" not in said:
            raise RuntimeError(f"no test was run:\n{said[-2000:]}")
        return "" if status == 0 else _reason(said)


def affordable(tests: Sequence[Test], limit: float) -> list[Test]:
    """Those of `tests` that take `limit` seconds together, the first ones if they fit; at least one. 0 is no limit."""
    chosen: list[Test] = []
    spent = 0.0
    for test in tests:
        if not chosen or not limit or spent + test.seconds <= limit:
            spent += test.seconds
            chosen.append(test)
    return chosen


def _output(command: Sequence[str], folder: Path, environ: dict[str, str], seconds: float) -> tuple[int, str]:
    """Exit status and output of a process. After `seconds` it is killed, with everything that it has started."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        said = "Timeout"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, said


def _reason(said: str) -> str:
    lines = said.splitlines()
    if any(line.startswith("Timeout") for line in lines):
        return "a test hangs"
    return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), lines[-1] if lines else "no words")
