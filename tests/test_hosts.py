"""What real hosts do to calls: arguments of their own, waits beyond the limit, ids of their own, searches, progress."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from mcp.types import CallToolResult

from tests.world import World, text
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio

CALLS: dict[str, dict[str, Any]] = {
    "create_wanx_task": {"task_type": "txt2video-14b", "prompt": "a boat", "dry_run": True},
    "get_wanx_task": {"task_id": "4f1a2b3c-0000-4000-8000-1234567890ab"},
    "list_wanx_tasks": {},
    "save_wanx_video": {"task_id": "4f1a2b3c-0000-4000-8000-1234567890ab"},
    "preview_wanx_video": {"task_id": "4f1a2b3c-0000-4000-8000-1234567890ab"},
    "cancel_wanx_task": {"task_id": "4f1a2b3c-0000-4000-8000-1234567890ab"},
}


@pytest.mark.parametrize("value", [True, False, None, "x", 3, [1], {"a": 1}])
@pytest.mark.parametrize("tool", CALLS)
async def test_an_argument_that_a_host_adds_for_itself_changes_nothing(tool: str, value: Any) -> None:
    async with World().client() as agent:
        plain = await agent.call(tool, **CALLS[tool])
        added = await agent.call(tool, **CALLS[tool], wait_for_previous=value)
    assert text(added) == text(plain)


@pytest.mark.parametrize("name", ["Wait_for_previous", "wait_for_previous ", "wait_for", "wait", "_meta"])
async def test_every_other_unknown_argument_is_still_refused(world: World, name: str) -> None:
    async with world.client() as agent:
        for tool, given in CALLS.items():
            assert "is not an argument of this call" in await agent.error(tool, **given, **{name: True})
    assert not world.line.requests


@pytest.mark.parametrize("asked", [45, 46, 60, 600, "120", 90.0, 10**12])
async def test_a_wait_beyond_the_limit_is_cut_to_it(world: World, asked: Any) -> None:
    async with world.client() as agent:
        order, begun = await agent.order(), world.clock.seconds()
        seen = await agent.ok("get_wanx_task", task_id=order["task_id"], wait_seconds=asked)
    assert seen["status"] == "processing"
    assert world.clock.seconds() - begun <= 48


@pytest.mark.parametrize("asked", [-1, "-1", 1.5, "soon", True, [], "1e3"])
async def test_a_wait_that_is_no_time_is_refused(world: World, asked: Any) -> None:
    async with world.client() as agent:
        error = await agent.error("get_wanx_task", task_id="x", wait_seconds=asked)
    assert error.startswith("invalid_arguments: wait_seconds ")
    assert not world.line.requests


async def test_a_deferred_create_is_found_by_what_a_person_would_ask_for(world: World) -> None:
    async with world.client() as agent:
        tools = (await agent.client.list_tools()).tools
    hint = json.dumps(next(tool.meta for tool in tools if tool.name == "create_wanx_task"))
    for words in ("make a video", "text to video", "image to video"):
        assert words in hint
    assert "anthropic/searchHint" in hint


@pytest.mark.parametrize(
    ("task_id", "why"),
    [
        ("https://img.theapi.app/x.mp4", "it looks like a link"),
        ("/home/me/boat.mp4", "it looks like the name of a file"),
        ("boat.mp4", "it looks like the name of a file"),
        ("take-1", "it may be an id of your own program"),
        ("bash_3f2a", "it may be an id of your own program"),
    ],
)
@pytest.mark.parametrize("tool", ["get_wanx_task", "save_wanx_video", "preview_wanx_video", "cancel_wanx_task"])
async def test_an_unknown_id_that_cannot_be_the_providers_is_told_by_its_shape(
    world: World, tool: str, task_id: str, why: str
) -> None:
    async with world.client() as agent:
        error = await agent.error(tool, task_id=task_id)
    assert error.startswith("task_not_found: ")
    assert why in error


async def test_an_unknown_id_of_the_right_shape_is_not_doubted(world: World) -> None:
    async with world.client() as agent:
        assert "may not be a task_id" not in await agent.error("get_wanx_task", **CALLS["get_wanx_task"])


async def test_progress_is_reported_once_per_step(world: World) -> None:
    times: list[float] = []

    async def note(_progress: float, _total: float | None, _message: str | None) -> None:
        times.append(world.clock.seconds())

    async with world.client() as agent:
        order = await agent.order()
        world.clock.advance(300)
        result = await agent.client.call_tool(
            "get_wanx_task", {"task_id": order["task_id"], "wait_seconds": 45}, progress_callback=note
        )
    assert isinstance(result, CallToolResult)
    assert len(times) > 3
    assert len(times) == len({round(time) for time in times}), times


# Money in words


async def test_a_dry_run_beyond_the_budget_does_not_call_the_order_valid_and_says_what_is_missing_and_when() -> None:
    world = World({"WANX_DAILY_BUDGET_USD": "0.60"})
    async with world.client() as agent:
        await agent.order(prompt="one")
        world.clock.advance(600)
        await agent.order(prompt="two")
        said = text(await agent.call("create_wanx_task", task_type="txt2video-14b", prompt="three", dry_run=True))
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="three")
    assert said.startswith("Over the budget: txt2video-14b, $0.28, needs $0.28; $0.04 is left of WANX_DAILY_BUDGET_USD")
    assert "$0.24 is missing; room returns at 00:01 UTC" in said
    assert "this order needs $0.28; $0.56 of the $0.60 daily budget is already used, $0.04 is left" in error
    assert "room returns at 00:01 UTC" in error


async def test_room_is_promised_for_the_time_at_which_the_order_goes_through() -> None:
    world = World({"WANX_DAILY_BUDGET_USD": "0.60"})
    dear = {"task_type": "wan26-txt2video", "prompt": "three"}  # $0.40: both of the others have to leave first
    async with world.client() as agent:
        for prompt in ("one", "two"):
            await agent.order(prompt=prompt)
            world.clock.advance(600)
        seen = await agent.ok("create_wanx_task", **dear, dry_run=True)
        room_at = datetime.fromisoformat(seen["budget"]["room_at"])
        assert "00:10" <= f"{room_at:%H:%M}" <= "00:11"  # rounded up to the minute
        world.clock.advance((room_at - world.clock.now()).total_seconds() - 70)
        assert (await agent.error("create_wanx_task", **dear)).startswith("budget_exceeded: ")
        world.clock.advance((room_at - world.clock.now()).total_seconds())
        assert not (await agent.order(**dear))["reused"]


async def test_an_order_that_is_dearer_than_the_whole_budget_is_promised_no_room() -> None:
    async with World({"WANX_DAILY_BUDGET_USD": "0.20"}).client() as agent:
        result = await agent.call("create_wanx_task", task_type="txt2video-14b", prompt="x", dry_run=True)
    assert "room returns" not in text(result)
    assert "$0.08 is missing" in text(result)


async def test_a_dry_run_with_a_used_request_id_says_that_it_costs_nothing(world: World) -> None:
    async with world.client() as agent:
        order = await agent.order(request_id="take-1")
        again = await agent.call(
            "create_wanx_task", task_type="txt2video-14b", prompt="a boat", request_id="take-1", dry_run=True
        )
        other = await agent.error(
            "create_wanx_task", task_type="txt2video-14b", prompt="a ship", request_id="take-1", dry_run=True
        )
        new = await agent.ok(
            "create_wanx_task", task_type="txt2video-14b", prompt="a boat", request_id="take-2", dry_run=True
        )
    assert text(again).startswith(f"Already ordered: this request_id has task {order['task_id']}")
    assert "Ordering with it again costs nothing" in text(again)
    facts = dict(again.structured_content or {})
    assert (facts["reused"], facts["dry_run"], facts["task_id"]) == (True, True, order["task_id"])
    assert "request_id was used before" in other
    assert not new["reused"]
    assert len(world.line.sent("POST")) == 1


async def test_a_dry_run_opens_no_ledger_where_there_is_none(world: World) -> None:
    async with world.client() as agent:
        await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt="a", request_id="x", dry_run=True)
    assert not world.line.sent("POST")


async def test_an_unknown_order_says_when_it_was_looked_up_what_came_of_it_and_that_its_key_may_be_repeated(
    world: World,
) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    order = {"task_type": "txt2video-14b", "prompt": "a boat", "request_id": "take-1"}
    async with world.client() as agent:
        await agent.error("create_wanx_task", **order)
        world.clock.advance(300)
        error = await agent.error("create_wanx_task", **order)
    assert "It was last searched for at 2026-01-01T00:05:" in error
    assert "Z: " in error
    assert "the same call with the same request_id may be repeated at any time: nothing is placed again unless" in error
    assert len(world.line.sent("POST")) == 1
