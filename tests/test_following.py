"""An order brings its video home by itself: followed in the background, saved once, by one process at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.following import following, passing, settled
from tests.world import Agent, World
from wanx_mcp.simulator.life import Plan

pytestmark = pytest.mark.anyio


def lasting(world: World, seconds: float) -> None:
    """Every task that is there takes so long from its order to its end."""
    for task in world.simulator.store.all():
        world.simulator.store.save(replace(task, plan=Plan(1, seconds - 1)))


def reads(world: World) -> int:
    return len([request for request in world.line.sent("GET") if "/api/v1/task/" in request.url.path])


def downloads(world: World) -> int:
    return len([request for request in world.line.requests if "/media/" in request.url.path])


def clips(world: World) -> list[Path]:
    return sorted(world.videos.glob("*.mp4"))


def parts(world: World) -> list[Path]:
    return sorted(world.videos.glob(".wanx-*"))


async def home(agent: Agent, task_id: str) -> str:
    """Where the video of a completed task has been saved by itself; its download may still run."""
    return str((await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45))["saved_path"])


async def test_the_usual_clip_is_one_order_and_waits() -> None:
    world = following()
    async with world.client() as agent:
        created = await agent.order(request_id="take-1")
        for _ in range(20):
            seen = await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=45)
            if seen["status"] == "completed":
                break
    (clip,) = clips(world)
    assert str(clip) == seen["saved_path"]
    assert clip.read_bytes()[4:8] == b"ftyp"
    assert clip.name.startswith("take-1_")
    assert seen["charged_usd"] == 0.28
    assert "tell the user" in seen["next_step"]
    assert not parts(world)
    assert downloads(world) == 1


async def test_an_order_is_followed_to_its_end_while_nobody_waits() -> None:
    world = following()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 100)
        await passing(world, agent, 140)
        await home(agent, task_id)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert (listed["status"], listed["charged_usd"]) == ("completed", 0.28)
    assert listed["saved_path"] == str(clips(world)[0])
    assert len(clips(world)) == downloads(world) == 1


async def test_a_followed_order_is_read_every_ten_to_thirty_seconds() -> None:
    world = following()
    times = list[float]()

    async def seen(request: object) -> None:
        if "/api/v1/task/" in str(getattr(request, "url", "")):
            times.append(world.clock.seconds())

    world.line.on_request = seen
    async with world.client() as agent:
        await agent.order()
        lasting(world, 10_000)
        await passing(world, agent, 200)
    assert len(times) >= 7
    assert all(9.9 <= later - earlier <= 31 for earlier, later in pairwise(times))


async def test_a_server_that_starts_goes_on_with_the_orders_of_one_that_ended() -> None:
    world = following()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 100)
    async with world.client() as agent:
        await passing(world, agent, 130)
        before = reads(world)
        assert await home(agent, task_id)
    assert before == reads(world) - 1
    assert len(clips(world)) == downloads(world) == 1


async def test_two_servers_on_one_ledger_save_each_clip_once_and_read_each_order_as_one() -> None:
    world = following()
    async with world.client() as one, world.beside().client() as other:
        orders = [(agent, f"{kind} {take}") for kind, agent in (("boat", one), ("ship", other)) for take in range(3)]
        tasks = [(await agent.order(prompt=prompt))["task_id"] for agent, prompt in orders]
        lasting(world, 100)
        for _ in range(130):
            world.clock.advance(1)
            await settled(one)
            await settled(other)
        followed = reads(world)
        paths = {await home(agent, task_id) for agent in (one, other) for task_id in tasks}
    assert paths == set(map(str, clips(world)))
    assert len(paths) == downloads(world) == 6
    assert 6 * 4 <= followed <= 6 * 13
