"""stderr of a real server process: closed, broken or never read, it is in nobody's way and never shows on stdout."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TextIO

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.certificates import Authority
from tests.process import SERVER
from tests.test_network import listening
from tests.world import KEY, Agent

pytestmark = pytest.mark.anyio
CLOSED = ("sh", "-c", 'echo $$ > "$PID_FILE"; exec "$@" 2>&-', "sh")
posix = pytest.mark.skipif(os.name == "nt", reason="descriptors are closed by a POSIX shell")


def noisy(kilobytes: int) -> dict[str, str]:
    """Settings that nobody knows: each is warned about at start-up."""
    return {f"WANX_{number:04}_{'X' * 950}": "1" for number in range(kilobytes)}


@asynccontextmanager
async def served(folder: Path, errlog: TextIO, *before: str, **environment: str) -> AsyncIterator[Agent]:
    """An agent in front of a server process whose stderr is `errlog`. Nothing on stdout but the protocol."""
    command = (*before, *SERVER)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    ours = {"PIAPI_API_KEY": KEY, "WANX_STATE_DIR": str(folder), "PID_FILE": str(folder / "pid")}
    parameters = StdioServerParameters(command=command[0], args=list(command[1:]), env=inherited | ours | environment)
    strange: list[Any] = []

    async def see(message: Any) -> None:
        if isinstance(message, Exception):
            strange.append(message)

    with anyio.fail_after(120):
        async with Client(stdio_client(parameters, errlog=errlog), message_handler=see) as client:
            yield Agent(client)
    assert strange == []


@contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe: the end to read as a descriptor, the end to write as a file."""
    source, sink = os.pipe()
    with open(sink, "w") as errlog:
        yield source, errlog


class Reader(threading.Thread):
    """Reads a descriptor to its end; `seen` is set as soon as certain words have come."""

    def __init__(self, source: int, until: bytes) -> None:
        super().__init__(daemon=True)
        self.read, self.seen = b"", threading.Event()
        self._source, self._until = source, until
        self.start()

    def run(self) -> None:
        while piece := os.read(self._source, 65536):
            self.read += piece
            if self._until in self.read:
                self.seen.set()


async def works(agent: Agent) -> None:
    assert (await agent.client.list_tools()).tools
    assert (await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt="a boat", dry_run=True))["dry_run"]


@posix
async def test_words_for_a_stderr_that_is_closed_from_the_start_land_nowhere(tmp_path: Path) -> None:
    with pipe() as (source, errlog):
        async with served(tmp_path, errlog, *CLOSED, **noisy(2)) as agent:
            await works(agent)
            if sys.platform == "linux":
                process = (tmp_path / "pid").read_text().strip()
                assert os.readlink(f"/proc/{process}/fd/2") == os.devnull
        errlog.close()
        assert os.read(source, 100) == b""
        os.close(source)


@posix
@pytest.mark.parametrize("command", [("config", "claude-desktop"), ("bundle", "--wrong")])
def test_words_of_other_commands_for_a_closed_stderr_do_not_land_on_stdout(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    environment = {**os.environ, "PID_FILE": str(tmp_path / "pid"), "HOME": str(tmp_path)}
    whole = [*SERVER, *command]
    plain = subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=120, check=False)
    closed = subprocess.run(
        [*CLOSED, *whole], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert plain.stderr
    assert (closed.stdout, closed.stderr) == (plain.stdout, "")
    assert closed.returncode == plain.returncode


async def test_a_stderr_that_the_host_has_closed_is_no_reason_to_end(tmp_path: Path) -> None:
    with pipe() as (source, errlog):
        os.close(source)
        async with served(tmp_path, errlog, **noisy(2)) as agent:
            await works(agent)


async def test_a_stderr_that_the_host_closes_later_is_no_reason_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with listening(authority.signs()) as (port, _), pipe() as (source, errlog):
        settings = {
            "PIAPI_BASE_URL": f"https://127.0.0.1:{port}",
            "SSL_CERT_FILE": str(authority.file),
            "SSLKEYLOGFILE": str(tmp_path / "no" / "folder"),  # is warned about when the first connection is made
        }
        async with served(tmp_path, errlog, **settings) as agent:
            await works(agent)
            os.close(source)
            order = {"task_type": "txt2video-14b", "prompt": "a boat"}
            assert (await agent.ok("create_wanx_task", **order))["task_id"] == "t1"
            await works(agent)


async def test_a_stderr_that_is_never_read_does_not_stop_the_server(tmp_path: Path) -> None:
    with pipe() as (source, errlog):
        async with served(tmp_path, errlog, **noisy(700)) as agent:
            await works(agent)
        os.close(source)


async def test_a_host_that_reads_late_is_told_how_much_it_missed(tmp_path: Path) -> None:
    with pipe() as (source, errlog):
        async with served(tmp_path, errlog, **noisy(700)) as agent:
            await works(agent)
            errlog.close()
            reader = Reader(source, until=b"of the log were lost here")
            await anyio.to_thread.run_sync(reader.seen.wait, 60)
        reader.join()
        assert reader.seen.is_set()
        assert reader.read.startswith(b"wanx-mcp: WANX_0000_X")
        assert 256 * 1024 < len(reader.read) < 500 * 1024
        os.close(source)


async def test_a_host_that_reads_gets_every_line(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with (tmp_path / "log").open("w") as errlog:
        async with served(tmp_path, errlog, **noisy(20)) as agent:
            await works(agent)
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line[15:20] for line in lines if "WANX_0" in line] == [f"{number:04}_" for number in range(20)]


def test_the_last_words_of_a_server_that_fails_reach_the_host(tmp_path: Path) -> None:
    program = "import wanx_mcp.server as s\ndef b(_): raise RuntimeError('no ' * 30_000)\n"
    program += "s.build_server = b\nfrom wanx_mcp.cli import main\nmain([])"
    run = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )
    assert run.returncode == 1
    assert run.stderr.rstrip().endswith(b"no no")
    assert len(run.stderr) > 90_000
