"""Lost orders at a provider that differs from its documentation, with real processes: what arrived is never paid twice,
what never arrived is freed. Orders are counted where they cost money: at the provider."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from . import provider_history as h
from . import weather as w
from .ageing import age
from .answers import error_of
from .conftest import KEY, House
from .echoes import DATES, ECHOES, IDS
from .examples import PIXEL
from .provider_task import IN_WORK
from .rawclient import StdioServer
from .test_money import listed, order, spent
from .test_money_unknown import lose
from .upstream import Upstream

PROMPT = 'Tom & "Jerry" in a cafe\u0301 <b>'
LOST = {"task_type": "txt2video-14b", "prompt": PROMPT, "negative_prompt": "fog", "aspect_ratio": "9:16"}
WIRE = {
    "model": "Qubico/wanx",
    "task_type": "txt2video-14b",
    "input": {"prompt": PROMPT, "negative_prompt": "fog", "aspect_ratio": "9:16"},
}
CANARY = {"task_type": "txt2video-1.3b", "prompt": "A canary"}
UNLIMITED = {"WANX_DAILY_BUDGET_USD": "unlimited"}


@pytest.fixture(autouse=True)
def long_lives(upstream: Upstream) -> None:
    upstream.life = IN_WORK


def canary(server: StdioServer, number: int = 0) -> str:
    return str(order(server, CANARY, request_id=f"canary-{number}")["task_id"])


def bought(upstream: Upstream, prompt: str = PROMPT) -> int:
    """How many tasks of that prompt orders have made."""
    return sum(upstream.tasks[task_id].order["input"]["prompt"] == prompt for task_id in upstream.charges)


def row_of(server: StdioServer, request_id: str) -> dict[str, Any] | None:
    return next((row for row in listed(server, limit=50) if row.get("request_id") == request_id), None)


def an_hour(house: House, upstream: Upstream, server: StdioServer, wanted: dict[str, Any] = LOST) -> StdioServer:
    """An hour goes by, with looks, repeats, new orders and a restart."""
    for number, minutes in enumerate((1, 10, 6, 6, 12, 15)):
        age(house, upstream, minutes)
        listed(server)
        server.call("create_wanx_task", **wanted, request_id="lost")
        server.call("create_wanx_task", **CANARY, request_id=f"canary-{number + 1}")
        if number == 3:
            server.stop()
            server = house.start(**UNLIMITED)
    return server


# --- what arrived is not paid twice ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ECHOES)
def test_whatever_the_echo_is_the_order_is_paid_once(name: str, house: House, upstream: Upstream) -> None:
    server = house.start(**UNLIMITED)
    canary(server)
    upstream.echo = ECHOES[name]
    lose(server, upstream, LOST, request_id="lost")
    an_hour(house, upstream, server)
    assert bought(upstream) == 1


@pytest.mark.parametrize("odd", [*h.HISTORIES, h.lag(240), h.lag(1500)], ids=lambda odd: odd.name)
def test_whatever_the_history_shows_the_order_is_paid_once(odd: h.History, house: House, upstream: Upstream) -> None:
    """The echo is another one, so that nothing but the proof stands between the order and a second one."""
    upstream.histories = (odd,)
    server = house.start(**UNLIMITED)
    canary(server)
    age(house, upstream, 2)
    upstream.echo = ECHOES["extended"]
    lose(server, upstream, LOST, request_id="lost")
    an_hour(house, upstream, server)
    assert bought(upstream) == 1


@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize("when", ["always", "at the order", "after the order"])
def test_whatever_the_date_says_the_order_is_paid_once(name: str, when: str, house: House, upstream: Upstream) -> None:
    right = upstream.date
    upstream.date = right if when == "after the order" else DATES[name]
    server = house.start(**UNLIMITED)
    canary(server)
    age(house, upstream, 2)
    upstream.echo = ECHOES["extended"]
    lose(server, upstream, LOST, request_id="lost")
    upstream.date = right if when == "at the order" else DATES[name]
    an_hour(house, upstream, server)
    assert bought(upstream) == 1


@pytest.mark.parametrize("where", ["rows", "tasks", "both", "an hour ahead"])
def test_dates_of_another_zone_do_not_hide_an_order(where: str, house: House, upstream: Upstream) -> None:
    if where in ("rows", "both"):
        upstream.histories = (h.LOCAL_DATES,)
    if where in ("tasks", "both"):
        upstream.always("read", w.LOCAL_DATES)
        upstream.always("create", w.LOCAL_DATES)
    if where == "an hour ahead":
        upstream.created_off = timedelta(hours=1)
    server = house.start(**UNLIMITED)
    canary(server)
    lose(server, upstream, LOST, request_id="lost")
    server = an_hour(house, upstream, server)
    assert bought(upstream) == 1
    row = row_of(server, "lost")
    assert row is not None


def test_a_task_that_can_never_be_read_is_not_paid_for_again(house: House, upstream: Upstream) -> None:
    server = house.start(**UNLIMITED)
    canary(server)
    lose(server, upstream, LOST, request_id="lost")
    upstream.always_for(upstream.charges[-1], w.SERVER_ERROR)
    server = an_hour(house, upstream, server)
    assert bought(upstream) == 1
    error = error_of(server.call("create_wanx_task", **LOST, request_id="lost"), "outcome_unknown", charged="no")
    assert f"--task-id {upstream.charges[1]}" in error.what


def test_two_creates_a_moment_apart_release_nothing(house: House, upstream: Upstream) -> None:
    server = house.start(**UNLIMITED)
    canary(server)
    upstream.histories = (h.lag(1500),)
    lose(server, upstream, LOST, request_id="lost")
    age(house, upstream, 11)
    calls = [server.start_call("create_wanx_task", **LOST, request_id="lost") for _ in range(2)]
    for call in calls:
        error_of(call.tool_answer(), "outcome_unknown", charged="no")
    assert bought(upstream) == 1


# --- what never arrived is freed -------------------------------------------------------------------------------------


@pytest.mark.parametrize("canaries", ["before", "after"])
@pytest.mark.parametrize("died", [False, True], ids=["answer lost", "server killed"])
def test_what_never_arrived_is_freed_within_45_minutes(
    died: bool, canaries: str, house: House, upstream: Upstream
) -> None:
    server = house.start()
    if canaries == "before":
        canary(server)
    if died:
        gate = upstream.hold("create", "before", w.CUT_BEFORE_ACCEPTING)
        server.start_call("create_wanx_task", **LOST, request_id="lost")
        gate.wait_until_reached()
        server.kill()
        gate.open()
        server = house.start()
    else:
        lose(server, upstream, LOST, w.CUT_BEFORE_ACCEPTING, request_id="lost")
    assert row_of(server, "lost") is not None
    passed = 0
    for minutes in (8, 6, 6, 6, 6, 6, 6):
        age(house, upstream, minutes)
        passed += minutes
        if canaries == "after" and passed == 14:
            canary(server)
        if passed == 20:
            server.stop()
            server = house.start()
        if row_of(server, "lost") is None:
            break
    assert row_of(server, "lost") is None
    assert passed <= 45
    assert spent(server) == pytest.approx(0.12)
    assert order(server, LOST, request_id="lost")["reused"] is False
    assert bought(upstream) == 1


@pytest.mark.parametrize("again", [False, True])
def test_a_released_order_that_turns_up_twenty_hours_later_is_booked_again(
    again: bool, house: House, upstream: Upstream
) -> None:
    server = house.start(**UNLIMITED)
    canary(server)
    lose(server, upstream, LOST, request_id="lost")
    lost = upstream.charges[-1]
    upstream.histories = (h.dropping(lost),)
    row_of(server, "lost")
    for minutes in (11, 6):
        age(house, upstream, minutes)
        row = row_of(server, "lost")
    assert row is None
    second = order(server, LOST, request_id="lost")["task_id"] if again else None
    age(house, upstream, 20 * 60)
    upstream.histories = ()
    rows = {row.get("task_id"): row for row in listed(server)}
    assert lost in rows
    assert order(server, LOST, request_id="lost")["task_id"] == (second or lost)
    assert bought(upstream) == 1 + again


def test_one_settled_by_hand_as_not_placed_is_found_when_it_turns_up(house: House, upstream: Upstream) -> None:
    import sqlite3

    server = house.start(**UNLIMITED)
    upstream.histories = (h.EMPTY,)
    lose(server, upstream, LOST, request_id="lost")
    with sqlite3.connect(house.state / "ledger.sqlite3") as db:  # as `wanx-mcp ledger --settle 1 --not-placed` does
        db.execute("update entry set state = 'released', booked = 0, released_at = ordered_at")
    assert row_of(server, "lost") is None
    upstream.histories = ()
    age(house, upstream, 60)
    row = row_of(server, "lost")
    assert row is not None
    assert row["task_id"] == upstream.charges[0]


# --- whose -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds_ago", [30, 120, 3600])
def test_a_strangers_task_of_before_the_order_is_not_adopted(
    seconds_ago: int, house: House, upstream: Upstream
) -> None:
    upstream.place(WIRE, KEY, seconds_ago=seconds_ago)
    server = house.start()
    lose(server, upstream, LOST, w.CUT_BEFORE_ACCEPTING, request_id="lost")
    row = row_of(server, "lost")
    assert row is not None
    assert row["status"] == "unknown"


@pytest.mark.parametrize("trouble", [w.SERVER_ERROR, w.NOT_FOUND_404, w.PLAIN_404, w.told("empty", w.with_data(input={}))],
                         ids=lambda trouble: trouble.name)  # fmt: skip
def test_strange_rows_and_stray_answers_do_not_block_an_adoption(
    trouble: w.Behaviour, house: House, upstream: Upstream
) -> None:
    stranger = upstream.place({**WIRE, "input": {"prompt": "Somebody's"}}, KEY)
    upstream.always_for(stranger, w.SERVER_ERROR)
    without_id = upstream.place({**WIRE, "input": {"prompt": "Nameless"}}, KEY)
    strip = h.History(
        "one without an id",
        row=lambda row: {**row, "task_id": "", "detail": None} if row["task_id"] == without_id else row,
    )
    upstream.histories = (strip,)
    server = house.start()
    lose(server, upstream, LOST, request_id="lost")
    upstream.always_for(upstream.charges[0], trouble)
    row_of(server, "lost")
    upstream.always_for(upstream.charges[0], w.PLAIN)
    age(house, upstream, 1)
    row = row_of(server, "lost")
    assert row is not None
    assert row["task_id"] == upstream.charges[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("difference", ["ratio", "negative prompt", "local picture"])
def test_eight_pairs_of_lost_orders_are_never_swapped(
    difference: str, seed: int, house: House, upstream: Upstream
) -> None:
    rng = random.Random(seed)  # noqa: S311  # a shuffle, no secret
    variants: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "ratio": ({"aspect_ratio": "16:9"}, {"aspect_ratio": "9:16"}),
        "negative prompt": ({"negative_prompt": "fog"}, {"negative_prompt": "rain"}),
        "local picture": ({"image": PIXEL}, {"image": "https://example.com/b.png"}),
    }
    task_type = "img2video-14b" if difference == "local picture" else "txt2video-14b"
    orders = [
        (f"{pair}.{side}", {"task_type": task_type, "prompt": f"A boat {pair}", **variant})
        for pair in range(8)
        for side, variant in enumerate(variants[difference])
    ]
    rng.shuffle(orders)
    server = house.start(**UNLIMITED)
    made: dict[str, str] = {}
    for request_id, wanted in orders:
        lose(server, upstream, wanted, request_id=request_id)
        made[request_id] = upstream.charges[-1]
        if rng.random() < 0.2:
            listed(server)
    for _ in range(3):
        age(house, upstream, 0.5)
        rows = {row["request_id"]: row.get("task_id") for row in listed(server, limit=50)}
        assert all(task_id in (None, made[request_id]) for request_id, task_id in rows.items())
    assert rows == made


@pytest.mark.parametrize("account", [w.PLAIN, w.ACCOUNT_OF_OLD, w.ACCOUNT_WITHOUT_ID, w.page(403), w.SERVER_ERROR],
                         ids=lambda account: account.name)  # fmt: skip
@pytest.mark.parametrize("outcome", [w.PLAIN, w.ACCEPT_THEN_CUT], ids=lambda outcome: outcome.name)
def test_a_new_key_of_the_account_orders_nothing_again(
    outcome: w.Behaviour, account: w.Behaviour, house: House, upstream: Upstream
) -> None:
    upstream.accounts = {"a-new-key-0123456789": KEY}
    upstream.always("account", account)
    first = house.start()
    upstream.next("create", outcome)
    first.call("create_wanx_task", **LOST)
    first.stop()
    age(house, upstream, 4)
    second = house.start(PIAPI_API_KEY="a-new-key-0123456789")
    for _ in range(3):
        second.call("create_wanx_task", **LOST)
        listed(second)
        age(house, upstream, 1)
    assert len(upstream.orders) == 1


@pytest.mark.parametrize("name", [name for name in IDS if name != "the same"])
def test_a_task_of_an_odd_id_is_found_told_and_cancelled(name: str, house: House, upstream: Upstream) -> None:
    upstream.new_id = IDS[name]
    server = house.start()
    lose(server, upstream, LOST, request_id="lost")
    row = row_of(server, "lost")
    assert row is not None
    assert row["task_id"] == upstream.charges[0]
    assert server.call("get_wanx_task", task_id=row["task_id"]).structured["task_id"] == row["task_id"]


def test_one_task_for_two_orders_is_booked_once(house: House, upstream: Upstream) -> None:
    upstream.new_id = IDS["the same"]
    server = house.start()
    first = order(server, LOST, request_id="1")
    second = order(server, {**LOST, "prompt": "A ship"}, request_id="2")
    assert (second["task_id"], second["reused"]) == (first["task_id"], True)
    assert spent(server) == pytest.approx(0.28)


# --- servers that stop -----------------------------------------------------------------------------------------------


def stop_between_writes(server: StdioServer, ledger: Path) -> None:
    """SIGSTOP, but not in the middle of a transaction: that would lock the ledger for everybody, this test included."""
    while True:
        server.signal(signal.SIGSTOP)
        with closing(sqlite3.connect(ledger, timeout=1, isolation_level=None)) as db:
            try:
                db.execute("begin immediate")
            except sqlite3.OperationalError:
                server.signal(signal.SIGCONT)
            else:
                db.execute("rollback")
                return


def test_a_server_that_was_stopped_before_its_order_left_sends_nothing_when_it_wakes_up(
    house: House, upstream: Upstream
) -> None:
    """SIGSTOP while the provider's account is being read, or wherever it hits on the way to the request; ten minutes
    go by. An order that has left by then is one order, one that has not is none."""
    sleeper, other = house.start(**UNLIMITED), house.start(**UNLIMITED)
    canary(other)
    for number in range(6):
        wanted = {**LOST, "prompt": f"{PROMPT} {number}"}
        before = len(upstream.orders)
        call = sleeper.start_call("create_wanx_task", **wanted, request_id=f"lost-{number}")
        time.sleep(0.01 * number)
        stop_between_writes(sleeper, house.state / "ledger.sqlite3")
        for minutes in (10, 6):
            age(house, upstream, minutes)
            listed(other)
        again = other.start_call("create_wanx_task", **wanted, request_id=f"lost-{number}")
        again.result()
        sleeper.signal(signal.SIGCONT)
        call.result()
        assert len(upstream.orders) - before <= 1
        assert bought(upstream, wanted["prompt"]) <= 1


def test_an_order_on_its_way_is_neither_adopted_nor_released_by_another_server(
    house: House, upstream: Upstream
) -> None:
    sender, other = house.start(**UNLIMITED), house.start(**UNLIMITED)
    canary(other)
    gate = upstream.hold("create", "after")
    call = sender.start_call("create_wanx_task", **LOST, request_id="lost")
    gate.wait_until_reached()
    for minutes in (11, 6, 10):
        age(house, upstream, minutes)
        row = row_of(other, "lost")
        assert row is not None
        assert row["status"] == "unknown"
        answer = other.call("create_wanx_task", **LOST, request_id="lost")
        assert "still on its way" in error_of(answer, "outcome_unknown", charged="no").what
    gate.open()
    call.result()
    for _ in range(60):
        row = row_of(other, "lost")
        assert row is not None
        if "task_id" in row:
            break
        time.sleep(0.5)
    assert row["task_id"] == upstream.charges[-1]
    assert bought(upstream) == 1


# --- doubts beside one another ---------------------------------------------------------------------------------------


def test_old_doubts_starve_no_new_one_and_hold_up_no_other_order(house: House, upstream: Upstream) -> None:
    server = house.start(**UNLIMITED)
    for number in range(5):
        lose(server, upstream, {**LOST, "prompt": f"Old {number}"}, w.CUT_BEFORE_ACCEPTING, request_id=f"old-{number}")
        age(house, upstream, 3 * 60)
    upstream.always("history", w.Behaviour("slow history", stall_seconds=4))
    canary(server)
    upstream.calm()
    histories = len(upstream.seen("history"))
    lose(server, upstream, LOST, request_id="lost")
    for _ in range(4):
        age(house, upstream, 1)
        row = row_of(server, "lost")
        if row is not None and "task_id" in row:
            break
    assert row is not None
    assert row["task_id"] == upstream.charges[-1]
    assert len(upstream.seen("history")) > histories
