"""Outcomes that the ledger could not take at once: each is booked once, in order, and none is in the way of others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tests.world import World
from wanx_mcp.clock import VirtualClock
from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.ledger import Draft, Intention, Observation, Spending, State
from wanx_mcp.ledger.book import Book
from wanx_mcp.ledger.schema import open_file
from wanx_mcp.studio.errands import Errands
from wanx_mcp.studio.outcomes import Outcomes

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Pen:
    """A ledger that cannot be used for the first so many times."""

    def __init__(self, refusals: int = 0, fault: Exception | None = None) -> None:
        self.refusals, self.fault, self.written = refusals, fault, 0

    async def __call__(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.refusals:
            self.refusals -= 1
            raise LedgerUnusable("it is away")
        if self.fault:
            raise self.fault
        self.written += 1


async def test_an_outcome_is_booked_once_however_many_try(world: World) -> None:
    async with anyio.create_task_group() as group:
        outcomes, pen = Outcomes(world.clock, Errands(group)), Pen(refusals=1)
        assert await outcomes.book(pen) == "it is away"
        async with anyio.create_task_group() as calls:
            for _ in range(5):
                calls.start_soon(outcomes.catch_up)
        assert pen.written == 1
        group.cancel_scope.cancel()


async def test_one_that_fails_unexpectedly_is_not_in_the_way_of_the_next(world: World) -> None:
    async with anyio.create_task_group() as group:
        outcomes = Outcomes(world.clock, Errands(group))
        broken, sound = Pen(refusals=1, fault=KeyError("gone")), Pen(refusals=1)
        for pen in (broken, sound):
            await outcomes.book(pen)
        await outcomes.catch_up()
        assert (broken.written, sound.written) == (0, 1)
        await outcomes.catch_up()
        assert sound.written == 1
        group.cancel_scope.cancel()


async def test_the_background_takes_up_every_outcome_and_again_after_it_had_none() -> None:
    clock = VirtualClock()
    async with anyio.create_task_group() as group:
        outcomes = Outcomes(clock, Errands(group))
        for _ in range(2):
            pen = Pen(refusals=2)
            await outcomes.book(pen)
            with anyio.fail_after(60):
                while not pen.written:  # it is the background's own time that is awaited
                    clock.advance(6)
                    await anyio.sleep(0.01)
            await anyio.sleep(0.05)
        group.cancel_scope.cancel()


def intended(book: Book, **more: object) -> int:
    values = {"prompt": "a boat", **more}
    answer = book.intend(Draft("me", "txt2video-14b", values, None, 2_800_000, NOW, waited=True), None)
    assert isinstance(answer, Intention)
    return answer.entry.number


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(open_file(tmp_path / "ledger.sqlite3"))


def seen(status: str, *, charged: int | None = None, shown: int | None = None, by_get: bool = False) -> Observation:
    return Observation("t1", status, charged=charged, shown=shown, by_get=by_get, asked_at=NOW, ended_at=None)


def test_an_answer_that_is_booked_a_second_time_undoes_nothing_that_was_seen_since(book: Book) -> None:
    number = intended(book)
    book.accept(number, seen("pending", shown=2_800_000))
    book.observe("me", seen("completed", charged=5_000_000, shown=5_000_000, by_get=True))
    before = book.must(number)
    book.accept(number, seen("pending", shown=2_800_000))
    assert book.must(number) == before
    assert (before.status, before.charged, before.booked) == ("completed", 5_000_000, 5_000_000)


@pytest.mark.parametrize("state", [State.DECLINED, State.UNKNOWN, State.RELEASED])
def test_an_accepted_order_is_concluded_no_more(book: Book, state: State) -> None:
    number = intended(book)
    book.accept(number, seen("pending"))
    book.conclude(number, state)
    assert (book.must(number).state, book.must(number).booked) == (State.ACCEPTED, 2_800_000)
    assert not book.adopt(number, Observation("t2", "pending"))
    assert book.must(number).task_id == "t1"


@pytest.mark.parametrize(
    ("booked", "limit", "points", "allowed"),
    [(0, 0, 0, False), (5, 5, 0, False), (6, 5, 0, False), (4, 5, 1, True), (4, 5, 2, False), (9, None, 9, True)],
)
def test_where_nothing_is_left_nothing_may_be_booked_whatever_it_costs(
    booked: int, limit: int | None, points: int, allowed: bool
) -> None:
    assert Spending(booked, limit).allows(points) is allowed


def test_an_order_that_loses_its_task_to_another_keeps_nothing_of_it(book: Book) -> None:
    first, second = intended(book), intended(book, prompt="another boat")
    book.conclude(first, State.UNKNOWN)
    placed = NOW + timedelta(seconds=1)
    guess = Observation("t1", "completed", charged=1, shown=1, placed_at=placed, ended_at=placed, by_get=True)
    assert book.adopt(first, guess)
    book.deny("me", "t1", NOW)
    book.lose("me", "t1", NOW)
    book.accept(second, seen("pending"))
    doubtful = book.must(first)
    assert doubtful.denied_at is None
    assert doubtful.gone_at is None
    assert (doubtful.state, doubtful.task_id, doubtful.booked) == (State.UNKNOWN, None, 2_800_000)
    assert doubtful.placed_at is None
    assert doubtful.ended_at is None
    assert doubtful.charged is None
    assert book.must(second).task_id == "t1"
