"""The ledger's file moved, deleted or replaced under a running server: nothing is forgotten, and it heals by itself."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.world import Agent, World, text
from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.ledger.sender import Sender

pytestmark = pytest.mark.anyio
MOVABLE = pytest.mark.skipif(os.name == "nt", reason="Windows moves, replaces and removes no file that is open")
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
RESTART = "only if its orders and spending may be forgotten, restart this server"


def file_of(world: World) -> Path:
    return world.state / "ledger.sqlite3"


async def refused(world: World, agent: Agent, *words: str) -> None:
    """Orders are refused with the right advice; a look at a task works meanwhile."""
    posts = len(world.line.sent("POST"))
    error = await agent.error("create_wanx_task", **ORDER, request_id="meanwhile")
    assert error.startswith("ledger_unusable: ")
    assert "harged" in error
    for word in words:
        assert word in error
    assert (await agent.error("list_wanx_tasks")).startswith("ledger_unusable: ")
    (task, *_) = world.simulator.store.all()
    world.clock.advance(3)
    assert (await agent.ok("get_wanx_task", task_id=task.task_id))["status"]
    assert len(world.line.sent("POST")) == posts


async def goes_on(world: World, agent: Agent, orders: int) -> None:
    """All orders are there with their money, and the next one is placed."""
    listed = await agent.ok("list_wanx_tasks")
    assert len(listed["tasks"]) == orders
    assert listed["budget"]["spent_usd"] == pytest.approx(0.28 * orders)
    assert not (await agent.order(prompt=f"boat after {orders}"))["reused"]
    assert len(world.line.sent("POST")) == orders + 1


@MOVABLE
async def test_a_ledger_that_is_moved_away_is_not_begun_anew_and_is_used_again_when_it_is_back(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        aside = file_of(world).rename(world.state / "aside")
        for _ in range(2):
            await refused(world, agent, "was moved, deleted or emptied while this server was running", RESTART)
        assert not file_of(world).exists()
        aside.rename(file_of(world))
        await goes_on(world, agent, 1)


@MOVABLE
async def test_a_ledger_whose_folder_is_moved_away_is_not_begun_anew(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        aside = world.state.rename(world.state.with_name(world.state.name + "-aside"))
        try:
            await refused(world, agent, "was moved, deleted or emptied", "put the former file back")
            assert not world.state.exists()
        finally:
            aside.rename(world.state)
        await goes_on(world, agent, 1)


@MOVABLE
async def test_a_ledger_that_is_restored_from_a_copy_is_used_on(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        copy = shutil.copy(file_of(world), world.state / "copy")
        file_of(world).unlink()
        await refused(world, agent, "moved, deleted or emptied")
        shutil.copy(copy, file_of(world))
        await goes_on(world, agent, 1)


@MOVABLE
async def test_a_restart_begins_a_new_ledger_as_the_advice_says(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        file_of(world).unlink()
        await refused(world, agent, RESTART)
    async with world.client() as agent:
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0
        assert not (await agent.order(prompt="another boat"))["reused"]


def by_rename(source: Path, target: Path) -> None:
    source.replace(target)


def in_place(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


@pytest.mark.parametrize("put", [pytest.param(by_rename, marks=MOVABLE), in_place])
async def test_an_older_copy_in_the_ledger_s_place_takes_no_order(
    world: World, put: Callable[[Path, Path], None]
) -> None:
    async with world.client() as agent:
        await agent.order(prompt="first")
        older = Path(shutil.copy(file_of(world), world.state / "older"))
        await agent.order(prompt="second")
        newer = Path(shutil.copy(file_of(world), world.state / "newer"))
        put(older, file_of(world))
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("ledger_unusable: ")
        assert RESTART in error
        assert len(world.line.sent("POST")) == 2
        put(newer, file_of(world))
        await goes_on(world, agent, 2)


@MOVABLE
async def test_another_ledger_in_its_place_takes_no_order_and_is_not_written_to(world: World) -> None:
    other = World()
    async with other.client() as stranger:
        for number in range(3):
            await stranger.order(request_id=f"{number}")
    async with world.client() as agent:
        await agent.order()
        aside = file_of(world).rename(world.state / "aside")
        shutil.copy(file_of(other), file_of(world))
        before = file_of(world).read_bytes()
        for _ in range(2):
            await refused(world, agent, "another ledger, or an older copy, has taken the place of", RESTART)
        assert file_of(world).read_bytes() == before
        aside.replace(file_of(world))
        await goes_on(world, agent, 1)


@MOVABLE
async def test_a_ledger_that_another_server_has_begun_in_its_place_is_not_taken_for_ours(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        aside = file_of(world).rename(world.state / "aside")
        async with world.client() as later:
            assert (await later.ok("list_wanx_tasks"))["tasks"] == []
        await refused(world, agent, "another ledger, or an older copy")
        aside.replace(file_of(world))
        await goes_on(world, agent, 1)


@pytest.mark.parametrize("word", ["", "not a ledger at all" * 100])
async def test_a_file_that_is_no_ledger_any_more_is_told_as_damaged(world: World, word: str) -> None:
    async with world.client() as agent:
        await agent.order()
        kept = file_of(world).read_bytes()
        file_of(world).write_text(word)
        await refused(world, agent)
        file_of(world).write_bytes(kept)
        await goes_on(world, agent, 1)


@MOVABLE
@pytest.mark.parametrize("caller", ["nobody", "list_wanx_tasks", "create_wanx_task"])
async def test_an_order_accepted_while_the_ledger_is_away_is_booked_when_it_is_back(world: World, caller: str) -> None:
    aside = world.state / "aside"

    async def away(request: httpx.Request) -> None:
        if request.method == "POST" and not aside.exists():
            file_of(world).rename(aside)

    world.line.on_response = away
    async with world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER)
        assert not result.is_error
        (task,) = world.simulator.store.all()
        assert task.task_id in text(result)
        for shown in (text(result), (result.structured_content or {})["next_step"]):
            assert "the order was accepted but could not be booked yet" in shown
            assert "keep the task_id" in shown
        world.line.on_response = None
        aside.replace(file_of(world))
        if caller == "create_wanx_task":
            assert (await agent.order())["task_id"] == task.task_id
        elif caller == "nobody":
            await booked_in_the_background(world)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert (listed["task_id"], listed["status"], listed["booked_usd"]) == (task.task_id, "pending", 0.28)
    assert len(world.line.sent("POST")) == 1


async def booked_in_the_background(world: World) -> None:
    with anyio.fail_after(120):
        while True:
            world.clock.advance(6)
            await anyio.sleep(0.02)
            with sqlite3.connect(file_of(world)) as db:
                (state,) = db.execute("select state from entry").fetchone()
            if state == "accepted":
                return


@MOVABLE
async def test_an_outcome_that_can_never_be_booked_does_not_stop_the_orders_after_it(world: World) -> None:
    """Its row has vanished: somebody has edited the ledger by hand while it was away."""
    aside = world.state / "aside"

    async def away(request: httpx.Request) -> None:
        if request.method == "POST" and not aside.exists():
            file_of(world).rename(aside)

    world.line.on_response = away
    async with world.client() as agent:
        await agent.call("create_wanx_task", **ORDER)
        world.line.on_response = None
        with sqlite3.connect(aside) as db:
            db.execute("delete from entry")
        shutil.copy(aside, file_of(world))
        await agent.ok("list_wanx_tasks")
        for number in range(2):
            assert not (await agent.order(prompt=f"boat {number}"))["reused"]


@pytest.mark.parametrize(
    ("fault", "fix"),
    [
        (sqlite3.OperationalError("database or disk is full"), "free some disk space"),
        (OSError(errno.ENOSPC, "No space left on device"), "free some disk space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "free some disk space"),
        (sqlite3.DatabaseError("file is not a database"), "it is damaged; keep it"),
        (sqlite3.OperationalError("no such table: entry"), "it is damaged; keep it"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "writable"),
        (PermissionError(errno.EACCES, "Permission denied"), "writable"),
        (sqlite3.OperationalError("database is locked"), "another process holds the ledger"),
    ],
)
def test_what_is_wrong_with_the_ledger_is_told_with_its_fix(fault: Exception, fix: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable) as caught, usable(tmp_path / "ledger.sqlite3"):
        raise fault
    assert fix in caught.value.next


@MOVABLE
def test_a_sender_whose_lock_is_gone_with_its_folder_takes_it_anew(tmp_path: Path) -> None:
    mine, other = Sender(tmp_path), Sender(tmp_path)
    name = mine.hold()
    assert other.alive(name)
    shutil.rmtree(tmp_path / "senders")
    assert not other.alive(name)
    assert mine.hold() == name
    assert other.alive(name)
    mine.release()
    assert not other.alive(name)
