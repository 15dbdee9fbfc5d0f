"""An order leaves once, in time, or not at all: suspended servers, and orders that others have on their way."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from tests.lost import MINUTE, ORDER, PROMPT, bought, canary, entry, listed
from tests.world import Agent, World, text
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio


def at_the_connection(world: World, work: Any) -> None:
    """Do `work` once, when the connection of the next order stands and nothing has left."""

    async def connected(request: httpx.Request) -> None:
        if request.method == "POST":
            world.line.on_connect = None
            await work()

    world.line.on_connect = connected


@pytest.mark.parametrize("seconds", [91, 10 * MINUTE, 30 * 3600])
async def test_a_server_that_was_suspended_between_intention_and_request_sends_nothing(
    world: World, seconds: int
) -> None:
    async def suspend() -> None:
        world.clock.suspend(seconds)

    async with world.client() as agent:
        at_the_connection(world, suspend)
        error = await agent.error("create_wanx_task", **ORDER)
        assert "Charged by this call: no." in error
        assert bought(world) == 0
        assert entry(world)["booked"] == 0
        assert (await agent.ok("create_wanx_task", **ORDER))["reused"] is False
    assert bought(world) == 1


async def test_a_wall_clock_that_jumps_ahead_before_the_request_leaves_keeps_it_here(world: World) -> None:
    async def jump() -> None:
        world.clock.shift(3600)

    async with world.client() as agent:
        at_the_connection(world, jump)
        assert "Charged by this call: no." in await agent.error("create_wanx_task", **ORDER)
    assert bought(world) == 0


async def test_a_suspension_that_the_wall_clock_does_not_show_is_noticed(world: World) -> None:
    async def suspend() -> None:
        world.clock.suspend(600)
        world.clock.shift(-600)

    async with world.client() as agent:
        at_the_connection(world, suspend)
        assert "Charged by this call: no." in await agent.error("create_wanx_task", **ORDER)
    assert bought(world) == 0


async def test_an_order_that_was_settled_meanwhile_does_not_leave(world: World) -> None:
    async with world.client() as agent, world.client() as other:
        await canary(other)

        async def settle() -> None:
            import sqlite3

            with sqlite3.connect(world.state / "ledger.sqlite3") as db:
                db.execute("update entry set state = 'released', booked = 0 where request_id = 'lost'")

        at_the_connection(world, settle)
        assert "Charged by this call: no." in await agent.error("create_wanx_task", **ORDER)
    assert bought(world) == 0


@pytest.mark.parametrize("moment", ["before it leaves", "before it arrives", "before its answer"])
async def test_while_a_living_server_has_an_order_on_its_way_no_other_settles_it(world: World, moment: str) -> None:
    held, go = anyio.Event(), anyio.Event()
    answers: list[str] = []

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST" and not held.is_set():
            held.set()
            await go.wait()

    async def order(agent: Agent) -> None:
        answers.append(text(await agent.call("create_wanx_task", **ORDER)))

    async with world.client() as other, world.client() as agent:
        await canary(other)
        await listed(other)
        hooks = {
            "before it leaves": "on_connect",
            "before it arrives": "on_request",
            "before its answer": "on_response",
        }
        setattr(world.line, hooks[moment], hold)
        async with anyio.create_task_group() as group:
            group.start_soon(order, agent)
            await held.wait()
            for minutes in (1, 10, 6, 6, 30):
                world.clock.advance(minutes * MINUTE)
                row = await listed(other)
                assert row is not None
                assert row["status"] == "unknown"
                assert entry(world)["state"] == "intended"
                error = await other.error("create_wanx_task", **ORDER)
                assert "still on its way" in error
                assert "Charged by this call: no." in error
            go.set()
        with anyio.fail_after(120):
            while entry(world)["state"] == "intended":  # noqa: ASYNC110  # the ledger on disk sets no event
                await anyio.sleep(0.01)
    assert bought(world) == (moment != "before it leaves")
    assert entry(world)["state"] == ("declined" if moment == "before it leaves" else "accepted")


async def test_the_orders_of_a_server_that_has_died_are_settled_by_others(world: World) -> None:
    async def cut(request: httpx.Request) -> None:
        if request.method == "POST":
            await anyio.sleep_forever()

    async with world.client() as other:
        await canary(other)
        with anyio.CancelScope() as scope:
            async with world.client() as agent:
                world.line.on_response = cut

                async def order() -> None:
                    await agent.call("create_wanx_task", **ORDER)

                async with anyio.create_task_group() as group:
                    group.start_soon(order)
                    with anyio.fail_after(120):
                        while bought(world) == 0:  # noqa: ASYNC110
                            await anyio.sleep(0.01)
                    scope.cancel()
        world.line.on_response = None
        row = await listed(other)
        assert row is not None
        assert "task_id" in row
    assert bought(world, PROMPT) == 1


async def test_an_order_whose_server_died_before_it_left_is_freed(world: World) -> None:
    async with world.client() as other:
        await canary(other)
        world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
        async with world.client() as agent:
            await agent.error("create_wanx_task", **ORDER)
        await listed(other)
        for minutes in (11, 6):
            world.clock.advance(minutes * MINUTE)
            row = await listed(other)
    assert row is None
