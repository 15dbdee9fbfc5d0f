"""Every fact of a text is in the structured result, and the other way round: some hosts show only one of them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp.types import CallToolResult

from tests.world import Agent, World, text
from wanx_mcp.server.facts import completed, says, spoken
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio

AMOUNT = re.compile(r"\$(\d+\.\d+)")
ELSE = re.compile(
    r"https?://\S+|/\S+\.mp4|\d{4}-\d\d-\d\dT[\d:]+Z|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{64}\b|\b\d\d:\d\d UTC"
)
COUNTS = re.compile(r"\b(\d+)x(\d+)\b|\b(\d+\.\d+) s\b|\b(\d+) (?:s|min) left")
"""What a text says as numbers: the size and length of a clip, and the time left."""


def check(result: CallToolResult) -> None:
    """Both ways, for one reply."""
    said, facts = text(result), dict(result.structured_content or {})
    for name, fact in spoken({key: value for key, value in facts.items() if not isinstance(value, list)}):
        assert says(said, fact), (name, fact, said)
    for row in facts.get("tasks", ()):
        assert any(all(says(line, fact) for _, fact in spoken(row)) for line in said.split("\n")), (row, said)
    numbers = list(_numbers(facts))
    dumped = json.dumps(facts, ensure_ascii=False)
    for found in AMOUNT.findall(said):
        assert float(found) in numbers or f"${found}" in dumped, (found, said)
    for found in ELSE.findall(said):
        assert found.removesuffix(" UTC").rstrip(".,;)") in dumped, (found, said)
    for found in COUNTS.finditer(said):
        width, height, seconds, left = found.groups()
        wanted = [int(width), int(height)] if width else [float(seconds)] if seconds else []
        assert all(any(abs(one - number) < 0.01 for number in numbers) for one in wanted), (found[0], said)
        assert left is None or "eta_seconds" in facts, said


def _numbers(value: Any) -> Any:
    match value:
        case bool():
            return
        case int() | float():
            yield float(value)
        case dict():
            for inner in value.values():
                yield from _numbers(inner)
        case list():
            for inner in value:
                yield from _numbers(inner)


async def every_reply(world: World, agent: Agent) -> AsyncIterator[CallToolResult]:
    """Each kind of reply that has a structured result."""
    order = {"task_type": "txt2video-14b", "prompt": "a boat"}
    yield await agent.call("list_wanx_tasks")
    yield await agent.call("create_wanx_task", **order, dry_run=True, lora_type=None)
    yield (created := await agent.call("create_wanx_task", **order, request_id="take-1"))
    task_id = dict(created.structured_content or {})["task_id"]
    yield await agent.call("create_wanx_task", **order, request_id="take-1")
    yield await agent.call("create_wanx_task", **order, request_id="take-1", dry_run=True)
    yield await agent.call("get_wanx_task", task_id=task_id)
    world.clock.advance(100)
    yield await agent.call("get_wanx_task", task_id=task_id)
    yield await agent.call("get_wanx_task", task_id=task_id, wait_seconds=9)
    world.clock.advance(3600)
    yield await agent.call("get_wanx_task", task_id=task_id)
    yield await agent.call("save_wanx_video", task_id=task_id)
    yield await agent.call("save_wanx_video", task_id=task_id)
    yield await agent.call("get_wanx_task", task_id=task_id)
    yield (other := await agent.call("create_wanx_task", **order, request_id="take-2"))
    yield await agent.call("cancel_wanx_task", task_id=dict(other.structured_content or {})["task_id"])
    world.simulator.weather.failing = 1
    yield (failing := await agent.call("create_wanx_task", **order, request_id="take-3"))
    world.clock.advance(3600)
    yield await agent.call("get_wanx_task", task_id=dict(failing.structured_content or {})["task_id"])
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    await agent.call("create_wanx_task", **order, request_id="take-4")
    yield await agent.call("create_wanx_task", **order, request_id="take-4", dry_run=True)
    yield await agent.call("create_wanx_task", task_type="wan22-txt2video-14b", prompt="a boat", dry_run=True)
    yield await agent.call("list_wanx_tasks")
    yield await agent.call("list_wanx_tasks", limit=1)
    yield await agent.call("list_wanx_tasks", status="cancelled")


@pytest.mark.parametrize(
    "environment",
    [{}, {"WANX_DAILY_BUDGET_USD": "1.30"}, {"WANX_SIMULATE": "1"}],
    ids=["no limit", "a budget", "simulated"],
)
async def test_text_and_result_of_every_reply_hold_the_same_facts(environment: dict[str, str]) -> None:
    world, count = World(environment), 0
    async with world.client() as agent:
        async for reply in every_reply(world, agent):
            if not reply.is_error:
                check(reply)
                count += 1
    assert count > 18


async def test_a_dry_run_beyond_the_budget_holds_the_same_facts_too() -> None:
    world = World({"WANX_DAILY_BUDGET_USD": "0.30"})
    async with world.client() as agent:
        await agent.order()
        reply = await agent.call("create_wanx_task", task_type="txt2video-14b", prompt="two boats", dry_run=True)
    check(reply)
    facts = dict(reply.structured_content or {})
    assert "room_at" in facts["budget"]
    assert "needs $0.28, $0.26 more than the budget has left" in facts["next_step"]


def test_a_fact_that_the_words_leave_out_is_added_before_the_next_step() -> None:
    facts = {"task_id": "t1", "price_usd": 0.28, "eta_seconds": 5, "reused": False, "next_step": "wait"}
    assert completed("Task t12 is pending. Next: wait.", facts) == (
        "Task t12 is pending. (task_id t1; price_usd $0.28; eta_seconds 5) Next: wait."
    )


def test_a_row_gets_the_facts_that_its_own_line_lacks() -> None:
    facts = {"tasks": [{"task_id": "a", "request_id": "x"}, {"task_id": "b", "request_id": "x"}], "next_step": "wait"}
    assert (
        completed("2 orders.\n- a x\n- b: pending\nNext: wait.", facts).split("\n")[2] == "- b: pending (request_id x)"
    )
