"""The budget against prices that rise, figures that cannot be believed, and clocks that jump."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.test_commands import run
from tests.world import Agent, World, text
from wanx_mcp.simulator.quirks.prices import price_factor
from wanx_mcp.simulator.quirks.table import named
from wanx_mcp.simulator.weather import Fault, Weather

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
UNPRICED: dict[str, Any] = {"task_type": "wan22-txt2video-14b", "prompt": "a boat"}
NO_COST = re.compile(r"Charged(?: by this call)?: no\.")
HOUR = 3600


def world_with(budget: str, *quirks: str, **environment: str) -> World:
    world = World({"WANX_DAILY_BUDGET_USD": budget, **environment})
    world.simulator.weather = Weather(quirks=named(*quirks))
    return world


def dearer(world: World, times: float = 10) -> World:
    world.simulator.weather.quirks = (*world.simulator.weather.quirks, price_factor(times))
    return world


async def spent(agent: Agent) -> float:
    return float((await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"])


def really_frozen(world: World) -> float:
    return sum(task.points for task in world.simulator.store.all()) / 10_000_000


# Prices that rise


async def test_orders_one_after_the_other_stop_when_a_price_that_rose_tenfold_has_used_the_budget_up() -> None:
    world = dearer(world_with("5.00"))
    async with world.client() as agent:
        results = [await agent.call("create_wanx_task", **ORDER, request_id=f"{number}") for number in range(17)]
        assert [result.is_error for result in results] == [False] + [True] * 16
        assert await spent(agent) == 2.8
    assert really_frozen(world) <= 5


async def test_orders_at_the_same_time_wait_for_the_first_answer_of_their_kind() -> None:
    world = dearer(world_with("5.00"))
    errors: list[str] = []

    async def order(agent: Agent, number: int) -> None:
        result = await agent.call("create_wanx_task", **{**ORDER, "prompt": f"boat {number}"})
        errors.extend([text(result)] if result.is_error else [])

    async with world.client() as agent, anyio.create_task_group() as group:
        for number in range(17):
            group.start_soon(order, agent, number)
    assert len(world.line.sent("POST")) == 1
    assert len(errors) == 16
    assert all(NO_COST.search(error) for error in errors)


async def test_a_kind_that_was_answered_before_is_not_waited_for() -> None:
    world = world_with("unlimited")
    left, go = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST" and b"first" in request.content:
            left.set()
            await go.wait()

    async with world.client() as agent:
        await agent.order(prompt="long ago")
        world.line.on_request = hold
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: agent.order(prompt="first"))
            await left.wait()
            begun = world.clock.seconds()
            await agent.order(prompt="second")
            assert world.clock.seconds() == begun
            go.set()


@pytest.mark.parametrize("hours", [0, 25])
async def test_a_second_order_of_a_kind_waits_five_seconds_and_no_longer(hours: int) -> None:
    world = world_with("unlimited")
    left, go = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST" and b"first" in request.content:
            left.set()
            await go.wait()

    async with world.client() as agent:
        if hours:
            await agent.order(prompt="yesterday")
            world.clock.advance(hours * HOUR)
        world.line.on_request = hold
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: agent.order(prompt="first"))
            await left.wait()
            begun = world.clock.seconds()
            await agent.order(**UNPRICED)
            assert world.clock.seconds() == begun, "an order of another kind waits for nothing"
            await agent.order(prompt="second")
            assert 5 <= world.clock.seconds() - begun < 6
            go.set()


async def test_a_first_order_whose_process_has_gone_is_not_waited_for() -> None:
    world = world_with("unlimited")
    left = anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            left.set()
            await anyio.sleep_forever()

    world.line.on_request = hold
    async with world.client() as agent, anyio.create_task_group() as group:
        group.start_soon(lambda: agent.call("create_wanx_task", **ORDER))
        await left.wait()
        group.cancel_scope.cancel()
    world.line.on_request = None
    async with world.client() as agent:
        begun = world.clock.seconds()
        await agent.order(prompt="second")
        assert world.clock.seconds() - begun < 1


async def test_the_create_answer_s_figure_is_booked_at_once_and_said() -> None:
    world = dearer(world_with("5.00"))
    async with world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER)
        created = dict(result.structured_content or {})
    assert created["booked_usd"] == 2.8
    assert created["budget"]["remaining_usd"] == 2.2
    assert "$2.80 is booked for it" in text(result)
    for shown in (text(result), created["next_step"]):
        assert "the provider showed $2.80 for this order, more than its price" in shown


async def test_a_refusal_because_of_a_figure_names_it_and_the_time_until_which_it_counts() -> None:
    world = dearer(world_with("5.00"))
    async with world.client() as agent:
        await agent.order()
        error = await agent.error("create_wanx_task", **ORDER, request_id="again")
    assert error.startswith(
        "budget_exceeded: this order needs $2.80 (the provider showed $2.80 for the last order of this kind at "
        "2026-01-01T00:00Z, which counts until 2026-01-02T00:00Z); $2.80 of the $5.00 daily budget is already used"
    )
    assert "wait until older orders are more than 24 hours old" in error


async def test_a_dry_run_says_what_would_be_booked_and_why() -> None:
    world = dearer(world_with("5.00"))
    async with world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER, dry_run=True)
        assert (result.structured_content or {})["booked_usd"] == 0.28
        await agent.order()
        result = await agent.call("create_wanx_task", **ORDER, dry_run=True)
    told = dict(result.structured_content or {})
    assert told["booked_usd"] == 2.8
    for shown in (text(result), told["next_step"]):
        assert "which counts until 2026-01-02T00:00Z" in shown
    assert "needs $2.80" in text(result)


async def test_one_dear_charge_bars_its_kind_for_a_day_and_no_longer() -> None:
    world = dearer(world_with("3.00"))
    async with world.client() as agent:
        await agent.order()
        world.simulator.weather.quirks = ()
        for _ in range(3):
            world.clock.advance(8 * HOUR - 1)
            assert "budget_exceeded" in await agent.error("create_wanx_task", **ORDER, request_id="again")
        await agent.order(task_type="txt2video-1.3b")
        world.clock.advance(10)
        assert (await agent.order(request_id="again"))["booked_usd"] == 0.28


async def test_the_last_figure_counts_and_not_the_largest() -> None:
    world = dearer(world_with("unlimited"))
    async with world.client() as agent:
        await agent.order(request_id="dear")
        world.simulator.weather.quirks = ()
        world.clock.advance(60)
        assert (await agent.order(request_id="usual"))["booked_usd"] == 2.8
        world.clock.advance(60)
        assert (await agent.order(request_id="again"))["booked_usd"] == 0.28


async def test_an_order_dearer_than_the_whole_budget_is_not_told_to_wait_for_a_day() -> None:
    async with world_with("0.20").client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert "WANX_DAILY_BUDGET_USD, which is less than this one order" in error
    assert "wait" not in error


# Nothing left


@pytest.mark.parametrize("order", [ORDER, UNPRICED])
async def test_a_budget_of_nothing_refuses_every_order(order: dict[str, Any]) -> None:
    world = world_with("0")
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **order)).startswith("budget_exceeded: ")
    assert not world.line.sent("POST")


async def test_an_assumed_price_of_nothing_refuses_only_the_orders_that_need_it() -> None:
    world = world_with("0.28", WANX_ASSUMED_PRICE_USD="0")
    async with world.client() as agent:
        for given in (UNPRICED, {**UNPRICED, "dry_run": True}):
            error = await agent.error("create_wanx_task", **given)
            assert error.startswith("not_configured: WANX_ASSUMED_PRICE_USD must be more than 0")
            assert NO_COST.search(error)
        assert not world.line.sent("POST")
        await agent.order()
        assert (await agent.error("create_wanx_task", **UNPRICED)).startswith("not_configured: ")
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("price", ["0", "0.00", "0.0000"])
def test_an_assumed_price_of_nothing_is_complained_of(price: str) -> None:
    (problem,) = World({"WANX_ASSUMED_PRICE_USD": price}).settings.problems
    assert str(problem).startswith("WANX_ASSUMED_PRICE_USD must be more than 0: until then, orders of task types ")
    assert not World({"WANX_ASSUMED_PRICE_USD": "0.0001"}).settings.problems


def test_an_assumed_price_of_nothing_is_named_by_the_doctor(tmp_path: Path) -> None:
    wrong = {"WANX_ASSUMED_PRICE_USD": "0", "WANX_STATE_DIR": str(tmp_path), "WANX_SIMULATE": "1"}
    assert "WANX_ASSUMED_PRICE_USD must be more than 0" in run("doctor", **wrong).stdout


async def test_what_was_used_up_to_the_last_cent_leaves_room_for_nothing() -> None:
    world = world_with("0.28")
    async with world.client() as agent:
        await agent.order()
        assert (await agent.error("create_wanx_task", task_type="txt2video-1.3b", prompt="x")).startswith("budget_")
    assert len(world.line.sent("POST")) == 1


# Figures that cannot be believed


@pytest.mark.parametrize("quirk", ["usage_nothing", "usage_held", "usage_quota", "usage_fraction", "usage_text"])
async def test_an_ended_task_whose_figures_cannot_be_believed_stays_booked(quirk: str) -> None:
    world = world_with("5", quirk)
    world.simulator.weather.failing = 1.0 if quirk == "usage_held" else 0.0
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert "charged_usd" not in seen
        assert await spent(agent) == 0.28


async def test_a_completed_task_frees_no_more_than_half_its_price() -> None:
    world = world_with("5", "usage_little")
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["charged_usd"] == 0.112
        assert await spent(agent) == 0.14
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert (listed["charged_usd"], listed["booked_usd"]) == (0.112, 0.14)


async def test_a_failed_task_that_was_charged_stays_booked() -> None:
    world = world_with("5", "usage_charged")
    world.simulator.weather.failing = 1.0
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(HOUR)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["charged_usd"] == 0.28
        assert await spent(agent) == 0.28


def answer(status: str, frozen: int, consume: int) -> dict[str, Any]:
    usage = {"type": "point", "frozen": frozen, "consume": consume}
    data = {"task_id": "t1", "model": "Qubico/wanx", "status": status, "meta": {"usage": usage}}
    return {"code": 200, "data": data, "message": "success"}


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_an_order_is_freed_by_a_read_and_not_by_its_own_answer(status: str) -> None:
    world = world_with("5")
    async with world.client() as agent:
        world.line.canned = httpx.Response(200, json=answer(status, 0, 0))
        await agent.order()
        assert await spent(agent) == 0.28
        await agent.ok("get_wanx_task", task_id="t1")
        assert await spent(agent) == 0


async def test_a_task_that_is_open_again_after_it_had_failed_is_booked_again() -> None:
    world = world_with("5")
    async with world.client() as agent:
        for status, frozen, consumed, booked in (
            ("pending", 2_800_000, 0, 0.28),
            ("failed", 0, 0, 0),
            ("processing", 0, 0, 0.28),
            ("completed", 0, 5_000_000, 0.5),
        ):
            world.line.canned = httpx.Response(200, json=answer(status, frozen, consumed))
            await (agent.order() if status == "pending" else agent.ok("get_wanx_task", task_id="t1"))
            assert await spent(agent) == booked
            world.clock.advance(10)


async def test_a_charge_and_words_once_seen_survive_a_silent_answer() -> None:
    world = world_with("5")
    told = answer("failed", 0, 3_000_000)
    told["data"]["error"] = {"message": "content restriction"}
    async with world.client() as agent:
        world.line.canned = httpx.Response(200, json=answer("pending", 2_800_000, 0))
        await agent.order()
        for body in (told, {"code": 200, "data": {"task_id": "t1", "status": "failed"}}):
            world.clock.advance(10)
            world.line.canned = httpx.Response(200, json=body)
            await agent.ok("get_wanx_task", task_id="t1")
        world.line.canned = None
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert (listed["charged_usd"], listed["booked_usd"]) == (0.3, 0.3)
        assert (await agent.order(request_id="again", dry_run=True))["booked_usd"] == 0.3


# The day


@pytest.mark.parametrize("jump", [timedelta(hours=25), timedelta(hours=-25), timedelta(days=1)])
async def test_the_budget_s_day_is_the_provider_s_when_our_clock_jumps(jump: timedelta) -> None:
    world = world_with("0.28")
    async with world.client() as agent:
        await agent.order()
        world.clock.shift(jump.total_seconds())
        assert (await agent.error("create_wanx_task", **ORDER, request_id="again")).startswith("budget_exceeded: ")
        assert await spent(agent) == 0.28
    assert len(world.line.sent("POST")) == 1


async def test_an_order_whose_answer_was_lost_holds_its_money_for_its_day() -> None:
    world = world_with("0.28")
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        world.clock.advance(23 * HOUR)
        assert (await agent.error("create_wanx_task", task_type="txt2video-1.3b", prompt="x")).startswith("budget_")
        world.clock.advance(2 * HOUR)
        await agent.order(task_type="txt2video-1.3b")
