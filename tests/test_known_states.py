"""What is known is told: from the ledger, with its age, whenever the provider cannot be asked."""

from __future__ import annotations

import httpx
import pytest

from tests.world import World
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio


def down(world: World) -> None:
    """From now on the provider cannot be reached."""
    world.line.broken = [httpx.ConnectError("no route")] * 1000


async def test_every_ended_order_is_told_while_the_provider_is_down(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(3600)
        saved = (await agent.ok("save_wanx_video", task_id=task_id))["path"]
        down(world)
        world.clock.advance(3600)
        for wait in (0, 5):
            seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=wait)
            assert (seen["status"], seen["charged_usd"], seen["saved_path"]) == ("completed", 0.28, saved)
            assert seen["as_of"] == "2026-01-01T01:00:00Z"
    async with world.client() as agent:
        assert (await agent.ok("get_wanx_task", task_id=task_id))["saved_path"] == saved


async def test_what_was_read_just_now_has_no_age(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        assert "as_of" not in await agent.ok("get_wanx_task", task_id=task_id)


async def test_a_wait_for_an_order_never_read_is_answered_at_its_end(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        down(world)
        begun = world.clock.seconds()
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=30)
    assert (seen["status"], seen["as_of"]) == ("pending", "2026-01-01T00:00:00Z")
    assert 30 <= world.clock.seconds() - begun < 35
    assert "wait_seconds" in seen["next_step"]


async def test_nothing_known_is_an_error(world: World) -> None:
    down(world)
    async with world.client() as agent:
        for wait in (0, 3):
            error = await agent.error("get_wanx_task", task_id="ordered-elsewhere", wait_seconds=wait)
            assert error.startswith("unreachable: ")
            assert "Known of this task" not in error


async def test_an_error_about_a_known_task_says_what_is_known_of_it(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        error = await agent.error("save_wanx_video", task_id=task_id)
        assert error.startswith("not_finished: ")
        assert "Known of this task: pending at 2026-01-01T00:00:00Z, $0.28 is booked for it. Next: " in error
        world.clock.advance(3600)
        error = await agent.error("cancel_wanx_task", task_id=task_id)
        assert "Known of this task: completed at 2026-01-01T01:00:00Z, it cost $0.28. Next: " in error
        world.line.canned = httpx.Response(401, json={"code": 401, "message": "invalid API key", "data": None})
        world.clock.advance(3)
        error = await agent.error("get_wanx_task", task_id=task_id)
        assert error.startswith("unauthorized: ")
        assert "it cost $0.28" in error


async def test_a_filter_that_leaves_nothing_says_so_and_sells_nothing(world: World) -> None:
    async with world.client() as agent:
        for number in range(4):
            await agent.order(prompt=f"boat {number}")
        result = await agent.call("list_wanx_tasks", status="failed")
        told = " ".join(block.text for block in result.content if block.type == "text")
        assert "No failed orders; 4 others." in told
        assert "create_wanx_task" not in told


async def test_a_list_has_one_honest_bill(world: World) -> None:
    limited = world.beside(WANX_DAILY_BUDGET_USD="2")
    async with limited.client() as agent:
        first = (await agent.order(prompt="one"))["task_id"]
        world.clock.advance(3600)
        await agent.ok("get_wanx_task", task_id=first)
        await agent.order(prompt="two", request_id="second")
        world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
        await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="three")
        listed = await agent.ok("list_wanx_tasks")
    sums = [listed[name] for name in ("charged_usd", "reserved_usd", "unknown_usd", "remaining_usd")]
    assert sum(sums[:3]) == pytest.approx(listed["budget"]["spent_usd"])
    assert sums[0] == pytest.approx(0.28)
    assert sums[3] == listed["budget"]["remaining_usd"]
    assert listed["room_at"] == "2026-01-02T00:00:00Z"
    assert [row.get("request_id") for row in listed["tasks"]][1] == "second"
    assert all(row["as_of"] for row in listed["tasks"])
