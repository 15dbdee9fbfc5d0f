"""Budget, repeats and unknown outcomes at the front door, on the simulator's clock."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from tests.world import KEY, Agent, World
from wanx_mcp.clock import VirtualClock
from wanx_mcp.simulator.weather import Fault, Variant

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
MINUTE, HOUR = 60, 3600
LOST = [Fault.LOSE_ANSWER, Fault.ACT_THEN_500, Fault.ACT_THEN_HTML, Fault.HALF_BODY, Fault.EMPTY_BODY]
NEVER_TAKEN = [Fault.LOSE_REQUEST, Fault.FAIL_500, Fault.HTML]


def world_with(budget: str, **environment: str) -> World:
    return World({"WANX_DAILY_BUDGET_USD": budget, **environment})


async def spent(agent: Agent) -> float:
    budget = (await agent.ok("list_wanx_tasks"))["budget"]
    return float(budget["spent_usd"])


@asynccontextmanager
async def agents(world: World) -> AsyncIterator[tuple[Agent, Agent]]:
    """Two servers that share the ledger, as two hosts would start them."""
    async with world.client() as one, world.client() as other:
        yield one, other


# Budget


async def test_the_budget_refuses_what_would_exceed_it_and_sends_nothing() -> None:
    world = world_with("0.60")
    async with world.client() as agent:
        first = await agent.order(request_id="1")
        assert first["budget"] == {"limit_usd": 0.6, "remaining_usd": 0.32, "spent_usd": 0.28, "window_hours": 24}
        await agent.order(request_id="2")
        error = await agent.error("create_wanx_task", **ORDER, request_id="3")
        assert error.startswith(
            "budget_exceeded: this order needs $0.28; $0.56 of the $0.60 daily budget is already used"
        )
        assert "Charged by this call: no." in error
    assert len(world.line.sent("POST")) == 2


async def test_a_budget_of_nothing_forbids_spending_and_unlimited_lifts_it() -> None:
    async with world_with("0").client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("budget_exceeded: ")
    async with world_with("unlimited").client() as agent:
        created = await agent.order()
        assert created["budget"] == {"spent_usd": 0.28, "window_hours": 24}


@pytest.mark.parametrize("budget", ["five", "-1", "nan", "5,00", "1e3", "$5"])
async def test_a_wrong_budget_refuses_orders_and_leaves_reads_alone(budget: str) -> None:
    world = world_with(budget)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("not_configured: WANX_DAILY_BUDGET_USD must be")
        assert (await agent.error("get_wanx_task", task_id="x")).startswith("task_not_found: ")
    assert not world.line.sent("POST")


async def test_the_budget_frees_itself_after_twenty_four_hours() -> None:
    world = world_with("0.28")
    async with world.client() as agent:
        await agent.order(request_id="1")
        world.clock.advance(24 * HOUR - 1)
        await agent.error("create_wanx_task", **ORDER, request_id="2")
        world.clock.advance(2)
        await agent.order(request_id="2")


async def test_an_entry_dated_in_the_future_counts() -> None:
    world = world_with("0.28")
    world.clock.advance(48 * HOUR)
    async with world.client() as agent:
        await agent.order(request_id="1")
    back = World(world.environment)
    back.state, back.clock = world.state, type(world.clock)()
    async with back.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER, request_id="2")).startswith("budget_exceeded: ")


async def test_an_unpublished_price_books_the_assumed_one_until_the_real_figure_is_known() -> None:
    world = world_with("5", WANX_ASSUMED_PRICE_USD="0.75")
    async with world.client() as agent:
        created = await agent.order(task_type="wan22-txt2video-14b")
        assert created["booked_usd"] == 0.75
        assert "price_usd" not in created
        world.clock.advance(HOUR)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert seen["charged_usd"] == 0.4
        assert await spent(agent) == 0.4


async def test_the_next_order_books_the_last_actual_charge_if_that_was_more() -> None:
    world = world_with("5", WANX_ASSUMED_PRICE_USD="0.10")
    async with world.client() as agent:
        created = await agent.order(task_type="wan22-txt2video-14b", request_id="1")
        world.clock.advance(HOUR)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert (await agent.order(task_type="wan22-txt2video-14b", request_id="2"))["booked_usd"] == 0.4


async def test_where_the_http_client_cannot_be_loaded_nothing_is_sent_and_nothing_booked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_with("0.28")
    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setitem(sys.modules, "httpx", None)  # how Python marks a module that is not to be had
            error = await agent.error("create_wanx_task", **ORDER, request_id="1")
        assert error.startswith("unreachable: the HTTP client cannot be loaded (")
        assert "so nothing was sent. Charged by this call: no. Next: ask the user to install this server anew" in error
        listed = await agent.ok("list_wanx_tasks")
        assert (listed["tasks"], listed["budget"]["spent_usd"]) == ([], 0)
        assert not world.line.requests
        assert not (await agent.order(request_id="1"))["reused"]
    assert len(world.line.sent("POST")) == 1


async def test_a_declined_order_leaves_the_books() -> None:
    world = world_with("0.28")
    world.simulator.weather.coming("POST", *[Fault.BUSY] * 4)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        assert await spent(agent) == 0
        await agent.order()


async def test_a_failed_task_that_was_not_charged_leaves_the_books() -> None:
    world = world_with("5")
    world.simulator.weather.failing = 1.0
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(HOUR)
        assert (await agent.ok("get_wanx_task", task_id=created["task_id"]))["status"] == "failed"
        assert await spent(agent) == 0


async def test_a_failed_task_without_figures_stays_booked() -> None:
    world = world_with("5")
    world.simulator.weather.failing = 1.0
    world.simulator.weather.variants = frozenset({Variant.NO_USAGE})
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(HOUR)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert await spent(agent) == 0.28


async def test_a_cancelled_task_leaves_the_books() -> None:
    world = world_with("5")
    async with world.client() as agent:
        created = await agent.order()
        await agent.ok("cancel_wanx_task", task_id=created["task_id"])
        assert await spent(agent) == 0


async def test_a_dry_run_shows_the_budget_and_books_nothing() -> None:
    world = world_with("0.20")
    async with world.client() as agent:
        result = await agent.order(dry_run=True)
        assert result["budget"]["remaining_usd"] == 0.2
        assert "budget" in result["next_step"]
        assert await spent(agent) == 0


async def test_two_servers_share_one_budget() -> None:
    world = world_with("0.28")
    async with agents(world) as (one, other):
        await one.order(prompt="one")
        assert (await other.error("create_wanx_task", task_type="txt2video-14b", prompt="two")).startswith("budget_")


async def test_many_orders_at_once_never_exceed_the_budget() -> None:
    world = world_with("0.60")
    placed: list[dict[str, Any]] = []

    async def order(agent: Agent, number: int) -> None:
        result = await agent.call("create_wanx_task", **{**ORDER, "prompt": f"boat {number}"})
        if not result.is_error:
            placed.append(dict(result.structured_content or {}))

    async with agents(world) as pair, anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(order, pair[number % 2], number)
    assert len(placed) == len(world.line.sent("POST")) == 2


# Repeats


async def test_the_same_order_again_answers_with_the_same_task(world: World) -> None:
    async with agents(world) as (one, other):
        first, second = await one.order(), await other.order()
    assert second["task_id"] == first["task_id"]
    assert (first["reused"], second["reused"]) == (False, True)
    assert len(world.line.sent("POST")) == 1


async def test_the_same_order_is_new_once_the_first_has_ended_and_two_minutes_are_over(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(HOUR)
        second = await agent.order()
    assert second["task_id"] != first["task_id"]
    assert second["reused"] is False


async def test_an_order_that_is_still_open_is_repeated_however_old_it_is(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(3 * MINUTE)
        assert (await agent.order())["task_id"] == first["task_id"]


async def test_a_finished_order_is_repeated_for_two_minutes(world: World) -> None:
    world.simulator.speed = 100
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(100)
        assert (await agent.ok("get_wanx_task", task_id=first["task_id"]))["status"] == "completed"
        assert (await agent.order())["task_id"] == first["task_id"]


async def test_three_takes_are_three_request_ids(world: World) -> None:
    async with world.client() as agent:
        takes = [await agent.order(request_id=f"take-{number}") for number in range(3)]
        again = [await agent.order(request_id=f"take-{number}") for number in range(3)]
    assert len({take["task_id"] for take in takes}) == 3
    assert [take["task_id"] for take in again] == [take["task_id"] for take in takes]


async def test_a_request_id_is_the_same_task_for_ever(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order(request_id="mine")
        world.clock.advance(30 * 24 * HOUR)
        second = await agent.order(request_id="mine")
    assert (second["task_id"], second["reused"]) == (first["task_id"], True)


async def test_a_request_id_with_other_arguments_is_refused(world: World) -> None:
    async with world.client() as agent:
        await agent.order(request_id="mine")
        error = await agent.error("create_wanx_task", **{**ORDER, "prompt": "another"}, request_id="mine")
    assert error.startswith("invalid_order: request_id was used before")
    assert len(world.line.sent("POST")) == 1


async def test_a_request_id_is_free_again_after_a_decline(world: World) -> None:
    world.simulator.credit = 0
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER, request_id="mine")).startswith("out_of_credit: ")
        world.simulator.credit = 10**10
        assert (await agent.order(request_id="mine", prompt="even another"))["reused"] is False


async def test_another_account_is_nobody_s_repeat(world: World) -> None:
    other = World({"PIAPI_API_KEY": "another-key-000"})
    other.state, other.simulator, other.line, other.clock = world.state, world.simulator, world.line, world.clock
    async with world.client() as one, other.client() as two:
        first, second = await one.order(request_id="r"), await two.order(request_id="r")
        assert first["task_id"] != second["task_id"]
        assert [task["task_id"] for task in (await two.ok("list_wanx_tasks"))["tasks"]] == [second["task_id"]]


async def test_two_servers_racing_with_one_order_place_it_once() -> None:
    world = World(clock=VirtualClock(pause=0.2))  # 5 s of patience are 4 s of real time, for the threads of the other
    results: list[dict[str, Any]] = []

    async def order(agent: Agent) -> None:
        results.append(await agent.order())

    async with agents(world) as (one, other), anyio.create_task_group() as group:
        for agent in (one, other, one, other):
            group.start_soon(order, agent)
    assert len({result["task_id"] for result in results}) == 1
    assert sorted(result["reused"] for result in results) == [False, True, True, True]
    assert len(world.line.sent("POST")) == 1


# Unknown outcomes


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("tool", ["create_wanx_task", "list_wanx_tasks", "get_wanx_task"])
async def test_an_order_whose_answer_was_lost_is_adopted_at_the_next_call(
    world: World, fault: Fault, tool: str
) -> None:
    world.simulator.weather.coming("POST", fault)
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("outcome_unknown: ")
        (task,) = world.simulator.store.all()
        arguments = {"create_wanx_task": ORDER, "get_wanx_task": {"task_id": task.task_id}}.get(tool, {})
        await agent.ok(tool, **arguments)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert listed["task_id"] == task.task_id
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("fault", NEVER_TAKEN)
async def test_an_order_that_nobody_has_seen_is_released_after_two_readings_five_minutes_apart_beside_a_canary(
    world: World, fault: Fault
) -> None:
    world.simulator.weather.coming("POST", fault)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        for _ in range(5):
            (entry,) = (await agent.ok("list_wanx_tasks"))["tasks"]
            assert entry["status"] == "unknown"
            assert "task_id" not in entry
            world.clock.advance(10)
        await agent.order(prompt="a canary")
        again = await agent.error("create_wanx_task", **ORDER)
        assert again.startswith("outcome_unknown: ")
        assert await spent(agent) == 0.56
        await agent.ok("list_wanx_tasks")
        world.clock.advance(10 * MINUTE)
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 2
        world.clock.advance(4 * MINUTE)
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 2
        world.clock.advance(MINUTE + 10)
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 1
        assert await spent(agent) == 0.28
        assert (await agent.order())["reused"] is False
    assert len(world.line.sent("POST")) == 3


async def test_another_account_neither_adopts_nor_releases_an_unknown_order(world: World) -> None:
    other = World({"PIAPI_API_KEY": "another-key-000"})
    other.state, other.simulator, other.line, other.clock = world.state, world.simulator, world.line, world.clock
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as owner, other.client() as stranger:
        await owner.error("create_wanx_task", **ORDER)
        world.clock.advance(HOUR)
        for _ in range(3):
            world.clock.advance(10)  # each of these reads the history
            await stranger.ok("list_wanx_tasks")
        (entry,) = (await owner.ok("list_wanx_tasks"))["tasks"]
    assert entry["status"] == "completed"


async def test_an_unknown_order_is_not_placed_beside_itself_under_a_new_key(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER, request_id="1")
        error = await agent.error("create_wanx_task", **ORDER, request_id="2")
        assert error.startswith("outcome_unknown: ")
        assert "Charged by this call: no." in error
        await agent.order(prompt="another thing")
    assert len(world.line.sent("POST")) == 2


async def test_a_history_that_cannot_be_read_proves_nothing(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        world.clock.advance(HOUR)
        for _ in range(3):
            world.clock.advance(10)  # each of these reads the history
            world.simulator.weather.coming("GET", *[Fault.HTML] * 4)
            assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "unknown"


async def test_somebody_else_s_task_is_not_adopted(world: World) -> None:
    async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
        for task_type, order in (
            ("txt2video-14b", {"prompt": "another boat"}),
            ("txt2video-14b", {"prompt": "a boat", "negative_prompt": "fog"}),
            ("txt2video-14b", {"prompt": "a boat", "aspect_ratio": "9:16"}),
            ("txt2video-1.3b", {"prompt": "a boat"}),
        ):
            body = {"model": "Qubico/wanx", "task_type": task_type, "input": order}
            await person.post("http://127.0.0.1:9/api/v1/task", json=body)
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "unknown"


async def test_one_task_of_the_history_settles_one_order(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER, Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER, request_id="1")
        await agent.ok("list_wanx_tasks")
        await agent.error("create_wanx_task", **ORDER, request_id="2")
        tasks = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert [task["status"] for task in tasks] == ["unknown", "pending"]


@pytest.mark.parametrize("hours", [-3, 3])
async def test_a_provider_whose_clock_is_wrong_is_still_understood(world: World, hours: int) -> None:
    world.simulator.skew = timedelta(hours=hours)
    world.simulator.weather.coming("POST", Fault.ACT_THEN_500)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "pending"


async def test_a_long_history_is_read_to_its_end(world: World) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
            for number in range(120):
                body = {"model": "Qubico/wanx", "task_type": "txt2video-1.3b", "input": {"prompt": f"{number}"}}
                await person.post("http://127.0.0.1:9/api/v1/task", json=body)
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "pending"


async def test_a_picture_of_an_unknown_order_is_compared_by_its_digest(world: World) -> None:
    order = {"task_type": "img2video-14b", "prompt": "turn", "image": "https://example.com/mine.png"}
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **order)
        async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
            wrong = {"prompt": "turn", "image": "https://example.com/theirs.png"}
            body = {"model": "Qubico/wanx", "task_type": "img2video-14b", "input": wrong}
            await person.post("http://127.0.0.1:9/api/v1/task", json=body)
            assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "unknown"
            body["input"] = {"prompt": "turn", "image": order["image"]}
            await person.post("http://127.0.0.1:9/api/v1/task", json=body)
        world.clock.advance(10)
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "pending"


# List, get, restart


async def test_after_a_restart_every_open_task_is_listed_and_can_be_fetched(world: World) -> None:
    async with world.client() as agent:
        ordered = {(await agent.order(prompt=f"boat {number}"))["task_id"] for number in range(3)}
    async with world.client() as agent:
        tasks = (await agent.ok("list_wanx_tasks", status="open"))["tasks"]
        assert {task["task_id"] for task in tasks} == ordered
        world.clock.advance(HOUR)
        for task_id in ordered:
            assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "completed"
        assert not (await agent.ok("list_wanx_tasks", status="open"))["tasks"]
        done = (await agent.ok("list_wanx_tasks", status="completed"))["tasks"]
        assert all(task["video_url"] and task["charged_usd"] == 0.28 for task in done)


async def test_pages_follow_one_another_without_gaps(world: World) -> None:
    async with world.client() as agent:
        ordered = [(await agent.order(prompt=f"boat {number}"))["task_id"] for number in range(7)]
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await agent.ok("list_wanx_tasks", limit=3, **cursor)
            found += [task["task_id"] for task in page["tasks"]]
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert found == list(reversed(ordered))


async def test_a_task_that_the_provider_has_forgotten_is_told_from_the_ledger(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(HOUR)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        world.simulator.store.forget(created["task_id"])
        world.clock.advance(HOUR)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=45)
    assert seen["status"] == "completed"
    assert "the link has probably expired" in seen["next_step"]


async def test_a_task_of_another_hand_can_be_asked_for_by_id(world: World) -> None:
    async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
        body = {"model": "Qubico/wanx", "task_type": "txt2video-14b", "input": {"prompt": "x"}}
        answer = (await person.post("http://127.0.0.1:9/api/v1/task", json=body)).json()
    async with world.client() as agent:
        seen = await agent.ok("get_wanx_task", task_id=answer["data"]["task_id"])
        assert seen["status"] == "pending"
        assert not (await agent.ok("list_wanx_tasks"))["tasks"]


# The order and the call


async def test_a_call_that_is_cancelled_while_the_order_is_on_its_way_is_booked_and_repeated(world: World) -> None:
    left, go = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            left.set()
            await go.wait()

    world.line.on_request = hold
    async with world.client() as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.order)
            await left.wait()
            group.cancel_scope.cancel()
        go.set()
        repeated = await agent.order()
        assert repeated["reused"] is True
        (task,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert task["task_id"] == repeated["task_id"]
    assert len(world.line.sent("POST")) == 1


async def test_the_webhook_travels_inside_config_and_is_never_shown() -> None:
    world = World({"WANX_WEBHOOK_URL": "https://hooks.example.com/secret-path", "WANX_WEBHOOK_SECRET": "hush-hush-123"})
    async with world.client() as agent:
        created = await agent.call("create_wanx_task", **ORDER)
        seen = await agent.call("get_wanx_task", task_id=(created.structured_content or {})["task_id"])
        listed = await agent.call("list_wanx_tasks")
    (request,) = world.line.sent("POST")
    assert b'"config": {"webhook_config": {"endpoint": "https://hooks.example.com/secret-path"' in request.content
    shown = created.model_dump_json() + seen.model_dump_json() + listed.model_dump_json()
    kept = b"".join(path.read_bytes() for path in world.state.rglob("*") if path.is_file())
    for secret in ("hush-hush-123", "secret-path", KEY):
        assert secret not in shown
        assert secret.encode() not in kept


async def test_no_picture_is_in_the_ledger(world: World) -> None:
    async with world.client() as agent:
        await agent.order(task_type="img2video-14b", image="https://example.com/private/picture.png")
    kept = b"".join(path.read_bytes() for path in world.state.rglob("*") if path.is_file())
    assert b"a boat" in kept
    assert b"private/picture" not in kept


def test_settings_do_not_show_secrets() -> None:
    world = World({"WANX_WEBHOOK_SECRET": "hush-hush-123", "WANX_WEBHOOK_URL": "https://hooks.example.com/x"})
    assert "hush" not in repr(world.settings)
    assert KEY not in repr(world.settings)
