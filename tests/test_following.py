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


async def completed(world: World, agent: Agent, **order: str) -> str:
    """The id of an order whose task has ended, as the follower has found out."""
    task_id = str((await agent.order(**order))["task_id"])
    lasting(world, 5)
    await passing(world, agent, 12)
    return task_id


async def test_a_clip_is_saved_into_the_noted_folder_whatever_the_follower_s_settings_say() -> None:
    world = following()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 100)
    other = world.beside(WANX_OUTPUT_DIR=str(world.state / "elsewhere"), WANX_AUTO_SAVE="false")
    world.videos.mkdir()
    async with other.client() as agent:
        await passing(other, agent, 130)
        path = await home(agent, task_id)
    assert [str(clip) for clip in clips(world)] == [path]


async def test_a_folder_that_is_not_there_is_left_to_a_server_that_has_it() -> None:
    world = following()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 20)
    other = world.beside(WANX_OUTPUT_DIR=str(world.state / "elsewhere"))
    async with other.client() as stranger:
        await passing(other, stranger, 40)
        assert not world.videos.exists()
        async with world.client() as agent:
            for _ in range(40):
                world.clock.advance(1)
                await settled(agent)
                await settled(stranger)
            path = await home(agent, task_id)
    assert [str(clip) for clip in clips(world)] == [path]


async def test_an_order_placed_while_saving_was_switched_off_is_never_fetched() -> None:
    world = following()
    async with world.beside(WANX_AUTO_SAVE="false").client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 20)
    async with world.client() as agent:
        await passing(world, agent, 60)
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert (listed["status"], "saved_path" in seen) == ("completed", False)
    assert "save_wanx_video" in seen["next_step"]
    assert downloads(world) == 0


async def test_after_five_failures_the_task_says_why_and_a_call_can_save_it_elsewhere() -> None:
    world = following()
    world.videos.write_text("no folder")
    async with world.client() as agent:
        task_id = await completed(world, agent)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert "save_problem" not in seen
        await passing(world, agent, 300, step=5)
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
        assert "is a file, not a folder" in seen["save_problem"]
        assert "video_url" in seen
        (world.videos).unlink()
        saved = await agent.ok("save_wanx_video", task_id=task_id)
        world.clock.advance(3)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert (seen["saved_path"], "save_problem" in seen) == (saved["path"], False)
    assert len(clips(world)) == 1


async def test_a_name_given_later_renames_what_came_by_itself_but_never_over_another_file() -> None:
    world = following()
    async with world.client() as agent:
        task_id = await completed(world, agent, file_name="first")
        assert await home(agent, task_id) == str(world.videos / "first.mp4")
        (world.videos / "boat.mp4").write_bytes(b"another film")
        for _ in range(2):
            saved = await agent.ok("save_wanx_video", task_id=task_id, file_name="boat.mp4")
            assert saved["path"] == str(world.videos / "boat-2.mp4")
        assert (world.videos / "boat.mp4").read_bytes() == b"another film"
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["saved_path"] == saved["path"]
        await agent.ok("save_wanx_video", task_id=task_id, file_name="ship")
    assert [clip.name for clip in clips(world)] == ["boat.mp4", "ship.mp4"]
    assert downloads(world) == 1


async def test_a_get_never_starts_a_download() -> None:
    world = following()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
    lasting(world, 5)
    world.clock.advance(60)
    reader = world.beside()
    reader.following = False  # a server that does not follow, where a note says that the clip is to be saved
    async with reader.client() as agent:
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=20)
    assert (seen["status"], "saved_path" in seen) == ("completed", False)
    assert "saved_path" in seen["next_step"]
    assert downloads(world) == 0


async def test_a_list_that_waits_returns_with_the_first_end_and_causes_no_reads() -> None:
    world = following()
    async with world.client() as agent:
        await agent.order(prompt="short", request_id="short")
        lasting(world, 30)
        await agent.order(prompt="long", request_id="long")
        begun = world.clock.seconds()
        listed = await agent.ok("list_wanx_tasks", wait_seconds=45)
        waited = world.clock.seconds() - begun
    states = {row["request_id"]: row["status"] for row in listed["tasks"]}
    assert (states["short"], states["long"] in ("pending", "processing")) == ("completed", True)
    assert 25 < waited < 45
    assert reads(world) <= 10


async def test_open_orders_that_nobody_follows_are_read_before_they_are_listed() -> None:
    world = following()
    async with world.client() as agent:
        await agent.order()
        lasting(world, 100)
    world.clock.advance(3600)
    async with world.client() as agent:
        before = reads(world)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert reads(world) == before + 1
        assert (listed["status"], listed["as_of"][:13]) == ("completed", "2026-01-01T01")
