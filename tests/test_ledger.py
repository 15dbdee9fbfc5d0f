"""The ledger's file: private, migrated, never replaced, and right whichever write fails."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.world import World, text
from wanx_mcp.ledger import Draft, Intention, Observation, State
from wanx_mcp.ledger.book import Book
from wanx_mcp.ledger.schema import MIGRATIONS, open_file

ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def draft(prompt: str = "a boat", points: int = 2_800_000) -> Draft:
    return Draft("account", "txt2video-14b", {"prompt": prompt}, None, points, NOW, waited=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite3"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_folder_and_file_are_the_owner_s_alone(path: Path) -> None:
    Book(open_file(path)).close()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


OWNERS = 6
"""The version from which each order has an owner."""


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_ledger_of_every_older_version_is_migrated_with_its_orders(path: Path, version: int) -> None:
    path.parent.mkdir()
    old = sqlite3.connect(path, isolation_level=None)
    for script in MIGRATIONS[:version]:
        old.executescript(script)
    old.execute(f"pragma user_version = {version}")
    old.execute(
        "insert into entry (account, state, task_type, content, created_at, booked, arguments, task_id, status) "
        "values ('a', 'accepted', 'txt2video-14b', 'c', 1000, 2800000, '{\"prompt\": \"old\"}', 't', 'pending')"
    )
    if version >= OWNERS:
        old.execute("insert into identity (account, owner) values ('a', 'a')")
        old.execute(
            "update entry set owner = 'a', ordered_at = 1000, price = booked, reserved = booked, found = 'answer'"
        )
    old.close()
    book = Book(open_file(path))
    entry = book.find("a", "t")
    assert entry is not None
    assert (entry.save_to, entry.follower) == (None, None)  # what was ordered before is followed, not fetched
    assert (entry.arguments["prompt"], entry.booked, entry.saved_path) == ("old", 2_800_000, None)
    book.close()


def racer(path: Path, number: int, budget: int, start: Any, found: Any) -> None:
    book = Book(open_file(path))
    start.wait(300)
    found.put(isinstance(book.intend(draft(f"boat {number}"), budget), Intention))
    book.close()


def test_eight_processes_that_open_a_fresh_ledger_and_race_for_one_budget_get_one_order(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    found: Any = context.Queue()
    start = context.Barrier(8)
    racers = [context.Process(target=racer, args=(path, number, 2_800_000, start, found)) for number in range(8)]
    for process in racers:
        process.start()
    for process in racers:
        process.join(300)
    assert sorted(found.get(timeout=120) for _ in racers) == [False] * 7 + [True]


def test_nobody_comes_in_between_the_look_at_the_budget_and_the_booking(path: Path) -> None:
    one, other = Book(open_file(path)), Book(open_file(path))
    found: list[bool] = []

    def intend(book: Book, prompt: str) -> None:
        found.append(isinstance(book.intend(draft(prompt), 2_800_000), Intention))

    rival = threading.Thread(target=intend, args=(other, "theirs"))

    seen: list[str] = []

    def before_each(statement: str) -> None:
        if seen and "sum(booked)" in seen[-1]:
            one._db.set_trace_callback(None)
            rival.start()
            rival.join(0.5)  # a rival that is kept out waits until we are done
        seen.append(statement)

    one._db.set_trace_callback(before_each)
    intend(one, "ours")
    rival.join(120)
    assert sorted(found) == [False, True]
    one.close()
    other.close()


def test_a_write_that_is_torn_by_a_power_cut_is_rolled_back(path: Path, tmp_path: Path) -> None:
    book = Book(open_file(path))
    for number in range(200):
        book.intend(draft(f"boat {number}"), None)
    db = book._db
    db.execute("pragma cache_size = 1")
    db.execute("begin immediate")
    db.execute("update entry set state = 'declined', booked = 0, arguments = arguments || hex(randomblob(500))")
    torn = tmp_path / "torn"
    shutil.copytree(path.parent, torn)  # half of the new pages are in the file, the journal beside it
    assert (torn / "ledger.sqlite3-journal").stat().st_size > 0
    db.execute("rollback")
    book.close()
    recovered = Book(open_file(torn / "ledger.sqlite3"))
    assert recovered.spending(NOW, None).booked == 200 * 2_800_000
    assert len(recovered.page("account", (State.UNKNOWN,), None, 500)) == 200
    recovered.close()


def test_the_provider_s_own_answer_outweighs_a_guess(path: Path) -> None:
    book = Book(open_file(path))
    first, second = book.intend(draft("one"), None), book.intend(draft("two"), None)
    assert isinstance(first, Intention)
    assert isinstance(second, Intention)
    assert book.adopt(first.entry.number, Observation("t", "pending"))
    book.accept(second.entry.number, Observation("t", "pending"))
    found = book.find("account", "t")
    assert found is not None
    assert found.number == second.entry.number
    (doubt,) = book.doubts("account", NOW)
    assert (doubt.number, doubt.state) == (first.entry.number, State.UNKNOWN)
    book.close()


def test_an_order_that_was_released_too_early_is_booked_again_when_its_answer_comes(path: Path) -> None:
    book = Book(open_file(path))
    intention = book.intend(draft(), None)
    assert isinstance(intention, Intention)
    book.conclude(intention.entry.number, State.RELEASED)
    assert book.spending(NOW, None).booked == 0
    book.accept(intention.entry.number, Observation("t", "pending"))
    assert book.spending(NOW, None).booked == 2_800_000
    book.close()


# Ledgers that cannot be used


def spoilt(state: Path) -> Iterator[tuple[str, Any]]:
    path = state / "ledger.sqlite3"
    yield "damaged", lambda: path.write_bytes(b"this was a ledger once" * 100)
    yield "damaged inside", lambda: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40_000)
    yield "a folder", lambda: (path.unlink(), path.mkdir())
    yield "newer", lambda: sqlite3.connect(path).executescript("pragma user_version = 99")
    yield "of another program", lambda: (path.unlink(), sqlite3.connect(path).executescript("create table other (x)"))


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["damaged", "damaged inside", "a folder", "newer", "of another program"])
async def test_an_unusable_ledger_is_named_with_the_fix_and_refuses_orders_but_not_reads(
    world: World, kind: str
) -> None:
    async with world.client() as agent:
        created = await agent.order()
    dict(spoilt(world.state))[kind]()
    path = world.state / "ledger.sqlite3"
    before = path.read_bytes() if path.is_file() else b""
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **{**ORDER, "prompt": "another"})
        assert error.startswith("ledger_unusable: ")
        assert "Charged by this call: no. Next: ask the user to" in error
        assert (await agent.error("list_wanx_tasks")).startswith("ledger_unusable: ")
        assert (await agent.ok("get_wanx_task", task_id=created["task_id"]))["status"] == "pending"
    assert len(world.line.sent("POST")) == 1
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.anyio
async def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    world = World({"WANX_STATE_DIR": str(tmp_path / "file" / "state")})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("ledger_unusable: ")
    assert "WANX_STATE_DIR" in error


# Each write failing in turn


class FailingDisk:
    """Makes every change of the ledger fail with a full disk's words, until it is freed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> None:
        """From now on no row can be written."""
        holder = sqlite3.connect(self._path, isolation_level=None, timeout=0.1)
        for moment in ("update", "insert"):
            full = "begin select raise(fail, 'database or disk is full'); end"
            holder.execute(f"create trigger if not exists full_{moment} before {moment} on entry {full}")
        holder.close()

    def free(self) -> None:
        holder = sqlite3.connect(self._path, isolation_level=None)
        holder.executescript("drop trigger if exists full_update; drop trigger if exists full_insert;")
        holder.close()


@pytest.mark.anyio
async def test_without_a_written_intention_nothing_is_sent(world: World) -> None:
    disk = FailingDisk(world.state / "ledger.sqlite3")
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks")
        disk.fill()
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("ledger_unusable: ")
    assert "free some disk space" in error
    assert not world.line.sent("POST")


@pytest.mark.anyio
async def test_an_accepted_order_that_cannot_be_booked_is_returned_with_a_warning_and_found_again(world: World) -> None:
    disk = FailingDisk(world.state / "ledger.sqlite3")

    async def fill(request: httpx.Request) -> None:
        if request.method == "POST":
            disk.fill()

    world.line.on_response = fill
    async with world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER)
        assert not result.is_error
        assert "Warning: the order was accepted but could not be booked" in text(result)
        assert (result.structured_content or {})["task_id"]
        world.line.on_response = None
        disk.free()
        repeated = await agent.order()
    assert repeated["reused"] is True
    assert repeated["task_id"] == (result.structured_content or {})["task_id"]
    assert len(world.line.sent("POST")) == 1


@pytest.mark.anyio
async def test_a_decline_that_cannot_be_booked_stays_on_the_careful_side(world: World) -> None:
    disk = FailingDisk(world.state / "ledger.sqlite3")
    world.simulator.credit = 0

    async def fill(request: httpx.Request) -> None:
        if request.method == "POST":
            disk.fill()

    world.line.on_response = fill
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("out_of_credit: ")
        assert "Charged by this call: no." in error
        world.line.on_response = None
        disk.free()
        assert not (await agent.ok("list_wanx_tasks"))["tasks"], "it is booked once the ledger can take it"


@pytest.mark.anyio
async def test_a_read_that_cannot_be_kept_is_answered_all_the_same(world: World) -> None:
    disk = FailingDisk(world.state / "ledger.sqlite3")
    async with world.client() as agent:
        created = await agent.order()
        disk.fill()
        world.clock.advance(3600)
        assert (await agent.ok("get_wanx_task", task_id=created["task_id"]))["status"] == "completed"
        disk.free()
        world.clock.advance(10)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert (await agent.ok("list_wanx_tasks"))["tasks"][0]["status"] == "completed"
