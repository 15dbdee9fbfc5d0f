"""The pipes to the host: frames with either line end, pipes that the other side closes, and no traceback for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest

from tests.process import SERVER

SECONDS = 120
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a host", "version": "1"}}


def environment(folder: Path) -> dict[str, str]:
    left = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    places = {"WANX_STATE_DIR": str(folder / "state"), "WANX_OUTPUT_DIR": str(folder / "videos")}
    return {**left, **places, "WANX_SIMULATE": "1"}


class Host:
    """A host that speaks to a server process in bytes."""

    def __init__(self, process: subprocess.Popen[bytes], line_end: bytes) -> None:
        self.process = process
        self._line_end = line_end
        self._ids = iter(range(1, 1000))

    @property
    def reading(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def send(self, method: str, **params: Any) -> None:
        notified = method.startswith("notifications/")
        frame = {"jsonrpc": "2.0", **({} if notified else {"id": next(self._ids)}), "method": method, "params": params}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(frame).encode() + self._line_end)
        self.process.stdin.flush()

    def end(self) -> str:
        """What the server has said on stderr when it has ended."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        with suppress(OSError):
            self.process.stdin.close()
        self.process.wait(SECONDS)
        return self.process.stderr.read().decode()


@contextmanager
def hosting(folder: Path, line_end: bytes = b"\n") -> Iterator[Host]:
    pipe = subprocess.PIPE
    with subprocess.Popen(SERVER, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(folder)) as process:
        try:
            yield Host(process, line_end)
        finally:
            process.kill()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["line feeds", "as Windows ends lines"])
def test_frames_with_either_line_end_are_read_and_ours_end_in_a_line_feed(tmp_path: Path, line_end: bytes) -> None:
    with hosting(tmp_path, line_end) as host:
        host.send("initialize", **HELLO)
        first = host.reading.readline()
        host.send("notifications/initialized")
        host.send("tools/list")
        second = host.reading.readline()
        assert host.end() == ""
    assert [json.loads(line)["id"] for line in (first, second)] == [1, 2]
    assert "result" in json.loads(second)
    assert all(line.endswith(b"}\n") for line in (first, second))


def test_a_host_that_closes_our_output_is_an_end_without_a_traceback(tmp_path: Path) -> None:
    with hosting(tmp_path) as host:
        host.send("initialize", **HELLO)
        host.reading.readline()
        host.reading.close()
        with suppress(OSError):  # the server may have ended by then
            host.send("notifications/initialized")
            host.send("tools/list")
        assert host.end() == ""
        assert host.process.returncode == 0


@pytest.mark.parametrize("words", [["--help"], ["config", "codex"], ["ledger"], ["doctor"], ["config", "vscode"]])
def test_a_command_whose_reader_has_gone_ends_without_a_traceback(tmp_path: Path, words: list[str]) -> None:
    command = [sys.executable, "-c", "input(); from wanx_mcp.cli import main; raise SystemExit(main())", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(tmp_path)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(b"\n")
        process.stdin.close()
        told = process.stderr.read().decode()
    assert "Traceback" not in told
    assert "Errno" not in told
    assert "Exception ignored" not in told


def test_a_demo_whose_server_cannot_start_says_so_in_a_line(tmp_path: Path) -> None:
    dies = "import os, sys\nif sys.orig_argv[-1] == 'wanx_mcp':\n    os._exit(3)\n"
    (tmp_path / "sitecustomize.py").write_text(dies, encoding="utf-8")
    broken = environment(tmp_path) | {"PYTHONPATH": str(tmp_path)}
    command = [*SERVER, "demo"]
    done = subprocess.run(command, env=broken, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "wanx-mcp demo: the server has ended (" in done.stderr
    assert len(done.stderr.splitlines()) < 10
