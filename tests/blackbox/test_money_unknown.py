"""Orders whose answer was lost: never placed again, counted as spent, and found in the provider's history at the next call."""

from __future__ import annotations

from typing import Any

import pytest

from . import weather as w
from .ageing import age
from .answers import error_of
from .conftest import KEY, House
from .examples import PIXEL, TASK_TYPES, example_of
from .provider_task import IN_WORK
from .rawclient import StdioServer
from .test_money import BOAT, SHIP, listed, order, spent
from .upstream import Upstream

LOST = (w.ACCEPT_THEN_CUT, w.ACCEPT_THEN_500, w.ACCEPT_THEN_HTML_502, w.HALF_BODY, w.EMPTY_BODY, w.NOT_JSON)
NEVER_ARRIVED = (w.CUT_BEFORE_ACCEPTING, w.SERVER_ERROR, w.HTML_502)


def lose(
    server: StdioServer,
    upstream: Upstream,
    wanted: dict[str, Any],
    behaviour: w.Behaviour = w.ACCEPT_THEN_CUT,
    /,
    **more: Any,
) -> None:
    """Places an order whose answer does not come back."""
    upstream.next("create", behaviour)
    error_of(server.call("create_wanx_task", **wanted, **more), "outcome_unknown", charged="maybe")


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: lost.name)
@pytest.mark.parametrize("normalised", [False, True], ids=["plain echo", "normalised echo"])
def test_a_lost_order_is_adopted_at_the_next_call(
    lost: w.Behaviour, normalised: bool, house: House, upstream: Upstream
) -> None:
    upstream.normalised_echo = normalised
    server = house.start()
    lose(server, upstream, BOAT, lost)
    (row,) = listed(server)
    assert [row["task_id"]] == upstream.charges
    assert row["status"] != "unknown"
    again = order(server, BOAT)
    assert (again["task_id"], again["reused"]) == (row["task_id"], True)
    assert server.call("get_wanx_task", task_id=row["task_id"]).structured["status"] == "completed"
    assert spent(server) == pytest.approx(0.28)
    assert len(upstream.orders) == 1


@pytest.mark.parametrize("task_type", TASK_TYPES)
@pytest.mark.parametrize("normalised", [False, True], ids=["plain echo", "normalised echo"])
def test_every_kind_of_order_is_recognised(task_type: str, normalised: bool, house: House, upstream: Upstream) -> None:
    upstream.normalised_echo = normalised
    server = house.start()
    lose(server, upstream, example_of(task_type).order)
    assert [row.get("task_id") for row in listed(server)] == upstream.charges


@pytest.mark.parametrize("repeat", ["the same order", "the same key"])
def test_a_repeat_of_a_lost_order_brings_it_home(repeat: str, house: House, upstream: Upstream) -> None:
    server = house.start()
    more: dict[str, Any] = {"request_id": "take-1"} if repeat == "the same key" else {}
    lose(server, upstream, BOAT, **more)
    told = order(server, BOAT, **more)
    assert ([told["task_id"]], told["reused"]) == (upstream.charges, True)
    assert len(upstream.orders) == 1


def test_a_lost_order_survives_a_restart(house: House, upstream: Upstream) -> None:
    first = house.start()
    lose(first, upstream, BOAT)
    first.kill()
    assert [row["task_id"] for row in listed(house.start())] == upstream.charges


@pytest.mark.parametrize("lost", NEVER_ARRIVED, ids=lambda lost: lost.name)
def test_an_order_that_nobody_can_find_stays_unknown_and_booked(
    lost: w.Behaviour, house: House, upstream: Upstream
) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="0.50")
    lose(server, upstream, BOAT, lost)
    for _ in range(2):
        (row,) = listed(server, status="unknown")
        assert (row["status"], "task_id" in row) == ("unknown", False)
        error_of(server.call("create_wanx_task", **BOAT), "outcome_unknown", charged="no|maybe")
        error_of(server.call("create_wanx_task", **BOAT, request_id="a new key"), "outcome_unknown", charged="no|maybe")
        error_of(server.call("create_wanx_task", **SHIP), "budget_exceeded", charged="no")
    assert spent(server) == pytest.approx(0.28)
    assert len(upstream.orders) == 1


def test_an_order_that_shows_up_late_is_adopted_then(house: House, upstream: Upstream) -> None:
    server = house.start()
    lose(server, upstream, BOAT, w.HTML_502)
    assert [row["status"] for row in listed(server)] == ["unknown"]
    task_id = upstream.place(dict(example_of("txt2video-14b").wire), KEY)
    server.stop()
    assert [row.get("task_id") for row in listed(house.start())] == [task_id]


def test_a_stranger_in_the_history_is_not_adopted(house: House, upstream: Upstream) -> None:
    wire = example_of("txt2video-14b").wire
    for words in ("Another boat", BOAT["prompt"] + " again"):
        upstream.place({**wire, "input": {**wire["input"], "prompt": words}}, KEY)
    upstream.place({**wire, "task_type": "txt2video-1.3b"}, KEY)
    upstream.place(dict(wire), "key-of-somebody-else")
    server = house.start()
    lose(server, upstream, BOAT, w.CUT_BEFORE_ACCEPTING)
    assert [row["status"] for row in listed(server)] == ["unknown"]


def test_a_task_in_the_ledger_is_nobodys_candidate(house: House, upstream: Upstream) -> None:
    upstream.life = IN_WORK
    server = house.start()
    known = order(server, BOAT, request_id="take-1")["task_id"]
    lose(server, upstream, BOAT, w.CUT_BEFORE_ACCEPTING, request_id="take-2")
    rows = {row.get("request_id"): row for row in listed(server)}
    assert rows["take-1"]["task_id"] == known
    assert rows["take-2"]["status"] == "unknown"


def test_one_candidate_settles_one_order(house: House, upstream: Upstream) -> None:
    server = house.start()
    lose(server, upstream, BOAT, request_id="take-1")
    listed(server)
    lose(server, upstream, BOAT, request_id="take-2")
    rows = {row["request_id"]: row["task_id"] for row in listed(server)}
    assert len(set(rows.values())) == 2 and set(rows.values()) == set(upstream.charges)


def test_another_account_does_not_settle_my_order(house: House, upstream: Upstream) -> None:
    mine = house.start()
    lose(mine, upstream, BOAT, w.CUT_BEFORE_ACCEPTING)
    upstream.place(dict(example_of("txt2video-14b").wire), "key-of-somebody-else")
    theirs = house.start(PIAPI_API_KEY="key-of-somebody-else")
    listed(theirs)
    assert [row["status"] for row in listed(mine)] == ["unknown"]


def test_the_history_is_asked_as_the_contract_says(house: House, upstream: Upstream) -> None:
    server = house.start()
    lose(server, upstream, BOAT)
    listed(server)
    asked = upstream.seen("history")
    assert asked
    for request in asked:
        query = request.query
        assert request.headers["x-api-key"] == KEY
        assert "model" not in query and int(query.get("page", 1)) >= 1 and int(query.get("page_size", 10)) <= 100
        assert int(query["start_time"]) < int(query["end_time"])


def test_a_candidate_on_a_later_page_is_found(house: House, upstream: Upstream) -> None:
    server = house.start()
    lose(server, upstream, BOAT)
    wire = example_of("txt2video-1.3b").wire
    for number in range(120):
        upstream.place({**wire, "input": {"prompt": f"Somebody's boat {number}"}}, KEY)
    for _ in range(20):  # one call is held up for 5 s at most; what it has read is not read again
        if [row.get("task_id") for row in listed(server)] == upstream.charges:
            break
        age(house, upstream, 0.5)
    assert [row.get("task_id") for row in listed(server)] == upstream.charges


@pytest.mark.parametrize(
    "sick", [w.HTML_502, w.NOT_JSON, w.HALF_BODY, w.TOO_MANY_TEN_MINUTES], ids=lambda sick: sick.name
)
def test_a_sick_history_releases_nothing_and_blocks_nothing(
    sick: w.Behaviour, house: House, upstream: Upstream
) -> None:
    server = house.start()
    lose(server, upstream, BOAT)
    upstream.always("history", sick)
    (row,) = server.start_call("list_wanx_tasks").tool_answer().structured["tasks"]
    assert row["status"] == "unknown"
    assert spent(server) == pytest.approx(0.28)
    upstream.calm()
    server.stop()
    assert [row.get("task_id") for row in listed(house.start())] == upstream.charges


def test_a_picture_order_is_recognised_by_its_words_when_the_echo_hides_the_picture(
    house: House, upstream: Upstream
) -> None:
    server = house.start()
    wanted = {"task_type": "img2video-14b", "prompt": "She turns and smiles", "image": PIXEL}
    lose(server, upstream, wanted)
    moved = {"prompt": wanted["prompt"], "image": "https://storage.theapi.app/image/normalised.png", "images": None}
    upstream.always("read", w.told("picture moved", w.with_data(input=moved)))
    assert [row.get("task_id") for row in listed(server)] == upstream.charges


def test_a_call_cancelled_by_its_client_is_booked_all_the_same(house: House, upstream: Upstream) -> None:
    for era in ("2025-11-25", "2026-07-28"):
        server = house.start(era)
        wanted = {**SHIP, "prompt": f"A tall ship in {era}"}
        gate = upstream.hold("create", "after")
        call = server.start_call("create_wanx_task", **wanted)
        gate.wait_until_reached()
        call.cancel()
        server.tools()
        gate.open()
        told = order(server, wanted)
        assert (told["task_id"], told["reused"]) == (upstream.charges[-1], True)
    assert len(upstream.orders) == 2
    assert upstream.abandoned == []
