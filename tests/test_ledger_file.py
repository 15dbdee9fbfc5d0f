"""The ledger's file: durable to the last byte, one owner for each task, and all or nothing when it is migrated."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.world import World
from wanx_mcp.ledger.schema import MIGRATIONS, open_file

ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
FIRST = 1
"""The oldest version of the file."""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"pragma {name}").fetchone()[0])


@pytest.mark.parametrize(("name", "value"), [("synchronous", 3), ("fullfsync", 1)])
def test_a_commit_is_on_the_disk_before_it_returns(tmp_path: Path, name: str, value: int) -> None:
    with closing(open_file(tmp_path / "ledger.sqlite3")) as db:
        assert pragma(db, name) == value


def test_the_journal_is_one_that_every_file_system_can_keep(tmp_path: Path) -> None:
    with closing(open_file(tmp_path / "ledger.sqlite3")) as db:
        assert db.execute("pragma journal_mode").fetchone()[0] == "delete"


@pytest.mark.anyio
async def test_a_second_entry_cannot_take_a_task_of_the_same_account(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
    with opened(world.state / "ledger.sqlite3") as db:
        columns = [name for _, name, *_ in db.execute("pragma table_info(entry)") if name != "number"]
        names = ", ".join(columns)
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(f"insert into entry ({names}) select {names} from entry")
        tasks = [task for (task,) in db.execute("select task_id from entry")]
    assert tasks == [created["task_id"]]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.anyio
async def test_a_state_folder_is_made_with_all_the_folders_above_it_and_is_the_owner_s_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "and" / "nested"
    world = World({"WANX_STATE_DIR": str(folder)})
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER)
        assert len((await agent.ok("list_wanx_tasks"))["tasks"]) == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ledger.sqlite3").stat().st_mode) == 0o600


# Migrations


def old_ledger(path: Path) -> None:
    """A ledger of the first version with one order, and a table in the way of a later version."""
    with opened(path) as db:
        db.executescript(MIGRATIONS[0])
        db.execute(f"pragma user_version = {FIRST}")
        db.execute(
            "insert into entry (account, state, task_type, content, created_at, booked, arguments, task_id, status) "
            "values ('a', 'accepted', 'txt2video-14b', 'c', 1000, 2800000, '{\"prompt\": \"old\"}', 't', 'pending')"
        )
        db.execute("create table saved (in_the_way)")


def state_of(path: Path) -> tuple[int, list[str], int]:
    """Version, columns of an order, and number of orders."""
    with opened(path) as db:
        columns = [name for _, name, *_ in db.execute("pragma table_info(entry)")]
        return pragma(db, "user_version"), columns, int(db.execute("select count(*) from entry").fetchone()[0])


def test_a_migration_that_fails_half_way_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    old_ledger(path)
    before = state_of(path)
    with pytest.raises(sqlite3.OperationalError, match="saved already exists"):
        open_file(path)
    assert state_of(path) == before


@pytest.mark.anyio
async def test_a_migration_that_failed_is_made_up_for_by_the_next_call(world: World) -> None:
    path = world.state / "ledger.sqlite3"
    old_ledger(path)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("ledger_unusable: ")
        assert not world.line.sent("POST")
        with opened(path) as db:
            db.execute("drop table saved")
        await agent.ok("create_wanx_task", **ORDER)
    version, _, orders = state_of(path)
    assert (version, orders) == (len(MIGRATIONS), 2)
