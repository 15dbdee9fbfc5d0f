"""Eight processes want to spend at the same moment: the budget and the order are each honoured once."""

from __future__ import annotations

from typing import Any

import pytest

from .answers import error_of
from .conftest import House
from .examples import example_of
from .rawclient import StdioServer, ToolAnswer
from .test_money import BOAT, listed, spent
from .upstream import Upstream
from .weather import Behaviour

RACERS = 8


def at_the_line(house: House, **settings: str) -> list[StdioServer]:
    """Eight servers that have said hello and opened nothing else yet."""
    servers = [house.spawn(("2025-11-25", "2026-07-28")[number % 2], **settings) for number in range(RACERS)]
    for server in servers:
        server.open()
    return servers


def test_a_race_for_one_order_s_money_places_exactly_one(house: House, upstream: Upstream) -> None:
    racers = at_the_line(house, WANX_DAILY_BUDGET_USD="0.28")
    calls = [
        racer.start_call("create_wanx_task", task_type="txt2video-14b", prompt=f"Boat {number}")
        for number, racer in enumerate(racers)
    ]
    answers = [call.tool_answer() for call in calls]
    assert len(upstream.orders) == len(upstream.charges) == 1
    (winner,) = [answer.structured["task_id"] for answer in answers if not answer.is_error]
    assert [winner] == upstream.charges
    for answer in answers:
        if answer.is_error:
            error_of(answer, "budget_exceeded", charged="no")
    assert spent(racers[0]) == pytest.approx(0.28)


@pytest.mark.parametrize("key", [None, "the-one-video"], ids=["by content", "by key"])
@pytest.mark.parametrize("seconds", [0, 1.5], ids=["quick provider", "slow provider"])
def test_a_race_with_one_order_places_it_once(
    seconds: float, key: str | None, house: House, upstream: Upstream
) -> None:
    upstream.always("create", Behaviour("slow", stall_seconds=seconds))
    racers = at_the_line(house, WANX_DAILY_BUDGET_USD="unlimited")
    more = {"request_id": key} if key else {}
    calls = [racer.start_call("create_wanx_task", **BOAT, **more) for racer in racers]
    answers = [patient(racer, call.tool_answer(), **more) for racer, call in zip(racers, calls, strict=True)]
    assert len(upstream.orders) == len(upstream.charges) == 1
    for answer in answers:
        assert answer.structured["task_id"] == upstream.charges[0]
    assert [answer.structured["reused"] for answer in answers].count(False) == 1
    assert [row["task_id"] for row in listed(racers[3])] == upstream.charges


def patient(racer: StdioServer, answer: ToolAnswer, **more: Any) -> ToolAnswer:
    """The answer that names the task. Who heard that the first order is still on its way asks again, as an agent does:
    on a busy machine the first may need longer than the others wait for it."""
    for _ in range(20):
        if not answer.is_error:
            return answer
        error_of(answer, "outcome_unknown", charged="no|maybe")
        answer = racer.call("create_wanx_task", **BOAT, **more)
    raise AssertionError(answer.text)


def test_the_second_one_does_not_wait_for_the_first_for_ever(house: House, upstream: Upstream) -> None:
    first, second = house.start(), house.start()
    gate = upstream.hold("create", "before")
    placing = first.start_call("create_wanx_task", **BOAT)
    gate.wait_until_reached()
    error_of(second.call("create_wanx_task", **BOAT), "outcome_unknown", charged="no|maybe")
    gate.open()
    placing.result()  # the task, or on a very busy machine the word that it is still on its way
    told = patient(second, second.call("create_wanx_task", **BOAT))
    assert [told.structured["task_id"]] == upstream.charges
    assert len(upstream.orders) == 1


def test_one_process_racing_with_itself_places_one(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_DAILY_BUDGET_USD="0.28")
    wanted = example_of("txt2video-14b").order
    answers = [call.tool_answer() for call in [server.start_call("create_wanx_task", **wanted) for _ in range(RACERS)]]
    assert {answer.structured["task_id"] for answer in answers} == set(upstream.charges)
    assert len(upstream.orders) == 1
