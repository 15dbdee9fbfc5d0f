"""An order of unknown outcome that a person settles by hand: ids are checked, and a mistake can be taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from tests.test_commands import run
from tests.world import KEY, Agent, World
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.ledger import settled
from wanx_mcp.provider import Upstream
from wanx_mcp.simulator.weather import Fault
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.opening import open_account

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}


@asynccontextmanager
async def desk(world: World, *, key: str | None = KEY) -> AsyncIterator[Account]:
    """The command's own way to the ledger, as in a process beside the server."""

    async def locate() -> str:
        return world.settings.base_url

    upstream = key and Upstream(world.settings.base_url, locate, key=key, loopback=True, transport=world.line)
    settings = world.beside(PIAPI_API_KEY=key or "").settings
    async with anyio.create_task_group() as group:
        async with open_account(settings, CATALOG, world.clock, group, upstream or None) as account:
            yield account
        group.cancel_scope.cancel()


async def by_hand(world: World, task_id: str | None, number: int = 1, *, key: str | None = KEY) -> tuple[int, str]:
    async with desk(world, key=key) as account:
        return await settled(account, number, task_id)


async def lose(world: World, agent: Agent, **more: Any) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    assert (await agent.error("create_wanx_task", **{**ORDER, **more})).startswith("outcome_unknown: ")


async def of_a_person(world: World, prompt: str = "somebody's boat", model: str = "Qubico/wanx") -> str:
    async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
        body = {"model": model, "task_type": "txt2video-14b", "input": {"prompt": prompt}}
        answer = (await person.post("http://127.0.0.1:9/api/v1/task", json=body)).json()
    return str(answer["data"]["task_id"])


async def entry(agent: Agent) -> dict[str, Any]:
    (only,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    return dict(only)


@pytest.mark.parametrize("wrong", ["", " ", "a b", ".", "..", "x" * 201, "é", "a\nb", "a\x7fb"])
@pytest.mark.parametrize("key", [KEY, None])
async def test_what_cannot_be_an_id_is_refused_and_nothing_changes(world: World, wrong: str, key: str | None) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        code, words = await by_hand(world, wrong, key=key)
        assert code == 1
        assert "a task id is printable ASCII without blanks, at most 200 characters" in words
        assert (await entry(agent))["status"] == "unknown"


@pytest.mark.parametrize("odd", ["_x", "a/b", "a?b#c", "x" * 200])
async def test_an_odd_id_is_one(world: World, odd: str) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        code, _ = await by_hand(world, odd, key=None)
        assert code == 0
        assert (await entry(agent))["task_id"] == odd


async def test_an_id_is_looked_up_and_booked_as_it_is(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        task_id = await of_a_person(world)
        world.clock.advance(3600)
        code, words = await by_hand(world, task_id)
        assert (code, "not looked up" in words) == (0, False)
        assert task_id in words
        seen = await entry(agent)
        assert (seen["task_id"], seen["status"], seen["charged_usd"]) == (task_id, "completed", 0.28)
        code, words = await by_hand(world, None)
        assert code == 1
        assert "there is nothing to settle" in words


async def test_an_id_that_the_provider_denies_is_refused(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        code, words = await by_hand(world, "nobody")
        assert code == 1
        assert "does not know a task nobody of this account; order 1 stays as it was" in words
        assert (await entry(agent))["status"] == "unknown"


async def test_a_task_of_another_model_is_refused(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        told = {"task_id": "t1", "model": "kling", "task_type": "video_generation", "status": "completed"}
        world.line.canned = httpx.Response(200, json={"code": 200, "data": told, "message": "success"})
        code, words = await by_hand(world, "t1")
        world.line.canned = None
        assert code == 1
        assert "another model (kling)" in words
        assert (await entry(agent))["status"] == "unknown"


async def test_what_was_settled_by_hand_and_never_seen_can_be_settled_again_in_every_way(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        for task_id, booked in (("one", 0.28), ("other", 0.28), ("other", 0.28), (None, 0), ("third", 0.28)):
            code, words = await by_hand(world, task_id, key=None)
            assert (code, "was not looked up" in words) == (0, task_id is not None)
            listed = await agent.ok("list_wanx_tasks")
            assert [task.get("task_id") for task in listed["tasks"]] == [task_id] * (task_id is not None)
            assert listed["budget"]["spent_usd"] == booked


async def test_a_settlement_that_cannot_be_made_leaves_the_former_one(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        await by_hand(world, "mine", key=None)
        taken = (await agent.order(prompt="another boat"))["task_id"]
        code, words = await by_hand(world, taken, key=None)
        assert code == 1
        assert f"task {taken} belongs to another order already; order 1 stays as it was" in words
        tasks = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert {task["task_id"] for task in tasks} == {"mine", taken}


async def test_what_was_settled_by_hand_is_settled_for_good_once_the_provider_has_shown_it(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        task_id = await of_a_person(world)
        assert (await by_hand(world, task_id, key=None))[0] == 0
        await agent.ok("get_wanx_task", task_id=task_id)
        code, words = await by_hand(world, "other", key=None)
        assert code == 1
        assert "the provider has said so itself" in words


async def test_an_id_that_cannot_be_looked_up_now_is_taken_and_said_so(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent)
        world.line.broken = [httpx.ConnectError("no route")] * 8
        code, words = await by_hand(world, "t1")
        world.line.broken = []
        assert code == 0
        assert "The id was not looked up at the provider (unreachable)" in words
        assert (await by_hand(world, None, key=None))[0] == 0


async def test_an_order_on_its_way_is_left_alone(world: World) -> None:
    left, go = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            left.set()
            await go.wait()

    world.line.on_request = hold
    async with world.client() as agent, anyio.create_task_group() as group:
        group.start_soon(agent.order)
        await left.wait()
        for task_id in ("t1", None):
            code, words = await by_hand(world, task_id, key=None)
            assert code == 1
            assert "may still be on its way; try again in two minutes" in words
        go.set()


async def test_an_order_that_has_its_task_from_the_provider_cannot_be_settled(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        for wanted in ("other", None):
            assert (await by_hand(world, wanted))[0] == 1
        assert (await entry(agent))["task_id"] == task_id
    assert (await by_hand(world, "other", number=7)) == (
        1,
        "wanx-mcp ledger: there is no order 7 of unknown outcome",
    )


async def test_a_declined_order_cannot_be_settled(world: World) -> None:
    world.simulator.credit = 0
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        for wanted in ("other", None):
            assert (await by_hand(world, wanted, key=None))[0] == 1


async def test_a_released_order_is_off_the_books_and_may_still_be_given_its_task(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, request_id="r")
        assert (await by_hand(world, None))[0] == 0
        assert "off the books already" in (await by_hand(world, None))[1]
        later = (await agent.order(request_id="r"))["task_id"]
        task_id = await of_a_person(world)
        assert (await by_hand(world, task_id))[0] == 0
        tasks = {task["task_id"]: task.get("request_id") for task in (await agent.ok("list_wanx_tasks"))["tasks"]}
        assert tasks == {later: "r", task_id: None}
        assert (await agent.order(request_id="r"))["task_id"] == later


def test_without_a_ledger_a_settlement_is_an_error(tmp_path: Any) -> None:
    ended = run("ledger", "--settle", "3", "--not-placed", WANX_STATE_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert "there is no ledger" in ended.stderr
    assert not list(tmp_path.iterdir())
