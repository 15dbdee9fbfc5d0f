"""A call that is cancelled while its order is being written into the ledger: it places nothing and leaves nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.world import Agent, World

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat", "request_id": "mine"}


def slow_down(ledger: Path) -> None:
    """From now on the write of a new order takes long enough to be cancelled: it counts to some millions on the way."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        for number in range(10):
            db.execute(f"create table if not exists padding_{number} (x)")
        many = ", ".join(f"sqlite_master as m{number}" for number in range(5))
        db.execute(f"create trigger slow after insert on entry begin select count(*) from {many}; end")


async def cancel_while_it_is_written(agent: Agent, ledger: Path) -> None:
    """Order, and cancel the call once the transaction has begun to write."""
    journal = ledger.with_name(f"{ledger.name}-journal")
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: agent.call("create_wanx_task", **ORDER))
        with anyio.fail_after(120):
            while not journal.exists():  # noqa: ASYNC110  # SQLite makes no other sign
                await anyio.sleep(0.002)
        group.cancel_scope.cancel()


async def test_an_order_whose_call_is_cancelled_while_it_is_written_is_neither_sent_nor_in_doubt(world: World) -> None:
    ledger = world.state / "ledger.sqlite3"
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks")
        slow_down(ledger)
        await cancel_while_it_is_written(agent, ledger)
        for _ in range(100):  # the call is cleared up beside these
            listed = await agent.ok("list_wanx_tasks")
            if not listed["tasks"]:
                break
        assert listed["tasks"] == []
        assert listed["budget"]["spent_usd"] == 0
        assert not world.line.sent("POST")
        with closing(sqlite3.connect(ledger)) as db:
            assert set(db.execute("select state from entry")) <= {("declined",)}
        assert (await agent.ok("create_wanx_task", **ORDER))["reused"] is False
    assert len(world.line.sent("POST")) == 1
