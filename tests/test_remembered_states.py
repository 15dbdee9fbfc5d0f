"""What the ledger keeps of a task as it is read, and tells when the provider has forgotten it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import Agent, World
from wanx_mcp.simulator.weather import Variant

pytestmark = pytest.mark.anyio
HOUR = 3600


async def forgotten(world: World, agent: Agent, task_id: str) -> dict[str, Any]:
    """The task as it is told once the provider does not know it any more."""
    world.simulator.store.forget(task_id)
    world.clock.advance(HOUR)
    return await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)


async def listed(agent: Agent) -> dict[str, Any]:
    """The only order of the list, which is told from the ledger."""
    (task,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    return dict(task)


async def test_why_a_task_failed_is_kept(world: World) -> None:
    world.simulator.weather.failing = 1.0
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        later = await forgotten(world, agent, task_id)
    assert seen["error_message"]
    assert (later["status"], later["error_message"]) == ("failed", seen["error_message"])


async def test_a_link_that_comes_after_the_end_is_kept(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.LATE_URL})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        links: list[str | None] = []
        while not links or (links[-1] is None and len(links) < 60):
            world.clock.advance(30)
            links.append((await agent.ok("get_wanx_task", task_id=task_id)).get("video_url"))
        assert (await listed(agent))["video_url"] == links[-1]
        assert (await forgotten(world, agent, task_id))["video_url"] == links[-1]


async def test_a_fresh_link_replaces_the_old_one(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.SIGNED_URL})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        old = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        world.clock.advance(HOUR)
        new = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        assert new != old
        assert (await listed(agent))["video_url"] == new


async def test_what_a_task_cost_is_kept_when_a_later_answer_is_silent_about_it(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        charged = (await agent.ok("get_wanx_task", task_id=task_id))["charged_usd"]
        world.simulator.weather.variants = frozenset({Variant.NO_USAGE})
        world.clock.advance(10)
        await agent.ok("get_wanx_task", task_id=task_id)
        assert (await listed(agent))["charged_usd"] == charged == 0.28
        assert (await forgotten(world, agent, task_id))["charged_usd"] == charged


async def test_a_cost_that_is_told_late_is_kept(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.NO_USAGE})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        await agent.ok("get_wanx_task", task_id=task_id)
        assert "charged_usd" not in await listed(agent)
        world.simulator.weather.variants = frozenset()
        world.clock.advance(10)
        await agent.ok("get_wanx_task", task_id=task_id)
        assert (await listed(agent))["charged_usd"] == 0.28
