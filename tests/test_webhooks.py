"""The simulator calls the order's webhook when its task has ended: body, secret, three tries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import httpx
import pytest

from tests.world import World
from wanx_mcp.simulator.serving import serving

pytestmark = pytest.mark.anyio
HOOK = {"WANX_WEBHOOK_URL": "http://127.0.0.1:9/hook", "WANX_WEBHOOK_SECRET": "hush-hush-123"}


class Receiver:
    """Notes each call; refuses the first `deaf` ones."""

    def __init__(self, deaf: int = 0) -> None:
        self.deaf = deaf
        self.calls: list[tuple[str, Mapping[str, Any], Mapping[str, str]]] = []

    async def __call__(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        self.calls.append((url, body, headers))
        return len(self.calls) > self.deaf


async def test_a_finished_task_is_told_once_with_the_secret_in_the_header() -> None:
    world, receiver = World(HOOK), Receiver()
    async with world.client() as agent:
        created = await agent.order()
        await world.simulator.deliver_webhooks(receiver)
        assert not receiver.calls
        world.clock.advance(3600)
        for _ in range(2):
            await world.simulator.deliver_webhooks(receiver)
    ((url, body, headers),) = receiver.calls
    assert url == HOOK["WANX_WEBHOOK_URL"]
    assert headers == {"x-webhook-secret": "hush-hush-123"}
    assert set(body) == {"timestamp", "data"}
    assert isinstance(body["timestamp"], int)
    assert (body["data"]["task_id"], body["data"]["status"]) == (created["task_id"], "completed")


@pytest.mark.parametrize(("deaf", "calls"), [(1, 2), (2, 3), (9, 3)])
async def test_a_receiver_that_fails_is_called_three_times_at_most(deaf: int, calls: int) -> None:
    world, receiver = World(HOOK), Receiver(deaf)
    async with world.client() as agent:
        await agent.order()
        world.clock.advance(3600)
        await world.simulator.deliver_webhooks(receiver)
    assert len(receiver.calls) == calls


async def test_a_failed_task_is_told_too_and_one_without_a_webhook_is_not() -> None:
    world, receiver, quiet = World(HOOK), Receiver(), World()
    world.simulator.weather.failing = 1.0
    async with world.client() as agent, quiet.client() as other:
        await agent.order()
        await other.order()
        world.clock.advance(3600)
        quiet.clock.advance(3600)
        await world.simulator.deliver_webhooks(receiver)
        await quiet.simulator.deliver_webhooks(receiver)
    assert [body["data"]["status"] for _, body, _ in receiver.calls] == ["failed"]


async def test_a_fault_of_the_webhook_calls_leaves_the_simulated_provider_running() -> None:
    world = World(HOOK)
    async with world.client() as agent:
        await agent.order()
    world.simulator.store.close()  # as if its disk had gone: whoever reads it now meets an error
    async with serving(world.simulator) as url, httpx.AsyncClient(trust_env=False, timeout=120) as client:
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert (await client.get(f"{url}/nowhere")).status_code == 404
