"""When an order of unknown outcome counts as proved absent: never by a wrong history, always by a right one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest

from tests.lost import (
    MINUTE,
    ORDER,
    PROMPT,
    an_hour_with_canaries,
    booked,
    bought,
    canary,
    entry,
    listed,
    lose,
    pass_minutes,
)
from tests.world import KEY, World
from wanx_mcp.simulator.quirks import clocks, history
from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
HOUR = 60 * MINUTE

HISTORIES = [name for name in QUIRKS if name.startswith("history_") and name != "history_unlisted"]
CLOCKS = [name for name in QUIRKS if name.startswith("clock_")]
ECHOES = ["echo_extended", "echo_cut_short", "echo_no_prompt", "echo_empty", "echo_null", "echo_type_renamed"]
MODELS = ["echo_model_renamed", "echo_model_case"]
DENIALS = ["task_young", "task_forgotten", "task_html_404", "task_always_500", "id_another"]


def in_local_time(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=8)).replace(tzinfo=None).isoformat()


def rows_in_local_time(body: dict[str, Any]) -> None:
    for row in body["data"]["data"]:
        row["created_at"] = in_local_time(row["created_at"])


def tasks_in_local_time(body: dict[str, Any]) -> None:
    meta = body["data"]["meta"]
    meta["created_at"] = in_local_time(meta["created_at"])


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something that another task of this process does."""
    while not happened():  # noqa: ASYNC110  # the ledger on disk sets no event
        await anyio.sleep(0.01)


async def until_released(world: World) -> None:
    """Let time pass until the lost order is released: a server that has just looked sleeps from *its* now on."""
    with anyio.fail_after(120):
        while entry(world)["state"] != "released":
            world.clock.advance(1)
            await anyio.sleep(0.01)


# What arrived is not bought again, however the provider differs


@pytest.mark.parametrize("name", [*HISTORIES, *CLOCKS, *ECHOES, *MODELS, *DENIALS])
@pytest.mark.parametrize("before", [True, False], ids=["canary before", "canaries after"])
async def test_what_arrived_is_not_bought_again(world: World, name: str, before: bool) -> None:
    world.simulator.weather.quirks = (QUIRKS[name],)
    async with world.client() as agent:
        if before:
            await canary(agent, 0)
            world.clock.advance(MINUTE)
        await lose(world, agent)
        await an_hour_with_canaries(world, agent)
    assert bought(world) == 1
    assert booked(world) >= world.simulator.consumed()


@pytest.mark.parametrize("name", [*ECHOES, *MODELS, "history_row_other_type", "history_row_without_type", *DENIALS])
async def test_what_is_odd_about_the_lost_task_alone_does_not_buy_it_again(world: World, name: str) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_ANSWER, QUIRKS[name])
        await an_hour_with_canaries(world, agent)
    assert bought(world) == 1


@pytest.mark.parametrize(("path", "change"), [("histories", rows_in_local_time), ("/v1/task/", tasks_in_local_time)])
async def test_a_list_and_its_tasks_may_be_dated_otherwise(
    world: World, path: str, change: Callable[[dict[str, Any]], None]
) -> None:
    world.line.rewrite(change, path)
    async with world.client() as agent:
        await canary(agent, 0)
        world.clock.advance(20 * MINUTE)
        await lose(world, agent)
        await an_hour_with_canaries(world, agent)
        row = await listed(agent)
    assert bought(world) == 1
    assert row is not None
    assert "task_id" in row


async def test_rows_whose_dates_follow_no_rule_prove_nothing(world: World) -> None:
    def scrambled(body: dict[str, Any]) -> None:
        for number, row in enumerate(body["data"]["data"]):
            date = datetime.fromisoformat(row["created_at"][:26] + "+00:00") - timedelta(minutes=7 * number)
            row["created_at"] = date.isoformat()

    world.line.rewrite(scrambled, "histories")
    async with world.client() as agent:
        await canary(agent, 0)
        await canary(agent, 1)
        world.clock.advance(MINUTE)
        await lose(world, agent)
        await an_hour_with_canaries(world, agent)
    assert bought(world) == 1


@pytest.mark.parametrize("minutes", [4, 9, 11, 14, 16, 30, 44])
@pytest.mark.parametrize("age", [0, 3, 12, 40])
async def test_a_history_that_lags_behind_proves_nothing_too_early(world: World, minutes: int, age: int) -> None:
    world.simulator.weather.quirks = (history.lag(minutes),)
    async with world.client() as agent:
        await canary(agent, 0)
        world.clock.advance(age * MINUTE)
        await lose(world, agent)
        for _ in range(20):
            world.clock.advance(3 * MINUTE)
            await agent.ok("list_wanx_tasks")
            await agent.call("create_wanx_task", **ORDER)
    assert bought(world) == 1


@pytest.mark.parametrize("hours", [-9, -1, 1, 9])
@pytest.mark.parametrize("when", ["ahead at the order", "jumps after it", "jumps between the looks"])
async def test_our_clock_may_be_wrong_or_set(world: World, hours: int, when: str) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        if when == "ahead at the order":
            world.clock.shift(hours * HOUR)
            world.simulator.skew -= timedelta(hours=hours)
        await lose(world, agent, Fault.LOSE_ANSWER, QUIRKS["echo_extended"])
        if when == "ahead at the order":
            world.clock.shift(-hours * HOUR)
            world.simulator.skew += timedelta(hours=hours)
        for _ in range(12):
            if when == "jumps between the looks":
                world.clock.shift(hours * HOUR)
                world.simulator.skew -= timedelta(hours=hours)
            world.clock.advance(1)
            await agent.ok("list_wanx_tasks")
            if when == "jumps after it" and hours:
                world.clock.shift(hours * HOUR)
                world.simulator.skew -= timedelta(hours=hours)
                hours = 0
            await canary(agent, 1)
            await agent.call("create_wanx_task", **ORDER)
    assert bought(world) == 1


@pytest.mark.parametrize("offset", [0, 10, 50, 59])
@pytest.mark.parametrize("seconds", [300, 1200, 3600])
async def test_dates_out_of_a_cache_do_not_hide_an_order(world: World, seconds: int, offset: int) -> None:
    """The Date header is up to `seconds` old, and nothing says so; the dates of tasks are right."""
    world.simulator.weather.quirks = (clocks.cached_date(seconds, age=False),)
    world.clock.advance(offset * MINUTE)
    async with world.client() as agent:
        await canary(agent, 0)
        world.clock.advance(seconds / 3)
        await lose(world, agent, Fault.LOSE_ANSWER, QUIRKS["echo_extended"])
        for number in range(24):
            world.clock.advance(seconds / 4)
            await canary(agent, 1 + number // 4)
            await agent.ok("list_wanx_tasks")
            await agent.call("create_wanx_task", **ORDER)
    assert bought(world) == 1


async def test_a_canary_has_to_be_of_the_same_key(world: World) -> None:
    world.simulator.accounts = {KEY: "one", "another-key-12": "one"}
    other = world.beside(PIAPI_API_KEY="another-key-12")
    own = replace(history.lag(0), hides=lambda view: view.task is not None and view.task.input["prompt"] == PROMPT)
    world.simulator.weather.quirks = (own,)  # a list that shows nothing of the first key
    async with world.client() as agent, other.client() as second:
        await lose(world, agent)
        for number in range(8):
            world.clock.advance(6 * MINUTE)
            await canary(second, number)
            await second.ok("list_wanx_tasks")
            await second.call("create_wanx_task", **ORDER)
    assert bought(world) == 1


async def test_a_list_of_finished_tasks_does_not_prove_that_an_open_one_is_absent(world: World) -> None:
    world.simulator.weather.quirks = (QUIRKS["history_thin"],)
    async with world.client() as agent:
        done = await canary(agent, 0)
        world.clock.advance(HOUR)
        assert (await agent.ok("get_wanx_task", task_id=done))["status"] == "completed"
        await lose(world, agent)
        world.simulator.speed = 0.01
        await pass_minutes(world, agent, 30)
        assert entry(world)["state"] != "released"


async def test_one_reading_is_not_enough_and_two_are_minutes_apart(world: World) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        await listed(agent)
        world.clock.advance(11 * MINUTE)
        for _ in range(29):
            row = await listed(agent)
            assert row is not None
            assert row["status"] == "unknown"
            world.clock.advance(10)
        world.clock.advance(20)
        assert await listed(agent) is None


async def test_before_ten_minutes_a_reading_proves_nothing(world: World) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        for _ in range(9):
            world.clock.advance(MINUTE)
            await listed(agent)
            assert entry(world)["absent_at"] is None
        world.clock.advance(6 * MINUTE)
        await listed(agent)
        assert entry(world)["absent_at"] is not None


async def test_the_rows_of_two_pages_may_move_while_they_are_read(world: World) -> None:
    for number in range(150):
        world.simulator.place(KEY, "txt2video-1.3b", {"prompt": f"{number}"}, age=200 + number)
    for name in ("history_departures", "history_arrivals", "history_page_repeats", "history_total_too_small"):
        world.simulator.weather.quirks = (QUIRKS[name],)
        async with world.client() as agent:
            await canary(agent, 0)
            await lose(world, agent, **{**ORDER, "request_id": name, "prompt": f"{PROMPT} {name}"})
            for number in range(150):
                world.simulator.place(KEY, "txt2video-1.3b", {"prompt": f"{number}"}, age=-200)
            await pass_minutes(world, agent, 30)
            await agent.call("create_wanx_task", **{**ORDER, "request_id": name, "prompt": f"{PROMPT} {name}"})
        assert bought(world, f"{PROMPT} {name}") == 1, name


async def test_a_missing_task_of_ours_makes_a_reading_worthless(world: World) -> None:
    hidden = set[str]()
    hiding = replace(history.lag(0), hides=lambda view: view.task is not None and view.task.task_id in hidden)
    world.simulator.weather.quirks = (hiding,)
    async with world.client() as agent:
        first = await canary(agent, 0)
        await agent.ok("get_wanx_task", task_id=first)
        world.clock.advance(2 * MINUTE)
        task = await lose(world, agent)
        assert task is not None
        hidden |= {first, task.task_id}
        world.clock.advance(2 * MINUTE)
        await canary(agent, 1)
        row = await pass_minutes(world, agent, 45)
        assert row is not None
        assert row["status"] == "unknown"
        assert f"the history does not show task {first} of yours either" in entry(world)["look"]


# What never arrived at a healthy provider is freed


@pytest.mark.parametrize("restart", [False, True], ids=["one process", "restarted in between"])
@pytest.mark.parametrize("canaries", ["before", "after", "both", "finished"])
async def test_what_never_arrived_is_freed_within_45_minutes(world: World, canaries: str, restart: bool) -> None:
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(world.client())
        if canaries in ("before", "both"):
            await canary(agent, 0)
            world.clock.advance(MINUTE)
        if canaries == "finished":  # this history has shown an unfinished task once: it lists all
            await canary(agent, 0)
            await lose(world, agent, Fault.LOSE_REQUEST, **{**ORDER, "request_id": "older", "prompt": "older"})
            await listed(agent)
            world.clock.advance(25 * MINUTE)
        await lose(world, agent, Fault.LOSE_REQUEST)
        if canaries in ("after", "both"):
            world.clock.advance(20 * MINUTE)
            await canary(agent, 1)
        if restart:
            world.clock.advance(MINUTE)
            await listed(agent)
            await stack.aclose()
            agent = await stack.enter_async_context(world.client())
        ordered_at = entry(world)["ordered_at"]
        assert await pass_minutes(world, agent, 45, step=2) is None
        now = world.clock.now().timestamp() * 1000
        assert now - ordered_at <= 45 * MINUTE * 1000
        assert entry(world)["booked"] == 0
        assert (await agent.ok("create_wanx_task", **ORDER))["reused"] is False
    assert bought(world) == 1


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_was_wrong_at_the_order_does_not_keep_it_for_ever(world: World, hours: int) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        world.clock.shift(hours * HOUR)
        world.simulator.skew -= timedelta(hours=hours)
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.clock.shift(-hours * HOUR)
        world.simulator.skew += timedelta(hours=hours)
        world.clock.advance(2 * MINUTE)
        await canary(agent, 1)
        assert await pass_minutes(world, agent, 40) is None


async def test_the_server_looks_by_itself_about_10_and_16_minutes_after_a_doubt_arose(world: World) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        with anyio.fail_after(120):
            await until(lambda: entry(world)["looked_at"] is not None)  # an unfinished task is there to learn from
        for minutes in range(1, 18):
            world.clock.advance(MINUTE)
            looked = entry(world)["looked_at"]
            with anyio.move_on_after(120 if minutes == 11 else 0):
                await until(lambda: entry(world)["looked_at"] != looked or entry(world)["released_at"])  # noqa: B023
        await until_released(world)
    assert not [request for request in world.line.requests if "list" in request.url.path]


async def test_a_restarted_server_goes_on_looking_by_itself(world: World) -> None:
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        await listed(agent)
    world.clock.advance(11 * MINUTE)
    async with world.client() as agent:
        await agent.call("create_wanx_task", **{**ORDER, "dry_run": True})
        with anyio.fail_after(120):
            await until(lambda: entry(world)["absent_at"] is not None)
        world.clock.advance(5 * MINUTE)
        await until_released(world)


@pytest.mark.parametrize("name", ["clock_no_date", "clock_local_dates", "clock_created_off", "clock_date_off"])
async def test_without_a_date_nothing_is_released_and_with_a_strange_one_it_can_be(world: World, name: str) -> None:
    world.simulator.weather.quirks = (QUIRKS[name],)
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.clock.advance(MINUTE)
        await canary(agent, 1)
        row = await pass_minutes(world, agent, 40)
    assert (row is None) == (name != "clock_no_date")


# Released, and there after all


def late(hours: float) -> Quirk:
    """The lost task, and nothing else, is listed `hours` after it was made: no reading can know."""
    return Quirk(
        name="late",
        about="",
        lasts=Lasts.TASK,
        hides=lambda view: (
            view.task is not None
            and view.task.input.get("prompt") == PROMPT
            and view.now - view.task.created_at < timedelta(hours=hours)
        ),
    )


async def released(world: World, agent: Any, *quirks: Quirk) -> str:
    """ORDER, released though it exists, and placed again with the same request_id; the id of its first task."""
    world.simulator.weather.quirks = (late(20),)
    await canary(agent, 0)
    task = await lose(world, agent, Fault.LOSE_ANSWER, *quirks)
    assert task is not None
    assert await pass_minutes(world, agent, 40) is None
    return task.task_id


@pytest.mark.parametrize("again", [True, False])
async def test_a_released_order_that_turns_up_twenty_hours_later_is_booked_again(world: World, again: bool) -> None:
    async with world.client() as agent:
        lost = await released(world, agent)
        second = (await agent.ok("create_wanx_task", **ORDER))["task_id"] if again else None
        world.clock.advance(20 * HOUR)
        tasks = (await agent.ok("list_wanx_tasks"))["tasks"]
        found = {task["task_id"]: task for task in tasks}
        assert lost in found
        assert found[lost].get("request_id") == (None if again else "lost")
        if again:
            assert found[second]["request_id"] == "lost"
            assert (await agent.ok("create_wanx_task", **ORDER))["task_id"] == second
        else:
            assert (await agent.ok("create_wanx_task", **ORDER))["task_id"] == lost
    assert bought(world) == 1 + again
    assert booked(world) >= world.simulator.consumed()


async def test_a_released_order_that_may_have_turned_up_is_in_doubt_and_booked_again(world: World) -> None:
    async with world.client() as agent:
        lost = await released(world, agent, QUIRKS["echo_extended"])
        world.clock.advance(20 * HOUR)
        row = await listed(agent)
        assert row is not None
        assert row["status"] == "unknown"
        assert row["booked_usd"] == 0.28
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("outcome_unknown: ")
        assert lost in error
        assert "--settle" in error
    assert bought(world) == 1


async def test_after_a_day_a_released_order_is_looked_for_no_more(world: World) -> None:
    async with world.client() as agent:
        await released(world, agent)
        world.clock.advance(25 * HOUR)
        before = sum("histories" in request.url.path for request in world.line.requests)
        assert await listed(agent) is None
        assert sum("histories" in request.url.path for request in world.line.requests) == before
