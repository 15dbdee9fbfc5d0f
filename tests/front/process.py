"""The server as a process whose import of the SDK stops at a gate until the test opens it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SERVER = (sys.executable, "-m", "wanx_mcp")
PATIENCE_SECONDS = 240
_GATE = """
import importlib, os, sys
with open(os.environ["TEST_GATE"]) as gate:  # a FIFO: opens when the test opens its other end
    gate.read()
sys.path.remove(os.path.dirname(os.path.dirname(__file__)))
del sys.modules[__name__]
importlib.import_module(__name__)
"""


class Gated:
    """One server process. What it writes is collected by a thread."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = SERVER,
        *,
        gate: bool = True,
        listening: bool = True,
        **environment: str,
    ) -> None:
        self._gate = folder / "gate"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
        ours = {"WANX_SIMULATE": "1", "WANX_STATE_DIR": str(folder / "state"), "WANX_OUTPUT_DIR": str(folder / "out")}
        if gate:
            os.mkfifo(self._gate)
            stopped = folder / "path" / "anyio"  # the SDK imports it, the front does not
            stopped.mkdir(parents=True)
            (stopped / "__init__.py").write_text(_GATE, encoding="utf-8")
            ours |= {"TEST_GATE": str(self._gate), "PYTHONPATH": str(folder / "path")}
        self._errors = folder / "errors.txt"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=inherited | ours | environment,
                bufsize=0,
            )
        self._lines: list[bytes] = []
        self._news = threading.Condition()
        self._collector = threading.Thread(target=self._collect, daemon=True)
        if listening:
            self.listen()

    def listen(self) -> None:
        """Begin to read what it writes."""
        self._collector.start()

    def __enter__(self) -> Gated:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self._collector.is_alive():
            self._collector.join(PATIENCE_SECONDS)

    def _collect(self) -> None:
        assert self.process.stdout
        with os.fdopen(os.dup(self.process.stdout.fileno()), "rb") as output:
            for line in output:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()

    def send(self, content: bytes) -> None:
        assert self.process.stdin
        left = memoryview(content)
        while left:
            left = left[self.process.stdin.write(left) or 0 :]

    def open_gate(self) -> None:
        """Let the SDK be imported."""
        self._gate.write_text("", encoding="utf-8")

    def answers(self, number: int) -> list[dict[str, Any]]:
        """Everything that has come, which must be at least so many lines."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._lines) >= number, PATIENCE_SECONDS), self.errors
            return [json.loads(line) for line in self._lines]

    def ended(self) -> tuple[int, list[dict[str, Any]]]:
        """Close stdin and wait for the end. Returns the exit code and everything that has come."""
        assert self.process.stdin
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_SECONDS)
        self._collector.join(PATIENCE_SECONDS)
        return code, [json.loads(line) for line in self._lines]

    @property
    def errors(self) -> str:
        """What it wrote on stderr."""
        return self._errors.read_text(encoding="utf-8")
