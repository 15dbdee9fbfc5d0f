"""What a repeat of an order answers: the first one's task in the state it is known to be in, whoever is away."""

from __future__ import annotations

import httpx
import pytest

from tests.world import World

pytestmark = pytest.mark.anyio
AWAY = [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError]
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(("speed", "status"), [(0.1, "pending"), (1, "processing"), (100, "completed")])
@pytest.mark.parametrize("request_id", ["", "mine"])
async def test_a_repeat_carries_the_state_of_the_first(
    world: World, speed: float, status: str, request_id: str
) -> None:
    world.simulator.speed = speed
    async with world.client() as agent:
        first = await agent.order(request_id=request_id)
        world.clock.advance(110)
        assert (await agent.ok("get_wanx_task", task_id=first["task_id"]))["status"] == status
        again = await agent.order(request_id=request_id)
    assert (again["task_id"], again["status"], again["reused"]) == (first["task_id"], status, True)
    assert again["booked_usd"] == first["booked_usd"]
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize("error", AWAY)
async def test_an_old_open_order_is_repeated_while_the_provider_is_away(
    world: World, error: type[httpx.TransportError]
) -> None:
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(3 * MINUTE)
        world.line.broken = [error("away") for _ in range(100)]
        again = await agent.order()
        assert (again["task_id"], again["status"], again["reused"]) == (first["task_id"], "pending", True)
    assert not [request for request in world.line.sent("POST")[1:] if request.url.path.endswith("/task")]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_an_old_open_order_is_repeated_while_the_provider_answers_with_an_error(
    world: World, status: int
) -> None:
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(3 * MINUTE)
        world.line.canned = httpx.Response(status, json={"code": status, "message": "trouble"})
        again = await agent.order()
    assert (again["task_id"], again["reused"]) == (first["task_id"], True)
    assert len(world.line.sent("POST")) == 1


async def test_an_old_order_that_has_ended_unseen_is_no_repeat(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order()
        world.clock.advance(HOUR)
        again = await agent.order()
    assert again["task_id"] != first["task_id"]
    assert (again["status"], again["reused"]) == ("pending", False)
    assert len(world.line.sent("POST")) == 2


async def test_a_repeat_by_its_key_asks_the_provider_nothing_about_the_task(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order(request_id="mine")
        world.clock.advance(HOUR)
        before = len(world.line.requests)
        assert (await agent.order(request_id="mine"))["task_id"] == first["task_id"]
    assert not [one for one in world.line.requests[before:] if first["task_id"] in str(one.url)]
