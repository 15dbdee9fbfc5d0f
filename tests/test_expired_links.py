"""Links that end as the provider's store ends them: a fresh one is asked for, or the agent hears of the loss."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest

from tests.test_doctor import simulated
from tests.world import Agent, World, text
from wanx_mcp.simulator.weather import Variant

pytestmark = pytest.mark.anyio
SAVE = "save_wanx_video"
HOMEWARD = [SAVE, "preview_wanx_video"]
GONE = re.compile(
    r"download_failed: the video link has expired \(the media host answered 404 NoSuchKey\), and the provider has no "
    r"other link\. Charged by this call: no\. Known of this task: completed at [^,]+, it cost \$0\.28\. "
    r"Next: let the user try the link from get_wanx_task in a browser; if it does not open there either, the clip is "
    r"gone: .*; order again only if the user wants to pay for it again\."
)


async def finished(world: World, agent: Agent) -> str:
    """A task whose video has been there for a second: drawn already, which a busy machine takes its time for."""
    task_id = str((await agent.order())["task_id"])
    task = world.simulator.store.find(task_id)
    assert task is not None
    await world.simulator.clips.of(task)
    world.clock.advance((task.ended_at - world.clock.now()).total_seconds() + 1)
    return task_id


def looks(world: World, task_id: str) -> list[str]:
    """What was asked of the provider and of its store, in that order: `task`, or the end of a signature."""
    found = []
    for request in world.line.sent("GET"):
        url = urlsplit(str(request.url))
        if url.path == f"/api/v1/task/{task_id}":
            found.append("task")
        elif url.path == f"/media/{task_id}.mp4":
            found.append(parse_qs(url.query).get("Expires", ["video"])[0])
    return found


@pytest.mark.parametrize("tool", HOMEWARD)
async def test_a_link_that_has_ended_since_it_was_read_is_read_again(world: World, tool: str) -> None:
    weather = world.simulator.weather
    weather.variants, weather.link_life = frozenset({Variant.SIGNED_URL}), timedelta(seconds=1)
    async with world.client() as agent:
        task_id = await finished(world, agent)
        link = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        world.clock.advance(1.5)  # the link is over, and what was read is still remembered
        result = await agent.call(tool, task_id=task_id)
        assert not result.is_error, text(result)
        (old,) = parse_qs(urlsplit(link).query)["Expires"]
        *before, fresh = looks(world, task_id)
        assert before == ["task", old, "task"]
        assert int(fresh) > int(old)
        assert "Signature" not in text(result)
        assert len(list(world.videos.glob("*.mp4"))) == 1


@pytest.mark.parametrize("tool", HOMEWARD)
async def test_a_clip_that_is_gone_is_an_error_that_says_so(world: World, tool: str) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "completed"
        world.clock.advance(24 * 3600)
        del world.line.requests[:]
        assert GONE.fullmatch(await agent.error(tool, task_id=task_id))
        assert looks(world, task_id) == ["task", "video", "task", "video"]
        assert not list(world.videos.iterdir())
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert seen["next_step"].startswith("let the user try the link in a browser, since its host refused it here")
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert "saved_path" not in listed


@pytest.mark.parametrize("tool", HOMEWARD)
async def test_a_clip_of_a_task_that_the_provider_has_forgotten_is_gone_with_its_link(world: World, tool: str) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        await agent.ok("get_wanx_task", task_id=task_id)
        world.simulator.store.forget(task_id)
        world.clock.advance(24 * 3600)
        assert GONE.fullmatch(await agent.error(tool, task_id=task_id))


async def test_a_clip_whose_link_was_never_seen_is_gone_with_its_task(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.LATE_URL})
    async with world.client() as agent:
        task_id = await finished(world, agent)
        assert "video_url" not in await agent.ok("get_wanx_task", task_id=task_id)
        world.simulator.store.forget(task_id)
        world.clock.advance(3)
        assert (await agent.error(SAVE, task_id=task_id)).startswith("not_finished: ")
        await agent.order(prompt="another boat")
        world.clock.advance(600)
        told = await agent.error(SAVE, task_id=task_id)
    assert told.startswith("download_failed: the provider no longer knows this task")
    assert re.search("Charged by this call: no. Known of this task: .* Next: tell the user that the clip is gone", told)


async def test_a_saved_clip_outlives_its_link(world: World) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        path = (await agent.ok(SAVE, task_id=task_id))["path"]
        world.clock.advance(24 * 3600)
        result = await agent.call(SAVE, task_id=task_id)
        assert text(result).startswith("Already saved")
        assert path in text(result)


async def test_the_store_of_the_simulator_answers_as_stores_do(world: World) -> None:
    weather = world.simulator.weather
    weather.variants = frozenset({Variant.SIGNED_URL})
    async with world.client() as agent, httpx.AsyncClient(transport=world.line) as store:
        task_id = await finished(world, agent)
        link = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        assert (await store.get(link)).status_code == 200
        assert (await store.get(link.replace("Signature=", "Signature=0"))).status_code == 403
        world.clock.advance(weather.link_life.total_seconds() + 1)
        over = await store.get(link)
        assert (over.status_code, over.headers["content-type"]) == (403, "application/xml")
        assert "<Code>AccessDenied</Code>" in over.text
        weather.link_life = timedelta(days=2)
        fresh = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        assert (await store.get(fresh)).status_code == 200
        world.clock.advance(24 * 3600)
        deleted = await store.get(fresh)
        assert (deleted.status_code, "<Code>NoSuchKey</Code>" in deleted.text) == (404, True)


async def test_whoever_runs_the_simulator_says_how_long_videos_are_kept(tmp_path: Path) -> None:
    with simulated(tmp_path / "state", "--keep", "0", "--speed", "1000") as url:
        world = World({"PIAPI_BASE_URL": url}, wired=True)
        async with world.client() as agent:
            task_id = (await agent.order())["task_id"]
            with anyio.fail_after(60):
                while (await agent.ok("get_wanx_task", task_id=task_id))["status"] != "completed":
                    world.clock.advance(3)
            assert GONE.fullmatch(await agent.error(SAVE, task_id=task_id))
