"""A ledger that cannot be used: the advice fits what is wrong with it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.world import World

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
ASIDE = r"ask the user to move \S+ledger\.sqlite3 aside \(it is damaged; keep it\) and to check the PiAPI task history"


def overwritten(path: Path) -> None:
    path.write_bytes(b"this was a ledger once" * 100)


def damaged_inside(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40_000)


def without_its_table(path: Path) -> None:
    run(path, "drop table entry")


def without_a_column(path: Path) -> None:
    run(path, "alter table entry rename column state to states")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def full(path: Path) -> None:
    run(path, "create trigger f before insert on entry begin select raise(fail, 'database or disk is full'); end")


def run(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)


@pytest.mark.parametrize(
    ("spoil", "said", "advice"),
    [
        (overwritten, "not a database", ASIDE),
        (damaged_inside, "malformed", ASIDE),
        (without_its_table, "no such table", ASIDE),
        (without_a_column, "no such column", ASIDE),
        (a_folder, "Is a directory", r"ask the user to move the folder \S+ away: a file belongs in its place"),
        (full, "full", "ask the user to free some disk space; the ledger itself is in order"),
    ],
)
async def test_each_damage_is_told_with_what_helps_against_it(
    world: World, spoil: Callable[[Path], None], said: str, advice: str
) -> None:
    path = world.state / "ledger.sqlite3"
    async with world.client() as agent:
        await agent.order(prompt="another boat")
    spoil(path)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert re.match(rf"ledger_unusable: the ledger {re.escape(str(path))} cannot be used \(.*{said}.*\)\. ", error)
    assert re.search(rf"Charged(?: by this call)?: no\.(?: .+)? Next: {advice}\.$", error), error
    assert len(world.line.sent("POST")) == 1
