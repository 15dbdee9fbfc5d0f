"""Orders of unknown outcome when the provider's memory is poor: what may be ours is never taken for absent."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from tests.lost import entries
from tests.provider_answers import answering
from tests.world import Answer, Change, World
from wanx_mcp.simulator.weather import Fault, Variant

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "img2video-14b", "prompt": "a boat", "image": "https://example.com/in.png"}


def rewriting(world: World, change: Change, path: str) -> None:
    """The provider's answers to GETs under `path`, changed on the way."""

    async def rewritten(request: httpx.Request, inner: Answer) -> httpx.Response:
        response = await inner(request)
        if request.method != "GET" or path not in request.url.path:
            return response
        body = json.loads(await response.aread())
        change(body)
        return httpx.Response(int(body.pop("http", response.status_code)), json=body)

    world.line.answer(rewritten)


def forgotten(body: dict[str, Any]) -> None:
    body.update(http=404, code=404, data=None, message="Record Not Found")


def without_input(body: dict[str, Any]) -> None:
    body["data"]["input"] = None


def with_a_default_of_its_own(body: dict[str, Any]) -> None:
    body["data"]["input"]["negative_prompt"] = "low quality, blurry"


def with_the_picture_somewhere_else(body: dict[str, Any]) -> None:
    body["data"]["input"]["image"] = "https://storage.example.com/copy.png"


def rows_without_ids(body: dict[str, Any]) -> None:
    for row in body["data"]["data"]:
        del row["task_id"], row["detail"]["task_id"]


def rows_with_another_spelling(body: dict[str, Any]) -> None:
    for row in body["data"]["data"]:
        row["action"] = row["action"].upper()


def fewer_rows_than_it_says(body: dict[str, Any]) -> None:
    body["data"].update(data=[], total=1)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (forgotten, "/task/"),
        (without_input, "/task/"),
        (with_a_default_of_its_own, "/task/"),
        (with_the_picture_somewhere_else, "/task/"),
        (rows_without_ids, "/histories"),
        (fewer_rows_than_it_says, "/histories"),
    ],
)
async def test_an_order_that_may_be_in_the_history_is_never_released(world: World, change: Change, path: str) -> None:
    rewriting(world, change, path)
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER, request_id="1")
        world.clock.advance(700)
        for _ in range(4):
            (entry,) = (await agent.ok("list_wanx_tasks"))["tasks"]
            assert (entry["status"], entry["booked_usd"]) == ("unknown", 0.28)
            world.clock.advance(10)
        assert (await agent.error("create_wanx_task", **ORDER, request_id="1")).startswith("outcome_unknown: ")
    assert len(world.line.sent("POST")) == 1


def histories(world: World) -> int:
    """How many readings of the history were begun."""
    asked = [request.url for request in world.line.requests if "histories" in request.url.path]
    return sum(url.params["page"] == "1" and url.params["page_size"] == "100" for url in asked)


async def test_a_doubt_costs_one_look_into_the_history_every_ten_seconds_however_many_calls(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.NONE, Fault.LOSE_REQUEST, Fault.LOSE_REQUEST)
    async with world.client() as agent:
        task_id = (await agent.ok("create_wanx_task", **ORDER, request_id="1"))["task_id"]
        await agent.error("create_wanx_task", **{**ORDER, "prompt": "a ship"})
        for _ in range(12):
            await agent.ok("get_wanx_task", task_id=task_id)
            await agent.ok("list_wanx_tasks")
            world.clock.advance(5)
        assert histories(world) == 6
        await agent.error("create_wanx_task", **{**ORDER, "prompt": "a whale"})
        assert histories(world) == 6, "an order that resembles no doubtful one does not wait for a look"
        await agent.ok("list_wanx_tasks")
        assert histories(world) == 7, "an order that is newly in doubt is looked up at once"
        await agent.ok("list_wanx_tasks")
        assert histories(world) == 7


HOMECOMING = ["save_wanx_video", "preview_wanx_video"]


@pytest.mark.parametrize("tool", HOMECOMING)
async def test_bringing_home_a_video_whose_order_was_lost_finds_the_order(world: World, tool: str) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    world.simulator.speed = 400
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        (task,) = world.simulator.store.all()
        world.clock.advance(60)  # too early for the server to look it up by itself
        assert not (await agent.call(tool, task_id=task.task_id)).is_error
        assert histories(world) == 1
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert (listed["task_id"], listed["status"], listed["charged_usd"]) == (task.task_id, "completed", 0.28)
        assert listed["saved_path"]
        assert histories(world) == 1, "it was settled by then"


@pytest.mark.parametrize("tool", HOMECOMING)
async def test_bringing_videos_home_looks_into_the_history_no_more_often_than_looking_at_tasks(
    world: World, tool: str
) -> None:
    world.simulator.weather.coming("POST", Fault.NONE, Fault.LOSE_REQUEST)
    async with world.client() as agent:
        task_id = (await agent.ok("create_wanx_task", **ORDER, request_id="1"))["task_id"]
        world.clock.advance(3600)
        await agent.error("create_wanx_task", **{**ORDER, "prompt": "a ship"})
        for _ in range(6):
            assert not (await agent.call(tool, task_id=task_id)).is_error
            await agent.ok("get_wanx_task", task_id=task_id)
            world.clock.advance(5)
        assert histories(world) == 3


async def test_a_video_that_was_saved_before_its_order_was_found_belongs_to_the_order_then(world: World) -> None:
    blind = True

    def perhaps_without_ids(body: dict[str, Any]) -> None:
        if blind:
            rows_without_ids(body)

    rewriting(world, perhaps_without_ids, "/histories")
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        (task,) = world.simulator.store.all()
        world.clock.advance(3600)
        path = (await agent.ok("save_wanx_video", task_id=task.task_id))["path"]
        world.clock.advance(10)
        (doubt,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert (doubt["status"], doubt["booked_usd"]) == ("unknown", 0.28)
        assert not {"task_id", "saved_path"} & set(doubt)
        blind = False
        world.clock.advance(10)
        (found,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert (found["task_id"], found["status"], found["saved_path"]) == (task.task_id, "completed", path)
    assert (found["booked_usd"], found["charged_usd"]) == (0.28, 0.28)


async def test_an_order_waits_for_its_own_look_into_the_history_beside_calls_that_do_without(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        await agent.ok("list_wanx_tasks")
        for _ in range(5):
            before = histories(world)
            async with anyio.create_task_group() as group:
                group.start_soon(agent.ok, "list_wanx_tasks")
                group.start_soon(lambda: agent.error("create_wanx_task", **ORDER))
            assert histories(world) == before + 1


async def test_a_row_whose_task_type_is_spelt_otherwise_is_looked_at(world: World) -> None:
    rewriting(world, rows_with_another_spelling, "/histories")
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "pending"


async def test_a_clock_that_was_mended_after_the_order_hides_nothing(world: World) -> None:
    world.simulator.skew = timedelta(hours=1)
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        world.simulator.skew = timedelta(0)
        world.clock.advance(3700)
        for _ in range(3):
            assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["booked_usd"] == 0.28
            world.clock.advance(10)


async def test_a_task_that_is_named_beside_a_429_is_taken_and_not_ordered_again(world: World) -> None:
    data = {"task_id": "t-1", "status": "pending"}
    world.line.canned = httpx.Response(200, json={"code": 429, "message": "too many requests", "data": data})
    async with world.client() as agent:
        assert (await agent.ok("create_wanx_task", **ORDER))["task_id"] == "t-1"
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("header", ["\u00b2", "9" * 50, "Mon, 99 Foo 99999 25:61:61 GMT", "-5", "soon", ""])
async def test_a_strange_retry_after_is_still_a_plain_429(world: World, header: str) -> None:
    world.line.canned = httpx.Response(
        429, json={"code": 429}, headers=[(b"retry-after", header.encode("latin-1")), (b"date", b"Mon, 01 Jan 9998")]
    )
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("rate_limited: ")


async def test_a_call_that_is_cancelled_before_the_order_is_written_down_places_nothing(world: World) -> None:
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks")
        for patience in range(60):
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: agent.call("create_wanx_task", **ORDER, request_id="r"))
                for _ in range(patience):
                    await anyio.lowlevel.checkpoint()
                # Once its intention is written, an order belongs to the server and is no longer the call's.
                early = all(row["state"] == "declined" for row in entries(world))
                group.cancel_scope.cancel()
            if not early:
                break
            await agent.ok("list_wanx_tasks")
            assert not world.line.sent("POST"), f"cancelled after {patience} steps"


async def test_a_cancel_that_the_provider_ignores_is_no_success(world: World) -> None:
    async with world.client() as agent:
        created = await agent.ok("create_wanx_task", **ORDER)
        world.clock.advance(120)
        answering(world, lambda: httpx.Response(200, json={"code": 200, "message": "success"}), method="DELETE")
        error = await agent.error("cancel_wanx_task", task_id=created["task_id"])
    assert error.startswith("cannot_cancel: the provider took the request, but the task is processing")


async def test_a_link_that_comes_late_is_waited_for_in_short_steps(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.LATE_URL})
    world.simulator.speed = 400
    async with world.client() as agent:
        created = await agent.ok("create_wanx_task", **ORDER)
        world.clock.advance(2)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=45)
    assert seen["video_url"]
    assert world.clock.seconds() < 15


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PIAPI_BASE_URL", "https://[v1.x]"),
        ("PIAPI_BASE_URL", "https://api.pi\u200bapi.ai"),
        ("PIAPI_BASE_URL", "https://api.piapi.ai?"),
        ("PIAPI_BASE_URL", "https://user:pass@api.piapi.ai"),
        pytest.param(
            "WANX_STATE_DIR",
            "~no-such-user-here/x",
            marks=pytest.mark.skipif(os.name == "nt", reason="Windows takes any name for a user beside this one"),
        ),
        ("WANX_STATE_DIR", "relative/folder"),
    ],
)
async def test_a_wrong_address_or_folder_is_named_and_nothing_is_sent(variable: str, value: str) -> None:
    world = World({variable: value})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith(f"not_configured: {variable} ")
        assert "Charged by this call: no." in error
    assert not world.line.requests


@pytest.mark.parametrize("address", ["HTTPS://API.piapi.ai/", "https://api.piapi.ai:443", "https://api.piapi.ai"])
def test_one_provider_is_one_account_however_its_address_is_spelt(address: str) -> None:
    assert World({"PIAPI_BASE_URL": address}).settings.base_url == "https://api.piapi.ai"
