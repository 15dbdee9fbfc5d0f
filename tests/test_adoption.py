"""Whose a task of the history is: orders are found again by their echo and their time, and nothing else is adopted."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests import pictures as p
from tests.lost import MINUTE, ORDER, PROMPT, bought, canary, entries, entry, listed, lose, pass_minutes
from tests.place import Place
from tests.world import KEY, Agent, World, text
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.quirks.pages import stall
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
INPUT = {name: ORDER[name] for name in ("prompt", "negative_prompt", "aspect_ratio")}
CONTRADICTED = ["extended", "cut_short", "rewritten", "no_prompt", "empty", "null"]
HARMLESS = [
    *("escaped", "escaped_twice", "nfc", "nfd", "nfkc", "collapsed", "newline"),
    *("no_negative", "no_ratio", "type_renamed", "no_type", "model_case"),
]


def stranger(world: World, age: float = 0, **changes: Any) -> SimulatedTask:
    """A task that somebody ordered with the same key, elsewhere and `age` seconds ago."""
    return world.simulator.place(KEY, "txt2video-14b", {**INPUT, **changes}, age=age)


# Whatever becomes of its echo


@pytest.mark.parametrize("name", HARMLESS)
async def test_an_order_is_found_again_in_spite_of_an_echo_that_is_only_written_otherwise(
    world: World, name: str
) -> None:
    async with world.client() as agent:
        task = await lose(world, agent, Fault.LOSE_ANSWER, QUIRKS[f"echo_{name}"])
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


@pytest.mark.parametrize("name", [*CONTRADICTED, "filled_model", "model_renamed"])
async def test_a_task_with_another_echo_is_told_as_a_candidate_with_the_command_that_settles_it(
    world: World, name: str
) -> None:
    quirk = QUIRKS["echo_filled" if name == "filled_model" else f"echo_{name}"]
    order = {"task_type": "txt2video-14b", "prompt": PROMPT, "request_id": "lost"}
    async with world.client() as agent:
        task = await lose(world, agent, Fault.LOSE_ANSWER, quirk, **order)
        row = await listed(agent)
        error = await agent.error("create_wanx_task", **order)
    assert task is not None
    assert row is not None
    assert row["status"] == "unknown"
    number = entry(world)["number"]
    assert f"task {task.task_id} of 2026-01-01T" in error
    assert f"wanx-mcp ledger --settle {number} --task-id {task.task_id}" in error


@pytest.mark.parametrize("name", ["history_row_other_type", "history_row_without_type", "history_row_without_date"])
async def test_an_order_is_found_again_in_an_odd_row(world: World, name: str) -> None:
    async with world.client() as agent:
        await canary(agent)
        task = await lose(world, agent, Fault.LOSE_ANSWER, QUIRKS[name])
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


# Whose it is not


@pytest.mark.parametrize("age", [10, 2 * MINUTE, 30 * MINUTE])
async def test_a_task_of_before_the_order_is_somebody_elses(world: World, age: int) -> None:
    stranger(world, age)
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST)
        row = await listed(agent)
    assert row is not None
    assert row["status"] == "unknown"


async def test_a_task_of_long_after_the_order_is_somebody_elses(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.clock.advance(4 * MINUTE)
        stranger(world)
        row = await listed(agent)
    assert row is not None
    assert row["status"] == "unknown"


async def test_of_several_tasks_the_nearest_is_adopted(world: World) -> None:
    stranger(world, 3)
    async with world.client() as agent:
        task = await lose(world, agent)
        stranger(world, -60)
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


async def test_an_undated_row_whose_task_is_of_another_time_is_not_adopted(world: World) -> None:
    world.simulator.weather.quirks = (QUIRKS["history_row_without_date"], QUIRKS["history_filters_ignored"])
    stranger(world, 2 * 3600)
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST)
        row = await listed(agent)
    assert row is not None
    assert row["status"] == "unknown"


async def test_a_task_of_another_model_is_never_ours_and_does_not_keep_an_order(world: World) -> None:
    async with world.client() as agent:
        await canary(agent)
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.simulator.place(KEY, "txt2video-14b", INPUT, model="kling")
        assert await pass_minutes(world, agent, 30) is None


async def test_a_task_of_a_name_like_ours_is_not_adopted_and_keeps_an_order(world: World) -> None:
    async with world.client() as agent:
        await canary(agent)
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.simulator.place(KEY, "txt2video-14b", INPUT, model="wan")
        row = await pass_minutes(world, agent, 30)
    assert row is not None
    assert row["status"] == "unknown"


@pytest.mark.parametrize("order", ["right", "one", "two"])
async def test_without_a_date_an_exact_echo_is_adopted_and_no_other(world: World, order: str) -> None:
    world.simulator.weather.quirks = (QUIRKS["clock_no_date"],)
    async with world.client() as agent:
        quirks = () if order == "right" else (QUIRKS["echo_no_negative" if order == "one" else "echo_no_ratio"],)
        await lose(world, agent, Fault.LOSE_ANSWER, *quirks)
        row = await listed(agent)
    assert row is not None
    assert (row["status"] != "unknown") == (order == "right")


async def test_where_the_providers_time_is_uncertain_an_order_is_looked_for_more_widely(world: World) -> None:
    """The last Date came with an answer that took eleven seconds."""
    async with world.client() as agent:
        task_id = await canary(agent)
        world.clock.advance(MINUTE)
        world.simulator.weather.coming_quirks("GET", stall(11, first=True))
        await agent.ok("get_wanx_task", task_id=task_id)
        task = await lose(world, agent)
        assert entry(world)["skew_error"] > 5_000
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


@pytest.mark.parametrize("minutes", [-90, 90])
async def test_where_the_providers_time_is_unknown_ours_may_be_far_off(world: World, minutes: int) -> None:
    world.simulator.weather.quirks = (QUIRKS["clock_no_date"],)
    world.simulator.skew = timedelta(minutes=minutes)
    async with world.client() as agent:
        task = await lose(world, agent)
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


# Rows that cannot be read


@pytest.mark.parametrize("name", ["task_always_500", "task_forgotten", "history_row_without_id", "id_another"])
async def test_a_strangers_row_that_cannot_be_read_does_not_keep_an_order_from_being_found(
    world: World, name: str
) -> None:
    async with world.client() as agent:
        odd = stranger(world)
        world.simulator.weather.quirks_of[odd.task_id] = (QUIRKS[name],)
        task = await lose(world, agent)
        row = await listed(agent)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


async def test_many_rows_that_cannot_be_read_keep_no_order_waiting_for_ever(world: World) -> None:
    async with world.client() as agent:
        await canary(agent)
        for _ in range(45):
            odd = stranger(world)
            world.simulator.weather.quirks_of[odd.task_id] = (QUIRKS["task_forgotten"],)
        task = await lose(world, agent)
        for _ in range(45):
            odd = stranger(world)
            world.simulator.weather.quirks_of[odd.task_id] = (QUIRKS["task_forgotten"],)
        row = await pass_minutes(world, agent, 60)
    assert task is not None
    assert row is not None
    assert row["task_id"] == task.task_id


@pytest.mark.parametrize("name", ["task_forgotten", "task_html_404", "echo_empty", "echo_null", "id_another"])
async def test_what_was_wrong_with_a_row_once_is_not_remembered(world: World, name: str) -> None:
    async with world.client() as agent:
        task = await lose(world, agent)
        assert task is not None
        world.simulator.weather.quirks_of[task.task_id] = (QUIRKS[name],)
        await listed(agent)
        assert entry(world)["task_id"] is None
        del world.simulator.weather.quirks_of[task.task_id]
        world.clock.advance(20)
        row = await listed(agent)
    assert row is not None
    assert row["task_id"] == task.task_id


async def test_an_answer_about_another_task_is_a_fault(world: World) -> None:
    async with world.client() as agent:
        task_id = await canary(agent)
        world.simulator.weather.quirks_of[task_id] = (QUIRKS["id_another"],)
        world.clock.advance(3600)
        told = await agent.call("get_wanx_task", task_id=task_id)
        assert "provider_fault: the provider answered about another task" in text(told)
        assert told.structured_content is not None
        assert told.structured_content["status"] == "pending"
        assert "as_of" in told.structured_content
        assert entry(world, "canary 1")["status"] == "pending"


@pytest.mark.parametrize("name", ["id_other_case", "id_padded"])
async def test_an_answer_with_the_same_id_written_otherwise_is_believed(world: World, name: str) -> None:
    async with world.client() as agent:
        task_id = await canary(agent)
        world.simulator.weather.quirks_of[task_id] = (QUIRKS[name],)
        world.clock.advance(3600)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert (seen["task_id"], seen["status"]) == (task_id, "completed")


# Several lost orders

DIFFERENCES = {
    "ratio": [{"aspect_ratio": "16:9"}, {"aspect_ratio": "9:16"}],
    "no ratio": [{}, {"aspect_ratio": "9:16"}],
    "negative prompt": [{"negative_prompt": "fog"}, {"negative_prompt": "rain"}],
    "no negative prompt": [{}, {"negative_prompt": "rain"}],
    "prompt": [{"prompt": "a boat"}, {"prompt": "a boat, at dusk"}],
}
HIDING = {
    "nothing": (),
    "ratios": (QUIRKS["echo_no_ratio"],),
    "negative prompts": (QUIRKS["echo_no_negative"],),
    "both": (QUIRKS["echo_no_ratio"], QUIRKS["echo_no_negative"]),
}


def swapped(world: World, wanted: dict[str, dict[str, Any]]) -> list[str]:
    """The orders that have been given a task of another order, by their request_id."""
    made = {task.task_id: task.input for task in world.simulator.store.all()}
    rows = [row for row in entries(world) if row["task_id"] and row["request_id"] in wanted]
    return [row["request_id"] for row in rows if made[row["task_id"]] != wanted[row["request_id"]]]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("hidden", HIDING)
@pytest.mark.parametrize("name", DIFFERENCES)
async def test_lost_pairs_are_never_swapped(world: World, name: str, hidden: str, seed: int) -> None:
    rng, wanted = random.Random(seed), {}  # noqa: S311  # a shuffle, no secret
    orders = []
    for number in range(8):
        for side, difference in enumerate(DIFFERENCES[name]):
            order = {"prompt": "a boat", **difference}
            order["prompt"] += f" {number}"
            wanted[f"{number}.{side}"] = order
            orders.append((f"{number}.{side}", order))
    rng.shuffle(orders)
    world.simulator.weather.quirks = HIDING[hidden]
    async with world.client() as agent:
        for request_id, order in orders:
            fault = rng.choice([Fault.LOSE_ANSWER, Fault.LOSE_ANSWER, Fault.ACT_THEN_500, Fault.LOSE_REQUEST])
            await lose(world, agent, fault, task_type="txt2video-14b", request_id=request_id, **order)
            if rng.random() < 0.3:
                await listed(agent)
        for _ in range(4):
            await listed(agent)
            world.clock.advance(30)
    assert not swapped(world, wanted)
    if hidden == "nothing" and "no " not in name:
        assert sum(row["task_id"] is not None for row in entries(world)) == world.simulator.store.count()


@pytest.mark.parametrize("plan", ["creator", "free"], ids=["uploaded", "in the order"])
@pytest.mark.parametrize("hidden", [(), ("echo_copied",), ("echo_no_picture",)], ids=["shown", "copied", "hidden"])
async def test_lost_pairs_of_local_pictures_are_never_swapped(
    tmp_path: Path, hidden: tuple[str, ...], plan: str
) -> None:
    place = Place(tmp_path)
    world, wanted = place.world, {}
    world.simulator.plan = plan

    async def lost(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path == "/api/v1/task":
            raise httpx.ReadError("the answer is lost")

    world.line.on_response = lost
    world.simulator.weather.quirks = tuple(QUIRKS[name] for name in hidden)
    async with world.client() as agent:
        for number in range(8):
            path = place.put(f"{number}.png", p.file(p.scene((320 + 8 * number, 180))))
            order = {"task_type": "img2video-14b", "prompt": "she turns", "image": path, "request_id": f"{number}"}
            assert (await agent.error("create_wanx_task", **order)).startswith("outcome_unknown: ")
            wanted[f"{number}"] = world.simulator.store.all()[-1].input
        for _ in range(3):
            await listed(agent)
            world.clock.advance(30)
    assert not swapped(world, wanted)
    assert sum(row["task_id"] is not None for row in entries(world)) == (0 if hidden else 8)


async def test_a_task_that_may_be_another_orders_is_not_adopted_while_that_order_is_not_to_be_seen(
    world: World,
) -> None:
    """The echo is that of the first order, and of the second one without its negative prompt."""
    world.simulator.weather.quirks = (QUIRKS["echo_no_negative"],)
    first = {"task_type": "txt2video-14b", "prompt": "a boat", "request_id": "first"}
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST, **first)
        await lose(world, agent, Fault.LOSE_ANSWER, **{**first, "negative_prompt": "fog", "request_id": "second"})
        for _ in range(3):
            row = await listed(agent, "first")
            assert row is not None
            assert row["status"] == "unknown"
            world.clock.advance(30)


async def test_orders_that_differ_only_by_a_default_are_the_same_wish(world: World) -> None:
    first = {"task_type": "txt2video-14b", "prompt": "a boat", "request_id": "first"}
    async with world.client() as agent:
        await lose(world, agent, **first)
        await lose(world, agent, **{**first, "aspect_ratio": "16:9", "request_id": "second"})
        rows = [await listed(agent, name) for name in ("first", "second")]
    assert len({row["task_id"] for row in rows if row}) == 2


# Orders that are on their way


async def test_the_task_of_an_order_on_its_way_is_not_adopted_for_another(world: World) -> None:
    """The echo hides what they differ in; the second order is held up with its task made and its answer not sent."""
    world.simulator.weather.quirks = (QUIRKS["echo_no_negative"],)
    held, go = anyio.Event(), anyio.Event()
    first = {"task_type": "txt2video-14b", "prompt": "a boat", "negative_prompt": "fog", "request_id": "first"}
    second: dict[str, Any] = {}

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            held.set()
            await go.wait()

    async def order(agent: Agent) -> None:
        second.update(await agent.ok("create_wanx_task", **{**first, "negative_prompt": "rain", "request_id": "2"}))

    async with world.client() as agent, world.client() as other, anyio.create_task_group() as group:
        await lose(world, agent, Fault.LOSE_REQUEST, **first)
        world.line.on_response = hold
        group.start_soon(order, other)
        await held.wait()
        row = await listed(agent, "first")
        go.set()
    assert row is not None
    assert row["status"] == "unknown"
    assert entry(world, "2")["task_id"] == second["task_id"]


async def test_an_order_that_is_placed_while_the_history_is_read_keeps_its_task(world: World) -> None:
    """The reading begins before the second order is written down, and shows its task."""
    world.simulator.weather.quirks = (QUIRKS["echo_no_negative"],)
    first = {"task_type": "txt2video-14b", "prompt": "a boat", "negative_prompt": "fog", "request_id": "first"}
    reading, ordered, done = anyio.Event(), anyio.Event(), anyio.Event()

    async def before(request: httpx.Request) -> None:
        if "histories" in request.url.path and not reading.is_set():
            reading.set()
            await ordered.wait()

    async def after(request: httpx.Request) -> None:
        if request.method == "POST":
            ordered.set()
            await done.wait()

    async def order(agent: Agent) -> None:
        await agent.ok("create_wanx_task", **{**first, "negative_prompt": "rain", "request_id": "2"})

    async with world.client() as agent, world.client() as other, anyio.create_task_group() as group:
        await lose(world, agent, Fault.LOSE_REQUEST, **first)
        world.line.on_request, world.line.on_response = before, after

        async def look() -> None:
            await listed(agent, "first")
            done.set()

        group.start_soon(look)
        await reading.wait()
        group.start_soon(order, other)
    assert entry(world, "first")["task_id"] is None
    assert entry(world, "2")["state"] == "accepted"
    assert bought(world, "a boat") == 1


# Old doubts beside new ones


async def test_old_doubts_neither_starve_new_ones_nor_are_starved(world: World) -> None:
    async with world.client() as agent:
        for number in range(5):
            order = {"task_type": "txt2video-14b", "prompt": f"boat {number}", "request_id": f"{number}"}
            await lose(world, agent, Fault.LOSE_REQUEST, **order)
            world.clock.advance(3 * 3600)
        fresh = await lose(world, agent)
        assert fresh is not None
        row = await listed(agent)
        assert row is not None
        assert row["task_id"] == fresh.task_id
        for _ in range(4):
            await listed(agent)
            world.clock.advance(20)
        ages = [world.clock.now().timestamp() * 1000 - row["looked_at"] for row in entries(world)[:5]]
        assert max(ages) < 120_000, "each has been looked for within the last two minutes"


async def test_a_doubt_holds_up_no_other_order(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST)
        world.clock.advance(3600)
        before = len([one for one in world.line.requests if "histories" in one.url.path])
        began = world.clock.seconds()
        await canary(agent)
        assert world.clock.seconds() - began < 1
        after = len([one for one in world.line.requests if "histories" in one.url.path])
    assert after - before <= 3, "the server's own look, not the order's"
