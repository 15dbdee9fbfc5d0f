"""A task that the provider says it does not know: when that is believed, and what it means for money and repeats."""

from __future__ import annotations

from typing import Any

import pytest

from tests.handles import Handles, standing
from tests.provider_answers import answering, page
from tests.world import Agent, World, text
from wanx_mcp.simulator.quirks.denials import young
from wanx_mcp.simulator.quirks.table import named

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
MINUTE, HOUR = 60, 3600
LOST = "The provider has lost task"


async def told(agent: Agent, task_id: str, **arguments: Any) -> str:
    """The text about a task; its structured result says the same of what comes next."""
    result = await agent.call("get_wanx_task", task_id=task_id, **arguments)
    assert not result.is_error, text(result)
    return text(result)


async def looked_at(world: World, agent: Agent, task_id: str, minutes: int) -> str:
    """What is said of the task in the end, after a look each minute."""
    said = await told(agent, task_id)
    for _ in range(minutes):
        world.clock.advance(MINUTE)
        said = await told(agent, task_id)
    return said


def asked(world: World, part: str) -> int:
    return sum(part in request.url.path for request in world.line.requests)


async def lost(world: World, agent: Agent, **order: Any) -> str:
    """A task of ours that the provider has lost, while another one is still there."""
    task_id: str = (await agent.order(**order))["task_id"]
    await agent.order(prompt="another boat", task_type="txt2video-1.3b")
    world.simulator.store.forget(task_id)
    return task_id


async def test_a_young_task_that_is_denied_for_seconds_is_waited_for(world: World) -> None:
    world.simulator.weather.quirks = (young(30),)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert (seen["status"], seen["poll_after_seconds"] > 0) == ("pending", True)
        assert task_id in seen["next_step"]
        for _ in range(20):
            seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
            if seen["status"] == "completed":
                break
    assert "video_url" in seen


@pytest.mark.parametrize("quirk", ["task_html_404", "task_plain_404", "task_always_500"])
async def test_pages_of_a_gateway_never_make_a_task_lost(world: World, quirk: str) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        await agent.order(prompt="another boat")
        world.simulator.weather.quirks_of[task_id] = named(quirk)
        for _ in range(30):
            result = await agent.call("get_wanx_task", task_id=task_id)
            assert LOST not in text(result)
            assert "order again" not in text(result)
            world.clock.advance(MINUTE)
        again = await agent.order()
        assert (again["task_id"], again["reused"]) == (task_id, True)
    assert len(world.line.sent("POST")) == 2


async def test_a_task_denied_over_ten_minutes_beside_one_that_is_answered_is_lost(world: World) -> None:
    async with world.client() as agent:
        task_id = await lost(world, agent)
        said = await looked_at(world, agent, task_id, 9)
        assert LOST not in said
        assert "this may be temporary" in said
        world.clock.advance(MINUTE)
        result = await agent.ok("get_wanx_task", task_id=task_id)
        assert result["next_step"].startswith("tell the user that this task is lost")
        assert "poll_after_seconds" not in result
        assert LOST in await told(agent, task_id)


async def test_a_lost_task_stays_booked_for_its_day(world: World) -> None:
    async with world.client() as agent:
        task_id = await lost(world, agent)
        await looked_at(world, agent, task_id, 10)
        for hours, spent in ((22, 0.4), (3, 0.0)):
            assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0.4
            world.clock.advance(hours * HOUR)
            assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == spent


@pytest.mark.parametrize("key", [{}, {"request_id": "new"}])
async def test_a_new_order_may_be_placed_beside_a_lost_one_and_its_old_key_says_what_became_of_it(
    world: World, key: dict[str, str]
) -> None:
    async with world.client() as agent:
        task_id = await lost(world, agent, request_id="old")
        await looked_at(world, agent, task_id, 10)
        result = await agent.call("create_wanx_task", **ORDER, request_id="old")
        old = dict(result.structured_content or {})
        assert (old["task_id"], old["reused"], "poll_after_seconds" in old) == (task_id, True, False)
        assert "was last seen pending" in text(result)
        for shown in (text(result), old["next_step"]):
            assert "the provider has lost this task" in shown
            assert "a new request_id and costs money again" in shown
        new = await agent.order(**key)
        assert new["reused"] is False
    assert len(world.line.sent("POST")) == 3


async def test_a_task_without_another_to_compare_it_with_is_not_lost_on_its_first_day(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.simulator.store.forget(task_id)
        assert LOST not in await looked_at(world, agent, task_id, 20)
        again = await agent.call("create_wanx_task", **ORDER)
        assert (again.structured_content or {})["reused"] is True
        assert "Warning: the provider could not find this task when it was last asked" in text(again)


async def test_a_task_forgotten_while_it_was_pending_does_not_block_its_repeat_for_ever(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.simulator.store.forget(task_id)
        world.clock.advance(72 * HOUR)
        assert (await agent.order())["reused"] is True
        world.clock.advance(10 * MINUTE)
        again = await agent.order()
        assert (again["reused"], again["task_id"] != task_id) == (False, True)
    assert len(world.line.sent("POST")) == 2


async def test_a_task_that_the_history_still_shows_is_not_lost(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        await agent.order(prompt="another boat")
        world.simulator.weather.quirks_of[task_id] = named("task_forgotten")
        assert LOST not in await looked_at(world, agent, task_id, 30)
        assert (await agent.order())["task_id"] == task_id


async def test_while_the_history_cannot_be_read_no_task_is_lost(world: World) -> None:
    async with world.client() as agent:
        task_id = await lost(world, agent)
        answering(world, lambda: page(404, "404 page not found"), method="GET", path="/api/open/tasks/histories")
        assert LOST not in await looked_at(world, agent, task_id, 15)


async def test_one_answer_in_between_takes_all_denials_back(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        await agent.order(prompt="another boat")
        (kept,) = [task for task in world.simulator.store.all() if task.task_id == task_id]
        world.simulator.store.forget(task_id)
        assert LOST not in await looked_at(world, agent, task_id, 9)
        world.simulator.store.save(kept)
        world.clock.advance(MINUTE)
        assert "could not find" not in await told(agent, task_id)
        world.simulator.store.forget(task_id)
        world.clock.advance(MINUTE)
        assert LOST not in await looked_at(world, agent, task_id, 9)


async def test_a_lost_task_that_turns_up_is_told_as_it_is(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        await agent.order(prompt="another boat")
        (kept,) = [task for task in world.simulator.store.all() if task.task_id == task_id]
        world.simulator.store.forget(task_id)
        assert LOST in await looked_at(world, agent, task_id, 10)
        world.simulator.store.save(kept)
        world.clock.advance(HOUR)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "completed"
        assert LOST not in await told(agent, task_id)


async def test_denials_are_checked_once_a_minute_however_often_the_task_is_read(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.simulator.store.forget(task_id)
        await looked_at(world, agent, task_id, 10)
        before = asked(world, "histories")
        for _ in range(12):
            world.clock.advance(5)
            await told(agent, task_id)
        assert asked(world, "histories") - before <= 2 * 1


async def test_a_finished_task_that_is_denied_soon_after_keeps_its_link(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        link = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
        world.simulator.store.forget(task_id)
        world.clock.advance(30)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert (seen["status"], seen["video_url"]) == ("completed", link)
        assert "give the user the video link now" in seen["next_step"]
        world.clock.advance(11 * MINUTE)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert "the link has probably expired" in seen["next_step"]


async def test_a_handle_goes_on_while_its_task_is_denied_and_ends_when_it_is_lost(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        await agent.order(prompt="another boat")
        world.simulator.store.forget(task_id)
        for _ in range(10):
            world.clock.advance(MINUTE)
            assert (await standing(agent.client.session, task_id)).status == "working"
        world.clock.advance(MINUTE)
        over = await standing(agent.client.session, task_id)
    assert over.status == "completed"
    assert LOST in str(over.result)


async def test_a_wait_goes_on_while_its_task_is_denied(world: World) -> None:
    async with world.client() as agent:
        task_id = await lost(world, agent)
        begun = world.clock.seconds()
        assert LOST not in await told(agent, task_id, wait_seconds=45)
        assert world.clock.seconds() - begun >= 44
