"""The ledger in the hands of another process for a moment: an order waits, and is placed and booked once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.world import Agent, World
from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.ledger.schema import open_file

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
HELD_SECONDS = 1.0
"""Longer than SQLite itself waits in one try, much shorter than a call has."""

KINDS = ["exclusive", "immediate"]
"""A lock against everybody, and one that lets others read."""


class Lock:
    """A lock on the ledger, held until `release`."""

    def __init__(self, path: Path, kind: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.execute(f"begin {kind}")

    def release(self) -> None:
        self._db.close()

    async def release_later(self) -> None:
        await anyio.sleep(HELD_SECONDS)
        self.release()


@contextmanager
def locked(path: Path, kind: str = "exclusive") -> Iterator[Lock]:
    lock = Lock(path, kind)
    try:
        yield lock
    finally:
        lock.release()


async def booked_once(world: World, agent: Agent, task_id: str) -> None:
    listed = await agent.ok("list_wanx_tasks")
    assert [task["task_id"] for task in listed["tasks"]] == [task_id]
    assert listed["budget"]["spent_usd"] == 0.28
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_waits_for_a_ledger_that_is_locked_when_it_comes(world: World, kind: str) -> None:
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks")
        with locked(world.state / "ledger.sqlite3", kind) as lock:
            async with anyio.create_task_group() as group:
                group.start_soon(lock.release_later)
                created = await agent.ok("create_wanx_task", **ORDER)
        await booked_once(world, agent, created["task_id"])


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_waits_for_a_ledger_that_is_locked_when_it_comes(world: World, kind: str) -> None:
    async with world.client() as agent, anyio.create_task_group() as group:

        async def lock_it(request: httpx.Request) -> None:
            if request.method == "POST":
                group.start_soon(Lock(world.state / "ledger.sqlite3", kind).release_later)

        world.line.on_response = lock_it
        created = await agent.call("create_wanx_task", **ORDER)
        assert not created.is_error
        answer = dict(created.structured_content or {})
        assert "could not be booked" not in str(created.content)
        await booked_once(world, agent, answer["task_id"])


async def test_a_ledger_that_is_locked_when_it_is_first_opened_is_waited_for(world: World) -> None:
    async with world.client() as agent:
        await agent.order(prompt="another boat")
    async with world.client() as agent, anyio.create_task_group() as group:
        group.start_soon(Lock(world.state / "ledger.sqlite3", "exclusive").release_later)
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 1


def test_a_ledger_that_stays_locked_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    open_file(path).close()
    with locked(path), pytest.raises(LedgerUnusable) as caught, usable(path):
        open_file(path, patience=0)
    told = str(caught.value)
    assert f"the ledger {path} cannot be used (database is locked)" in told
    assert "Next: make the same call again; another process holds the ledger." in told
