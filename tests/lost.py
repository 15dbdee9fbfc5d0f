"""Orders whose answers are lost, in a world where time passes: what becomes of them, and what was really bought."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

from tests.world import PICTURE, Agent, World, text
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.quirks.quirk import Quirk
from wanx_mcp.simulator.weather import Fault

MINUTE = 60
PROMPT = 'Tom & "Jerry" in a cafe\u0301 <b>'
ORDER: dict[str, Any] = {
    "task_type": "txt2video-14b",
    "prompt": PROMPT,
    "negative_prompt": "fog",
    "aspect_ratio": "9:16",
    "request_id": "lost",
}
CANARY: dict[str, Any] = {"task_type": "img2video-14b", "prompt": "a canary", "image": PICTURE}


async def lose(
    world: World, agent: Agent, fault: Fault = Fault.LOSE_ANSWER, *quirks: Quirk, **order: Any
) -> SimulatedTask | None:
    """Order something of which no answer comes back: ORDER, if nothing else is asked for. The task, if there is one."""
    known = {task.task_id for task in world.simulator.store.all()}
    world.simulator.weather.coming("POST", fault)
    if quirks:
        world.simulator.weather.coming_quirks("POST", quirks)
    error = await agent.error("create_wanx_task", **(order or ORDER))
    assert error.startswith("outcome_unknown: "), error
    assert "Charged by this call: maybe" in error
    return next((task for task in world.simulator.store.all() if task.task_id not in known), None)


async def canary(agent: Agent, number: int = 1) -> str:
    """An order that is accepted: it can vouch for the history."""
    return str((await agent.order(**CANARY, request_id=f"canary {number}"))["task_id"])


async def listed(agent: Agent, request_id: str = "lost") -> dict[str, Any] | None:
    """The order in the list, None if it is not there (any more)."""
    tasks = (await agent.ok("list_wanx_tasks", limit=50))["tasks"]
    return next((task for task in tasks if task.get("request_id") == request_id), None)


async def pass_minutes(world: World, agent: Agent, minutes: int, step: int = 5) -> dict[str, Any] | None:
    """Let time pass, and list every `step` minutes until the order is settled. How it is listed at the end."""
    row = await listed(agent)
    for _ in range(0, minutes, step):
        world.clock.advance(step * MINUTE + 10)
        row = await listed(agent)
        if row is None or row["status"] != "unknown":
            break
    return row


async def an_hour_with_canaries(world: World, agent: Agent) -> str:
    """An hour in which orders are accepted and the lost one is looked for and repeated; what the last repeat says."""
    said = ""
    for minutes in (5, 6, 5, 6, 5, 12, 6, 15):
        world.clock.advance(minutes * MINUTE)
        await agent.call("create_wanx_task", **CANARY, request_id=f"canary {world.clock.seconds()}")
        await agent.ok("list_wanx_tasks")
        said = text(await agent.call("create_wanx_task", **ORDER))
    return said


def bought(world: World, prompt: str = PROMPT) -> int:
    """How many tasks the provider has made of that prompt."""
    return sum(task.input.get("prompt") == prompt for task in world.simulator.store.all())


def entries(world: World) -> list[dict[str, Any]]:
    """The ledger's rows."""
    with closing(sqlite3.connect(world.state / "ledger.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("select * from entry order by number")]


def entry(world: World, request_id: str = "lost") -> dict[str, Any]:
    """The ledger's newest row of that request_id."""
    return [row for row in entries(world) if row["request_id"] == request_id][-1]


def booked(world: World) -> int:
    """Points that all orders hold."""
    return sum(row["booked"] for row in entries(world))
