"""The filters of the list: each shows its own orders, and an order whose answer was lost is under `unknown`."""

from __future__ import annotations

import pytest

from tests.world import Agent, World
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
FILTERS = ["open", "pending", "processing", "completed", "failed", "cancelled", "unknown"]


async def prompts(agent: Agent, **status: str) -> set[str]:
    """The prompts under a filter, the list saying the same of each task's state."""
    tasks = (await agent.ok("list_wanx_tasks", limit=50, **status))["tasks"]
    wanted = {"open": {"pending", "processing"}}.get(status.get("status", ""), {status.get("status")})
    assert not status or {task["status"] for task in tasks} <= wanted
    return {task["prompt"] for task in tasks}


async def test_an_order_whose_answer_was_lost_is_listed_as_unknown_with_its_booking(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="lost", request_id="r")
        await agent.order(prompt="placed")
        listed = await agent.ok("list_wanx_tasks", status="unknown")
        (lost,) = listed["tasks"]
        assert (lost["prompt"], lost["status"], lost["booked_usd"]) == ("lost", "unknown", 0.28)
        assert lost["request_id"] == "r"
        assert "task_id" not in lost
        assert listed["budget"]["spent_usd"] == 0.56
        for other in FILTERS:
            assert ("lost" in await prompts(agent, status=other)) == (other == "unknown")
        assert await prompts(agent) == {"lost", "placed"}


async def test_each_filter_shows_the_tasks_in_its_state_and_no_others(world: World) -> None:
    async with world.client() as agent:
        over = (await agent.order(prompt="completed"))["task_id"]
        world.simulator.weather.failing = 1.0
        fails = (await agent.order(prompt="failed"))["task_id"]
        world.simulator.weather.failing = 0.0
        world.clock.advance(3600)
        runs = (await agent.order(prompt="processing"))["task_id"]
        world.clock.advance(120)
        stopped = (await agent.order(prompt="cancelled"))["task_id"]
        await agent.ok("cancel_wanx_task", task_id=stopped)
        await agent.order(prompt="pending")
        for task_id in (over, fails, runs):
            await agent.ok("get_wanx_task", task_id=task_id)
        for status in ("pending", "processing", "completed", "failed", "cancelled"):
            assert await prompts(agent, status=status) == {status}
        assert await prompts(agent, status="open") == {"pending", "processing"}
        assert await prompts(agent, status="unknown") == set()


async def test_a_filter_holds_over_all_pages(world: World) -> None:
    async with world.client() as agent:
        for number in range(3):
            world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
            await agent.error("create_wanx_task", task_type="txt2video-14b", prompt=f"lost {number}")
            await agent.order(prompt=f"placed {number}")
        first = await agent.ok("list_wanx_tasks", status="unknown", limit=2)
        rest = await agent.ok("list_wanx_tasks", status="unknown", limit=2, cursor=first["next_cursor"])
    assert [task["prompt"] for task in first["tasks"]] == ["lost 2", "lost 1"]
    assert [task["prompt"] for task in rest["tasks"]] == ["lost 0"]
    assert "next_cursor" not in rest
