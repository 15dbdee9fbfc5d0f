"""Settings with which it is not safe to ask the provider anything: every tool says so, and nothing is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.world import World

pytestmark = pytest.mark.anyio
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "get": ("get_wanx_task", {"task_id": "t"}),
    "get and wait": ("get_wanx_task", {"task_id": "t", "wait_seconds": 5}),
    "cancel": ("cancel_wanx_task", {"task_id": "t"}),
    "save": ("save_wanx_video", {"task_id": "t"}),
    "preview": ("preview_wanx_video", {"task_id": "t"}),
    "create": ("create_wanx_task", {"task_type": "txt2video-14b", "prompt": "a boat"}),
}
ADDRESSES = ["http://example.com", "ftp://127.0.0.1", "api.piapi.ai", "https://user:secret@api.piapi.ai"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("call", CALLS)
async def test_with_a_wrong_address_no_tool_asks_the_provider(address: str, call: str) -> None:
    world = World({"PIAPI_BASE_URL": address})
    tool, given = CALLS[call]
    async with world.client() as agent:
        error = await agent.error(tool, **given)
    assert error.startswith("not_configured: PIAPI_BASE_URL must be an https URL")
    assert re.search(r"Charged(?: by this call)?: no\.", error)
    assert "restart it, or to set WANX_SIMULATE=1 to try everything free of charge." in error
    assert "secret" not in error
    assert not world.line.requests


async def test_a_wrong_address_is_named_each_time_and_not_only_in_the_first_error() -> None:
    world = World({"PIAPI_BASE_URL": "http://example.com"})
    async with world.client() as agent:
        for _ in range(3):
            error = await agent.error("get_wanx_task", task_id="t")
            assert error.startswith("not_configured: PIAPI_BASE_URL must be an https URL")
    assert not world.line.requests


@pytest.mark.parametrize("call", [call for call in CALLS if call != "preview"])
async def test_without_a_key_no_tool_asks_the_provider(call: str) -> None:
    world = World({"PIAPI_API_KEY": ""})
    tool, given = CALLS[call]
    async with world.client() as agent:
        error = await agent.error(tool, **given)
    assert error.startswith("not_configured: there is no PIAPI_API_KEY")
    assert not world.line.requests


@pytest.mark.parametrize(("variable", "value"), [("WANX_DAILY_BUDGET_USD", "five"), ("WANX_ASSUMED_PRICE_USD", "-1")])
async def test_a_setting_about_money_forbids_orders_and_no_reads(variable: str, value: str) -> None:
    world = World()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
    wrong = world.beside(**{variable: value})
    async with wrong.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="another boat")
        assert error.startswith(f"not_configured: {variable} must be")
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "pending"
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 1
    assert len(world.line.sent("POST")) == 1
