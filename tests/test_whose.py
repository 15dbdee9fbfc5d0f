"""Whose an order is: keys of one account share their orders, odd ids are ids, and one task is one order."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.lost import MINUTE, ORDER, PROMPT, bought, canary, entries, entry, listed, lose, pass_minutes
from tests.world import KEY, World
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
NEW_KEY = "a-new-key-of-the-same-account"
PLAIN = {name: value for name, value in ORDER.items() if name != "request_id"}
ACCOUNTS = {
    "named": (),
    "named as of old": ("account_early_names",),
    "anonymous": ("account_anonymous",),
    "not to be read": ("account_html_403",),
}


def with_key(world: World, key: str) -> World:
    """The same user, who has set another key."""
    return world.beside(PIAPI_API_KEY=key)


# A new key of the same account


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("outcome", [Fault.NONE, Fault.LOSE_ANSWER, Fault.LOSE_REQUEST])
@pytest.mark.parametrize("request_id", [None, "lost"])
async def test_a_new_key_does_not_place_the_orders_of_the_old_one_again(
    world: World, account: str, outcome: Fault, request_id: str | None
) -> None:
    order = PLAIN if request_id is None else ORDER
    world.simulator.accounts = {NEW_KEY: "one", KEY: "one"}
    world.simulator.weather.quirks = tuple(QUIRKS[name] for name in ACCOUNTS[account])
    world.simulator.weather.coming("POST", outcome)
    async with world.client() as agent:
        await agent.call("create_wanx_task", **order)
    world.clock.advance(3 * MINUTE)
    async with with_key(world, NEW_KEY).client() as agent:
        for _ in range(3):
            await agent.call("create_wanx_task", **order)
            await agent.ok("list_wanx_tasks")
            world.clock.advance(MINUTE)
    assert bought(world) == (outcome is not Fault.LOSE_REQUEST)


async def test_a_new_key_takes_the_orders_of_the_old_one_over(world: World) -> None:
    world.simulator.accounts = {NEW_KEY: "one", KEY: "one"}
    async with world.client() as agent:
        known = await canary(agent)
        lost = await lose(world, agent)
    assert lost is not None
    world.clock.advance(3 * MINUTE)
    async with with_key(world, NEW_KEY).client() as agent:
        await canary(agent, 2)  # an order reads the account
        tasks = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert {known, lost.task_id} <= {task.get("task_id") for task in tasks}
        assert (await agent.ok("create_wanx_task", **ORDER))["task_id"] == lost.task_id
    assert bought(world) == 1


async def test_what_one_key_lost_another_of_the_same_account_can_prove_absent_by_the_first_ones_canary(
    world: World,
) -> None:
    world.simulator.accounts = {NEW_KEY: "one", KEY: "one"}
    async with world.client() as agent:
        await canary(agent, 0)
        await lose(world, agent, Fault.LOSE_REQUEST)
        await listed(agent)
    async with with_key(world, NEW_KEY).client() as agent:
        await canary(agent, 1)
        assert await pass_minutes(world, agent, 40) is None


async def test_keys_of_different_accounts_stay_apart(world: World) -> None:
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **PLAIN)
    async with with_key(world, NEW_KEY).client() as agent:
        assert (await agent.ok("create_wanx_task", **PLAIN))["reused"] is False
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 1
    assert bought(world) == 2


async def test_a_doubt_of_a_key_that_may_be_of_the_same_account_competes_for_a_task(world: World) -> None:
    """Nothing says whose the two keys are; the echo hides what the two orders differ in."""
    world.simulator.accounts = {NEW_KEY: "one", KEY: "one"}
    world.simulator.weather.quirks = (QUIRKS["account_anonymous"], QUIRKS["echo_no_negative"])
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(world.client())
        new = await stack.enter_async_context(with_key(world, NEW_KEY).client())
        await lose(world, old, Fault.LOSE_REQUEST, **{**ORDER, "negative_prompt": "rain", "request_id": "old"})
        await lose(world, new, Fault.LOSE_ANSWER, **{**ORDER, "request_id": "new"})
        await listed(new, "new")
        await listed(old, "old")
    assert [row["task_id"] for row in entries(world)] == [None, None]


# Odd ids


@pytest.mark.parametrize("name", ["underscore", "slash", "reserved", "long", "upper", "number"])
@pytest.mark.parametrize("fault", [Fault.NONE, Fault.LOSE_ANSWER])
async def test_every_tool_takes_the_ids_that_the_provider_gives(world: World, name: str, fault: Fault) -> None:
    world.simulator.weather.quirks = (QUIRKS[f"id_{name}"],)
    world.simulator.weather.coming("POST", fault)
    async with world.client() as agent:
        await agent.call("create_wanx_task", **ORDER)
        (task,) = world.simulator.store.all()
        assert (await agent.ok("create_wanx_task", **ORDER))["task_id"] == task.task_id
        row = await listed(agent)
        assert row is not None
        assert row["task_id"] == task.task_id
        assert (await agent.ok("get_wanx_task", task_id=task.task_id))["status"] == "pending"
        assert (await agent.ok("cancel_wanx_task", task_id=task.task_id))["cancelled"]
    assert bought(world) == 1


# One task is one order


async def test_a_task_that_the_provider_gives_to_two_orders_is_booked_once(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order(prompt="a boat", request_id="1")
        world.simulator.weather.coming_quirks("POST", (QUIRKS["id_taken"],))
        second = await agent.order(prompt="a ship", request_id="2")
        assert (second["task_id"], second["reused"]) == (first["task_id"], True)
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0.28
    assert [row["state"] for row in entries(world)] == ["accepted", "declined"]


@pytest.mark.parametrize("key", [{"request_id": "2"}, {}], ids=["by its key", "without a key"])
async def test_the_second_of_two_orders_with_one_task_stays_a_repeat_of_the_first(
    world: World, key: dict[str, str]
) -> None:
    async with world.client() as agent:
        first = await agent.order(prompt="a boat", request_id="1")
        world.simulator.weather.coming_quirks("POST", (QUIRKS["id_taken"],))
        await agent.order(prompt="a ship", **key)
        sent = len(world.line.sent("POST"))
        world.clock.advance(60)
        again = await agent.order(prompt="a ship", **key)
        assert (again["task_id"], again["reused"]) == (first["task_id"], True)
        assert len(world.line.sent("POST")) == sent
        if key:
            assert (
                await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a raft", **key)
            ).startswith("invalid_order: ")


async def test_an_owner_by_the_history_yields_to_an_owner_by_the_providers_answer(world: World) -> None:
    async with world.client() as agent:
        lost = await lose(world, agent)
        await listed(agent)
        assert lost is not None
        assert entry(world)["task_id"] == lost.task_id
        world.simulator.weather.coming_quirks("POST", (QUIRKS["id_taken"],))
        answered = await agent.order(prompt="a ship", request_id="2")
        assert answered["task_id"] == lost.task_id
        row = await listed(agent)
    assert row is not None
    assert row["status"] == "unknown"
    assert entry(world)["booked"] == 2_800_000
    assert bought(world, PROMPT) == 1
