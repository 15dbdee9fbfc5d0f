"""Money and memory in one process: repeats, budget, unknown outcomes, the list, the webhook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from . import weather as w
from .answers import error_of, fetch_to_the_end
from .conftest import House
from .examples import PICTURE, TASK_TYPES, example_of
from .provider_task import IN_THE_QUEUE, IN_WORK, Life
from .rawclient import StdioServer
from .upstream import Upstream

Prompt = Callable[[], str]
BOAT = example_of("txt2video-14b").order
SHIP = {"task_type": "txt2video-14b", "prompt": "A tall ship at dawn"}
LIGHT = {"task_type": "txt2video-1.3b", "prompt": "A match is lit"}


def order(server: StdioServer, wanted: dict[str, Any], **more: Any) -> dict[str, Any]:
    return server.call("create_wanx_task", **wanted, **more).structured


def listed(server: StdioServer, **arguments: Any) -> list[dict[str, Any]]:
    return server.call("list_wanx_tasks", **arguments).structured["tasks"]  # type: ignore[no-any-return]


def spent(server: StdioServer) -> float:
    return float(server.call("list_wanx_tasks").structured["budget"]["spent_usd"])


# --- the caller's key ------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_task_for_ever(house: House, upstream: Upstream) -> None:
    server = house.start()
    first = order(server, BOAT, request_id="take-1")
    again = order(server, BOAT, request_id="take-1")
    assert (first["reused"], again["reused"]) == (False, True)
    assert again["task_id"] == first["task_id"]
    fetch_to_the_end(server, first["task_id"])
    server.stop()
    after = order(house.start(), BOAT, request_id="take-1")
    assert (after["task_id"], after["reused"]) == (first["task_id"], True)
    assert len(upstream.orders) == 1


@pytest.mark.parametrize(
    "other", [{"prompt": "Another boat"}, {"aspect_ratio": "9:16"}, {"task_type": "txt2video-1.3b"}], ids=str
)
def test_a_key_with_other_arguments_is_refused(other: dict[str, Any], house: House, upstream: Upstream) -> None:
    server = house.start()
    order(server, BOAT, request_id="take-1")
    answer = server.call("create_wanx_task", **{**BOAT, **other}, request_id="take-1")
    assert "request_id" in error_of(answer, "invalid_order", charged="no").what + answer.text
    assert len(upstream.orders) == 1


def test_three_takes_are_three_keys(house: House, upstream: Upstream) -> None:
    server = house.start()
    ids = {order(server, BOAT, request_id=f"take-{number}")["task_id"] for number in range(3)}
    assert len(ids) == 3 and set(upstream.charges) == ids


@pytest.mark.parametrize("declined", [w.refusal(400, "no such boat"), w.BAD_KEY, w.NO_CREDIT_402, w.TOO_MANY_TEN_MINUTES],
                         ids=lambda declined: declined.name)  # fmt: skip
def test_a_declined_order_frees_its_key_its_money_and_its_words(
    declined: Any, house: House, upstream: Upstream
) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="0.28")
    for wanted, more in ((SHIP, {"request_id": "take-1"}), (BOAT, {})):
        upstream.next("create", declined)
        error_of(server.call("create_wanx_task", **wanted, **more), charged="no")
        assert spent(server) == 0
        assert listed(server) == []
    told = order(server, BOAT, request_id="take-1")
    assert (told["reused"], len(upstream.charges)) == (False, 1)


# --- repeats without a key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("life", [IN_THE_QUEUE, IN_WORK, Life()], ids=["queued", "in work", "just finished"])
def test_an_identical_order_is_taken_for_a_repeat(life: Life, house: House, upstream: Upstream) -> None:
    upstream.life = life
    server = house.start()
    first = order(server, BOAT)
    server.call("get_wanx_task", task_id=first["task_id"])
    again = order(server, BOAT)
    assert (again["task_id"], again["reused"]) == (first["task_id"], True)
    assert len(upstream.orders) == 1
    assert spent(server) == pytest.approx(0.28)


def test_an_empty_optional_argument_does_not_make_another_order(house: House, upstream: Upstream) -> None:
    server = house.start()
    first = order(server, SHIP)
    assert order(server, SHIP, negative_prompt="", image=None)["task_id"] == first["task_id"]
    assert len(upstream.orders) == 1


@pytest.mark.parametrize(
    "other", [{"prompt": "A tall ship at dusk"}, {"aspect_ratio": "9:16"}, {"negative_prompt": "fog"}], ids=str
)
def test_a_different_order_is_another_order(other: dict[str, Any], house: House, upstream: Upstream) -> None:
    server = house.start()
    assert order(server, SHIP)["task_id"] != order(server, {**SHIP, **other})["task_id"]
    assert len(upstream.charges) == 2


def test_a_repeat_after_a_restart_is_still_a_repeat(house: House, upstream: Upstream) -> None:
    upstream.life = IN_WORK
    first = house.start()
    task_id = order(first, BOAT)["task_id"]
    first.stop()
    assert order(house.start(), BOAT)["task_id"] == task_id
    assert len(upstream.orders) == 1


def test_another_account_is_no_repeat(house: House, upstream: Upstream) -> None:
    mine, theirs = house.start(), house.start(PIAPI_API_KEY="key-of-somebody-else")
    assert order(mine, BOAT)["task_id"] != order(theirs, BOAT)["task_id"]
    assert len(upstream.charges) == 2


# --- the budget ------------------------------------------------------------------------------------------------------


def test_the_budget_is_never_exceeded(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="0.50")
    assert order(server, BOAT)["budget"] == {
        "limit_usd": pytest.approx(0.5), "remaining_usd": pytest.approx(0.22), "spent_usd": pytest.approx(0.28), "window_hours": 24,
    }  # fmt: skip
    error_of(server.call("create_wanx_task", **SHIP), "budget_exceeded", charged="no")
    assert order(server, LIGHT)["booked_usd"] == pytest.approx(0.12)
    error_of(server.call("create_wanx_task", **{**LIGHT, "prompt": "Another"}), "budget_exceeded", charged="no")
    assert len(upstream.orders) == 2


def test_the_budget_outlives_the_process(house: House, upstream: Upstream) -> None:
    first = house.start(WANX_DAILY_BUDGET_USD="0.28")
    order(first, BOAT)
    first.stop()
    server = house.start(WANX_DAILY_BUDGET_USD="0.28")
    error_of(server.call("create_wanx_task", **SHIP), "budget_exceeded", charged="no")
    assert len(upstream.orders) == 1


def test_a_budget_of_zero_forbids_and_unlimited_lifts(house: House, upstream: Upstream) -> None:
    error_of(house.start(WANX_DAILY_BUDGET_USD="0").call("create_wanx_task", **BOAT), "budget_exceeded", charged="no")
    assert upstream.orders == []
    budget = order(house.start(WANX_DAILY_BUDGET_USD="unlimited"), BOAT)["budget"]
    assert "limit_usd" not in budget and "remaining_usd" not in budget


@pytest.mark.parametrize("name", ["WANX_DAILY_BUDGET_USD", "WANX_ASSUMED_PRICE_USD"])
@pytest.mark.parametrize("value", ["five", "-1", "nan", "5,00"])
def test_a_wrong_amount_refuses_orders_but_not_the_listing(
    name: str, value: str, house: House, upstream: Upstream
) -> None:
    server = house.start(**{name: value})
    assert server.tools()
    error = error_of(server.call("create_wanx_task", **BOAT), charged="no")
    assert name in error.what + error.next
    assert upstream.orders == []


def test_an_unpublished_price_is_booked_at_the_assumed_one(house: House) -> None:
    told = order(house.start(), example_of("wan22-txt2video-14b").order)
    assert "price_usd" not in told
    assert told["booked_usd"] == pytest.approx(0.60)
    told = order(house.start(WANX_ASSUMED_PRICE_USD="1.25"), {**SHIP, "task_type": "wan22-txt2video-14b"})
    assert told["booked_usd"] == pytest.approx(1.25)


def test_the_real_charge_replaces_the_assumed_one(house: House) -> None:
    server = house.start()
    task_id = order(server, example_of("wan22-txt2video-14b").order)["task_id"]
    assert fetch_to_the_end(server, task_id)["charged_usd"] == pytest.approx(0.28)
    assert spent(server) == pytest.approx(0.28)


def test_a_failed_task_that_cost_nothing_frees_its_money(house: House, upstream: Upstream) -> None:
    upstream.life = Life(ending="failed", error="broken")
    server = house.start()
    assert fetch_to_the_end(server, order(server, BOAT)["task_id"])["status"] == "failed"
    assert spent(server) == 0


def test_a_failed_task_without_figures_stays_booked(house: House, upstream: Upstream) -> None:
    upstream.life = Life(ending="failed", error="broken")
    upstream.always("read", w.told("no usage", w.with_meta(usage=None)))
    server = house.start()
    fetch_to_the_end(server, order(server, BOAT)["task_id"])
    assert spent(server) == pytest.approx(0.28)


def test_a_cancelled_task_frees_its_money(house: House, upstream: Upstream) -> None:
    upstream.life = IN_THE_QUEUE
    server = house.start()
    assert server.call("cancel_wanx_task", task_id=order(server, BOAT)["task_id"]).structured["cancelled"]
    assert spent(server) == 0


def test_a_dry_run_books_nothing_and_shows_the_budget(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="1")
    told = order(server, BOAT, dry_run=True)
    assert float(told["budget"]["remaining_usd"]) == 1 and spent(server) == 0
    assert upstream.orders == []


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_is_complete_newest_first_and_in_pages(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="unlimited")
    ids = [order(server, {**LIGHT, "prompt": f"Match {n} " + "x" * 3000})["task_id"] for n in range(5)]
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        told = server.call("list_wanx_tasks", limit=2, **cursor).structured
        pages.append([row["task_id"] for row in told["tasks"]])
        assert all(len(row["prompt"]) < 500 for row in told["tasks"])
        if "next_cursor" not in told:
            break
        cursor = {"cursor": told["next_cursor"]}
    assert pages == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert float(told["budget"]["spent_usd"]) == pytest.approx(0.60)


def test_the_list_filters_by_state(house: House, upstream: Upstream) -> None:
    server = house.start()
    upstream.next_life(IN_WORK, Life())
    working = order(server, BOAT)["task_id"]
    done = order(server, SHIP, request_id="the ship")["task_id"]
    server.call("get_wanx_task", task_id=done)
    assert [row["task_id"] for row in listed(server, status="open")] == [working]
    (row,) = listed(server, status="completed")
    assert (row["task_id"], row["request_id"], row["status"]) == (done, "the ship", "completed")
    assert row["video_url"] == f"{upstream.base_url}/media/{done}.mp4"
    assert listed(server, status="unknown") == []
    error_of(server.call("list_wanx_tasks", limit=51), "invalid_arguments", charged="no")
    error_of(server.call("list_wanx_tasks", cursor="no cursor of yours"), "invalid_arguments", charged="no")


def test_a_known_task_is_never_not_found(house: House, upstream: Upstream) -> None:
    first = house.start()
    done, working = order(first, BOAT)["task_id"], order(first, SHIP)["task_id"]
    fetch_to_the_end(first, done)
    first.stop()
    upstream.forget(done)
    upstream.forget(working)
    server = house.start()
    answer = server.call("get_wanx_task", task_id=done)
    assert answer.structured["status"] == "completed"
    assert not server.call("get_wanx_task", task_id=working).is_error


def test_a_task_that_finished_while_nobody_watched_is_brought_home(house: House, upstream: Upstream) -> None:
    first = house.start()
    task_id = order(first, BOAT)["task_id"]
    first.kill()
    server = house.start()
    assert [row["task_id"] for row in listed(server, status="open")] == [task_id]
    assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "completed"
    assert [row["status"] for row in listed(server)] == ["completed"]


# --- the webhook -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_a_webhook_travels_inside_config_and_nowhere_else(task_type: str, house: House, upstream: Upstream) -> None:
    hook = {"endpoint": "https://hooks.example.com/piapi-7f3a", "secret": "whsec-91c2"}
    server = house.start(WANX_WEBHOOK_URL=hook["endpoint"], WANX_WEBHOOK_SECRET=hook["secret"])
    task_id = order(server, example_of(task_type).order)["task_id"]
    assert upstream.orders[0].json == {**example_of(task_type).wire, "config": {"webhook_config": hook}}
    fetch_to_the_end(server, task_id)
    listed(server)
    said = "".join(server.lines) + server.stderr
    assert hook["secret"] not in said and hook["endpoint"] not in said


def test_the_list_never_shows_a_picture(house: House) -> None:
    server = house.start()
    order(server, {"task_type": "img2video-14b", "prompt": "She turns", "image": PICTURE + "?sig=7f3a"})
    listed(server)
    assert "7f3a" not in server.lines[-1]
