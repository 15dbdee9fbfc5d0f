"""The simulator's file in the hands of another process: who needs it waits, and nobody else does. A broken one."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client

from tests.world import Agent
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings
from wanx_mcp.simulator import locking

pytestmark = pytest.mark.anyio

HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
held.execute(f"begin {sys.argv[2]}")
print("held", flush=True)
sys.stdin.readline()
held.rollback()
"""


class Holder:
    """Another process that holds the file, for reading too (`exclusive`) or only against writers (`immediate`)."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout
        assert process.stdout.readline() == "held\n"

    def release(self) -> None:
        self._process.communicate("\n", timeout=60)


@contextmanager
def holder(state: Path, kind: str = "exclusive") -> Iterator[Holder]:
    command = [sys.executable, "-c", HOLDER, str(state / "simulator.sqlite3"), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Holder(process)
        finally:
            process.kill()


@asynccontextmanager
async def simulated(state: Path) -> AsyncIterator[Agent]:
    """The server in simulate mode, in this process and in this event loop."""
    environment = {"WANX_SIMULATE": "1", "WANX_STATE_DIR": str(state), "WANX_OUTPUT_DIR": str(state / "videos")}
    async with Client(build_server(read_settings(environment))) as client:
        yield Agent(client)


class News(logging.Handler):
    """Hears that somebody waits for the file, or is told that nobody had to."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.heard = anyio.Event()

    def emit(self, _record: logging.LogRecord) -> None:
        self.heard.set()


@pytest.fixture
def news() -> Iterator[News]:
    listener, log = News(), logging.getLogger(locking.__name__)
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(listener)
    yield listener
    log.removeHandler(listener)
    log.setLevel(before)


async def order(agent: Agent, events: list[str], news: News) -> None:
    await agent.order(prompt="another boat")
    events.append("ordered")
    news.heard.set()


@pytest.mark.parametrize("kind", ["exclusive", "immediate"])
async def test_while_another_process_holds_the_tasks_other_calls_go_on(kind: str, tmp_path: Path, news: News) -> None:
    events: list[str] = []
    async with simulated(tmp_path) as agent:
        first = (await agent.order())["task_id"]
        with holder(tmp_path, kind) as other:
            async with anyio.create_task_group() as group:
                group.start_soon(order, agent, events, news)
                await news.heard.wait()
                await agent.client.list_tools()
                await agent.ok("list_wanx_tasks")
                events.append("listed")
                if kind == "immediate":
                    await agent.ok("get_wanx_task", task_id=first)
                    events.append("got")
                other.release()
                events.append("released")
        assert events == ["listed", *(["got"] if kind == "immediate" else []), "released", "ordered"]
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 2


async def test_tasks_that_are_held_when_the_simulator_starts_hold_up_nobody_else(tmp_path: Path, news: News) -> None:
    events: list[str] = []
    async with simulated(tmp_path) as agent:
        with holder(tmp_path) as other:
            async with anyio.create_task_group() as group:
                group.start_soon(order, agent, events, news)
                await news.heard.wait()
                await agent.client.list_tools()
                await agent.ok("list_wanx_tasks")
                events.append("listed")
                other.release()
                events.append("released")
    assert events == ["listed", "released", "ordered"]


@pytest.mark.parametrize("running", [True, False])
async def test_tasks_that_stay_held_are_an_error_that_says_so(
    running: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LOCK_WAIT_SECONDS", 0.0)
    async with simulated(tmp_path) as agent:
        if running:
            await agent.order()
        with holder(tmp_path):
            told = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="another boat")
        assert "another process holds" in told
        assert "Charged by this call: no" in told
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == int(running)


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"no database" * 1000), Path.mkdir])
async def test_an_order_that_a_broken_file_keeps_from_the_simulator_was_never_sent(
    damage: Callable[[Path], object], tmp_path: Path
) -> None:
    file = tmp_path / "simulator.sqlite3"
    damage(file)
    async with simulated(tmp_path) as agent:
        order = {"task_type": "txt2video-14b", "prompt": "a boat"}
        for tool, arguments in [("create_wanx_task", order), ("get_wanx_task", {"task_id": "t"})]:
            told = await agent.error(tool, **arguments)
            assert told.startswith(f"unreachable: no simulated tasks can be kept in {tmp_path} ")
            assert "Charged by this call: no. Next: ask the user to " in told
        listed = await agent.ok("list_wanx_tasks")
        assert (listed["tasks"], listed["budget"]["spent_usd"]) == ([], 0)
        file.rename(tmp_path / "aside")
        assert not (await agent.order())["reused"]
