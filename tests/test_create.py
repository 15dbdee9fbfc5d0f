"""Placing an order in bad weather: what is repeated, what is unknown, what the words about money are."""

from __future__ import annotations

import anyio
import httpx
import pytest

from tests.world import KEY, World
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
ORDER = {"task_type": "txt2video-14b", "prompt": "a boat"}


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
async def test_an_order_that_never_left_is_sent_again(world: World, error: type[httpx.TransportError]) -> None:
    world.line.broken_orders = [error("x"), error("x")]
    async with world.client() as agent:
        await agent.order()
    assert world.simulator.store.count() == 1


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.BUSY_RETRY_AFTER])
async def test_an_order_that_met_429_is_sent_again(world: World, fault: Fault) -> None:
    world.simulator.weather.coming("POST", fault, fault)
    async with world.client() as agent:
        await agent.order()
    assert world.simulator.store.count() == 1


async def test_a_provider_that_stays_busy_is_rate_limited_and_nothing_was_spent(world: World) -> None:
    world.simulator.weather.coming("POST", *[Fault.BUSY] * 4)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("rate_limited: ")
    assert "Charged by this call: no." in error


async def test_a_provider_that_stays_busy_is_told_within_twenty_seconds(world: World) -> None:
    world.simulator.weather.retry_after = 8
    world.simulator.weather.coming("POST", *[Fault.BUSY_RETRY_AFTER] * 100)
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("rate_limited: ")
    assert len(world.line.sent("POST")) > 1
    assert world.clock.seconds() < 20


async def test_a_repeat_waits_five_seconds_for_the_first_one_s_task(world: World) -> None:
    arrived, told = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            arrived.set()
            await told.wait()

    world.line.on_request = hold
    async with world.client() as agent, anyio.create_task_group() as group:
        group.start_soon(agent.order)
        await arrived.wait()
        begun = world.clock.seconds()
        error = await agent.error("create_wanx_task", **ORDER)
        assert 5 <= world.clock.seconds() - begun < 6
        told.set()
    assert error.startswith("outcome_unknown: ")
    assert "Charged by this call: no." in error
    assert world.simulator.store.count() == 1


async def test_a_retry_after_beyond_the_call_is_not_waited_for(world: World) -> None:
    world.simulator.weather.retry_after = 60
    world.simulator.weather.coming("POST", Fault.BUSY_RETRY_AFTER)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("rate_limited: ")
    assert "wait 60 s" in error
    assert len(world.line.sent("POST")) == 1
    assert world.clock.seconds() == 0


UNCLEAR = [Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.FAIL_500, Fault.ACT_THEN_500, Fault.HTML, Fault.ACT_THEN_HTML]


@pytest.mark.parametrize("fault", [*UNCLEAR, Fault.HALF_BODY, Fault.EMPTY_BODY])
async def test_an_order_whose_answer_is_lost_or_unreadable_is_sent_once_and_its_outcome_is_unknown(
    world: World, fault: Fault
) -> None:
    world.simulator.weather.coming("POST", fault)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("outcome_unknown: ")
    assert "Charged by this call: maybe." in error
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError, httpx.CloseError])
async def test_an_order_that_may_have_arrived_is_never_sent_again(
    world: World, error: type[httpx.TransportError]
) -> None:
    world.line.broken_orders = [error("x")]
    async with world.client() as agent:
        told = await agent.error("create_wanx_task", **ORDER)
    assert told.startswith("outcome_unknown: ")
    assert len(world.line.sent("POST")) == 1


async def test_a_wrong_key_is_told_without_showing_it(world: World) -> None:
    world.simulator.keys = frozenset({"another"})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("unauthorized: ")
    assert KEY not in error


@pytest.mark.parametrize(
    "words",
    ["cannot fetch https://example.com/p.png?sig=s3cret", f"bad key {KEY}", "data:image/png;base64,s3cret was bad"],
)
async def test_the_provider_s_words_are_quoted_without_links_and_secrets(world: World, words: str) -> None:
    world.line.canned = httpx.Response(400, json={"code": 400, "message": words + " \u202e\u200b\U000e0041end"})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("refused: the provider answered 400: ")
    assert error.isprintable()
    assert "end" in error
    assert "s3cret" not in error
    assert KEY not in error


async def test_an_empty_account_is_told(world: World) -> None:
    world.simulator.credit = 1
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("out_of_credit: ")
    assert "Charged by this call: no." in error


async def test_without_a_key_the_tools_are_listed_and_a_call_says_how_to_set_it() -> None:
    async with World({"PIAPI_API_KEY": ""}).client() as agent:
        assert len((await agent.client.list_tools()).tools) >= 3
        for tool, arguments in (("create_wanx_task", ORDER), ("get_wanx_task", {"task_id": "x"})):
            error = await agent.error(tool, **arguments)
            assert error.startswith("not_configured: ")
            assert "WANX_SIMULATE=1" in error


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_call_that_the_client_cancels_leaves_exactly_one_task_that_can_be_fetched(
    world: World, mode: str
) -> None:
    answered, cancelled = anyio.Event(), anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "POST":
            answered.set()
            await cancelled.wait()

    world.line.on_request = hold
    async with world.client(mode) as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(agent.order)
            await answered.wait()
            group.cancel_scope.cancel()
        cancelled.set()
        with anyio.fail_after(120):
            while not world.simulator.store.count():  # noqa: ASYNC110  # the store has no event to wait for
                await anyio.sleep(0.01)
        (task,) = world.simulator.store.all()
        assert (await agent.ok("get_wanx_task", task_id=task.task_id))["status"] == "pending"
    assert len(world.line.sent("POST")) == 1


async def test_a_wrong_setting_forbids_orders_and_is_named_in_the_first_error() -> None:
    world = World({"PIAPI_BASE_URL": "http://example.com", "WANX_MAX_WAIT_SECONDS": "99"})
    async with world.client() as agent:
        first = await agent.error("create_wanx_task", **ORDER)
        second = await agent.error("create_wanx_task", **ORDER)
    assert first.startswith("not_configured: PIAPI_BASE_URL must be an https URL")
    assert "WANX_MAX_WAIT_SECONDS must be" in first
    assert "WANX_MAX_WAIT_SECONDS" not in second


async def test_cancelling_a_pending_task_is_honest(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        result = await agent.ok("cancel_wanx_task", task_id=created["task_id"])
        assert (result["status"], result["cancelled"]) == ("cancelled", True)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert seen["status"] == "cancelled"


@pytest.mark.parametrize("later", [200, 3600])
async def test_a_task_under_way_or_over_cannot_be_cancelled(world: World, later: int) -> None:
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(later)
        error = await agent.error("cancel_wanx_task", task_id=created["task_id"])
        assert error.startswith("cannot_cancel: the task is ")
        assert ("it continues" in error) == (later == 200)
        assert ("see how the task ended" in error) == (later == 3600)
        missing = await agent.error("cancel_wanx_task", task_id="nobody")
        assert missing.startswith("task_not_found: ")
