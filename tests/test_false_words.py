"""What a create says about money when something goes wrong: "maybe" only where bytes of the order may have left."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.world import Agent, World, text
from wanx_mcp.ledger.book import Book
from wanx_mcp.studio.access import Access

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
NO_COST = re.compile(r"Charged(?: by this call)?: no\.")
MAYBE = re.compile(r"Charged(?: by this call)?: maybe\.")


async def cost_nothing(world: World, agent: Agent, error: str) -> None:
    """The error says so, nothing was sent, nothing is booked, and the same call places the order afterwards."""
    assert NO_COST.search(error)
    assert "outcome_unknown" not in error
    assert not world.line.sent("POST")
    with anyio.fail_after(60):
        while (listed := await agent.ok("list_wanx_tasks"))["tasks"]:  # noqa: ASYNC110  # the ledger has no event
            await anyio.sleep(0.02)
    assert listed["budget"]["spent_usd"] == 0
    assert not (await agent.order(request_id="r"))["reused"]
    assert len(world.line.sent("POST")) == 1


FAULTS = [RuntimeError("no home folder"), KeyError("x"), OSError(28, "No space left on device"), ImportError("av")]
VERBS = ["intend", "deliver", "depart"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("verb", [*VERBS, "account_id"])
async def test_a_fault_of_the_ledger_before_the_order_leaves_is_a_no(
    world: World, verb: str, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> Any:
        raise fault

    order = {"task_type": "img2video-14b", "image": "https://example.com/a.png"} if verb == "deliver" else {}
    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setattr(Book, verb, fails)
            error = await agent.error("create_wanx_task", **{**ORDER, **order}, request_id="r")
        await cost_nothing(world, agent, error)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_full_disk_before_the_order_leaves_is_a_no(
    world: World, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    order = {"task_type": "img2video-14b", "image": "https://example.com/a.png"} if verb == "deliver" else {}
    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setattr(Book, verb, full)
            error = await agent.error("create_wanx_task", **{**ORDER, **order}, request_id="r")
            assert error.startswith("ledger_unusable: ")
            assert "free some disk space" in error
        await cost_nothing(world, agent, error)


async def test_a_fault_while_the_order_is_made_ready_is_a_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("nobody expects this")

    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setattr(Access, "prepare", fails)
            error = await agent.error("create_wanx_task", **ORDER, request_id="r")
        await cost_nothing(world, agent, error)


@pytest.mark.parametrize("module", ["httpx", "httpcore", "platformdirs", "wanx_mcp.studio.ordering", "PIL"])
async def test_a_module_that_cannot_be_loaded_is_a_no(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    async with world.client() as agent:
        with monkeypatch.context() as broken:
            for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
                broken.setitem(sys.modules, name, None)
            result = await agent.call("create_wanx_task", **ORDER, request_id="r")
        if result.is_error:  # what was loaded before is used on
            await cost_nothing(world, agent, text(result))


@pytest.mark.skipif(os.name != "posix", reason="homes are found otherwise there")
@pytest.mark.parametrize("given", [{}, {"task_type": "img2video-14b", "image": "a.png"}])
async def test_without_a_home_folder_nothing_is_sent_and_nothing_is_left_behind(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service account often has none: what begins with ~ would be a folder of that name in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_VIDEOS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    world = World({"WANX_STATE_DIR": "", "WANX_OUTPUT_DIR": ""})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **{**ORDER, **given})
    assert NO_COST.search(error)
    assert "WANX_STATE_DIR" in error
    assert not world.line.requests
    assert os.listdir(tmp_path) == []


async def test_an_order_whose_bytes_may_have_left_when_something_unexpected_happens_is_a_maybe(world: World) -> None:
    async def break_down(request: httpx.Request) -> None:
        if request.method == "POST":
            raise RuntimeError("nobody expects this")

    world.line.on_request = break_down
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert MAYBE.search(error)
        assert "RuntimeError" in error
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert (listed["status"], listed["booked_usd"]) == ("unknown", 0.28)


async def test_a_task_id_is_not_lost_when_booking_it_fails_unexpectedly(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Any:
        raise RuntimeError("nobody expects this")

    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setattr(Book, "accept", fails)
            result = await agent.call("create_wanx_task", **ORDER)
        assert not result.is_error
        (task,) = world.simulator.store.all()
        assert task.task_id in text(result)
        assert "keep the task_id" in (result.structured_content or {})["next_step"]
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0.28
        assert not (await agent.order(prompt="another boat"))["reused"]


# The status of the answer to an order

CERTAIN = [400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 431, 451]
UNCERTAIN = [407, 408, 409, 412, 416, 418, 420, 423, 424, 425, 427, 430, 440, 450]
FAULTY = [500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 522, 524, 599]


def answer(status: int) -> httpx.Response:
    return httpx.Response(status, json={"code": status, "message": "something is wrong", "data": None})


async def answered(world: World, agent: Agent, response: httpx.Response) -> str:
    world.line.canned_order = response
    try:
        return await agent.error("create_wanx_task", **ORDER, request_id="r")
    finally:
        world.line.canned_order = None


@pytest.mark.parametrize("status", CERTAIN)
async def test_a_certain_refusal_charges_nothing_and_frees_the_key(world: World, status: int) -> None:
    async with world.client() as agent:
        error = await answered(world, agent, answer(status))
        assert NO_COST.search(error)
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0
        assert not (await agent.order(request_id="r", prompt="even another"))["reused"]


@pytest.mark.parametrize("status", UNCERTAIN + FAULTY)
async def test_any_other_refusal_is_a_doubt_that_is_booked_and_stands_in_the_way(world: World, status: int) -> None:
    async with world.client() as agent:
        error = await answered(world, agent, answer(status))
        assert error.startswith("outcome_unknown: ")
        assert MAYBE.search(error)
        for key in ({"request_id": "r"}, {"request_id": "new"}, {}):
            again = await agent.error("create_wanx_task", **ORDER, **key)
            assert again.startswith("outcome_unknown: ")
            assert NO_COST.search(again)
        (listed,) = (await agent.ok("list_wanx_tasks", status="unknown"))["tasks"]
        assert (listed["status"], listed["booked_usd"]) == ("unknown", 0.28)
    assert len(world.line.sent("POST")) == 1
