"""What an answer without a task means for an order and its money: every status, every word, JSON and pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from tests.provider_answers import answering, own, page
from tests.world import Agent, World

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
STATUSES = (*range(400, 453), 460, 499, 500, 501, 502, 503, 504, 520, 599)
CERTAIN = {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 451}
TURNED_AWAY = {401, 403, 404, 405, 413, 414, 431, 451}


@dataclass
class Desk:
    """Takes orders in the provider's place, and answers them as it is told."""

    world: World
    agent: Agent
    answer: Callable[[], httpx.Response] = page

    def __post_init__(self) -> None:
        answering(self.world, lambda: self.answer())  # noqa: PLW0108  # which answer it is changes

    async def charged(self, answer: Callable[[], httpx.Response]) -> str:
        """What an order that gets `answer` says of the money; its booking and what a repeat does must agree."""
        self.answer, posts = answer, len(self.world.line.sent("POST"))
        order, before = {**ORDER, "request_id": f"r{posts}", "prompt": f"boat {posts}"}, await spent(self.agent)
        error = await self.agent.error("create_wanx_task", **order)
        assert "unexpected fault" not in error
        booked, sent = await spent(self.agent) - before, len(self.world.line.sent("POST")) - posts
        if "Charged by this call: no." in error:
            assert (error.startswith("outcome_unknown"), booked) == (False, 0), error
            return "no"
        assert error.startswith("outcome_unknown: "), error
        assert "Charged by this call: maybe." in error
        assert (round(booked, 2), sent) == (0.28, 1), error
        assert (await self.agent.error("create_wanx_task", **order)).startswith("outcome_unknown: ")
        assert len(self.world.line.sent("POST")) - posts == 1, "a repeat was sent"
        return "maybe"


async def spent(agent: Agent) -> float:
    return float((await agent.ok("list_wanx_tasks", limit=1))["budget"]["spent_usd"])


async def table(world: World, answer: Callable[[int], httpx.Response]) -> dict[int, str]:
    """Of each status, what an order says that is answered with it."""
    async with world.client() as agent:
        desk = Desk(world, agent)
        return {status: await desk.charged(partial(answer, status)) for status in STATUSES}


def expected(certain: set[int]) -> dict[int, str]:
    return {status: "no" if status in certain else "maybe" for status in STATUSES}


async def test_in_the_provider_s_own_json_each_status_is_certain_or_not(world: World) -> None:
    assert await table(world, lambda status: own(status, "something about the boat")) == expected(CERTAIN)


async def test_a_code_inside_a_200_counts_like_a_status(world: World) -> None:
    assert await table(world, lambda status: own(status, "something", http=200)) == expected(CERTAIN)


@pytest.mark.parametrize("text", ["<html><title>Oops</title></html>", "404 page not found", "", '["a"]', '{"a": 1}'])
async def test_a_page_that_is_not_the_provider_s_own_turns_an_order_away_only_with_a_few_statuses(
    world: World, text: str
) -> None:
    assert await table(world, lambda status: page(status, text)) == expected(TURNED_AWAY)


@pytest.mark.parametrize("status", [200, 202, 204, 301, 302, 307])
async def test_any_other_answer_without_a_task_leaves_the_order_unknown(world: World, status: int) -> None:
    async with world.client() as agent:
        desk = Desk(world, agent)
        assert await desk.charged(lambda: page(status, "fine")) == "maybe"
        assert await desk.charged(lambda: httpx.Response(status, json={"a": 1})) == "maybe"


@pytest.mark.parametrize(
    ("http", "code"),
    [(400, 200), (400, 0), (404, 200), (400, 500), (422, 503), (400, 408), (403, 409), (401, 425), (400, 423)],
)
async def test_an_envelope_that_contradicts_its_status_leaves_the_order_unknown(
    world: World, http: int, code: int
) -> None:
    async with world.client() as agent:
        assert await Desk(world, agent).charged(lambda: own(code, "no", http=http)) == "maybe"


@pytest.mark.parametrize("code", [400, 422, 1001, 20003])
async def test_a_business_code_beside_a_refusal_is_no_contradiction(world: World, code: int) -> None:
    answering(world, lambda: own(code, "no", http=400))
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("refused: ")


CREDIT = [
    "insufficient credits",
    "insufficient balance",
    "insufficient quota",
    "Insufficient Funds",
    "insufficient points",
    "not enough credits",
    "not enough balance",
    "out of credits",
    "out of balance",
]
RATE = ["too many requests", "Rate limit exceeded"]


@pytest.mark.parametrize("status", [500, 503, 599])
@pytest.mark.parametrize(
    ("words", "code"), [*((words, "out_of_credit") for words in CREDIT), *((words, "rate_limited") for words in RATE)]
)
async def test_a_5xx_is_certain_in_plain_words_about_money_or_rate(
    world: World, status: int, words: str, code: str
) -> None:
    answering(world, lambda: own(status, f"Error: {words}."))
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith(f'{code}: the provider answered {status}: "Error: {words}."')
        assert "Charged by this call: no." in error
        assert await spent(agent) == 0


@pytest.mark.parametrize("words", ["credit", "balance", "quota exceeded", "insufficient memory", "concurrency", "busy"])
async def test_a_5xx_in_words_that_leave_a_doubt_is_unknown(world: World, words: str) -> None:
    answering(world, lambda: own(500, words))
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("outcome_unknown: ")


@pytest.mark.parametrize("status", [408, 409, 423, 425])
async def test_words_do_not_make_an_uncertain_status_certain(world: World, status: int) -> None:
    answering(world, lambda: own(status, "insufficient credits"))
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("outcome_unknown: ")


async def test_a_5xx_page_about_credit_is_unknown(world: World) -> None:
    answering(world, lambda: page(500, "insufficient credits"))
    async with world.client() as agent:
        assert (await agent.error("create_wanx_task", **ORDER)).startswith("outcome_unknown: ")


PLAN = "tell the user that their PiAPI plan does not allow this"


@pytest.mark.parametrize(
    ("status", "words", "code", "advice"),
    [
        (401, "nonsense about credit", "unauthorized", "check PIAPI_API_KEY"),
        (402, "nonsense", "out_of_credit", "top up"),
        (429, "nonsense about credit", "rate_limited", "wait a minute"),
        *((400, words, "out_of_credit", "top up") for words in ("insufficient", "balance", "credit", "quota")),
        (403, "could not freeze points", "out_of_credit", "top up"),
        *((400, words, "rate_limited", "wait a minute") for words in ("too many", "rate limit", "concurrent tasks")),
        *((403, words, "unauthorized", "check PIAPI_API_KEY") for words in ("unauthorized", "bad api key", "api-key")),
        *((400, f"{words} token", "unauthorized", "PIAPI_API_KEY") for words in ("invalid", "expired", "access")),
        (400, "the token is invalid", "unauthorized", "PIAPI_API_KEY"),
        (400, "the prompt has 600 tokens", "refused", "message refers to"),
        (403, "insufficient plan level", "refused", PLAN),
        (402, "plan limit reached", "refused", PLAN),
        (400, "your current plan has no uploads, upgrade to Creator", "refused", PLAN),
        (403, "Insufficient credits on your plan", "out_of_credit", "top up"),
        (400, "the plan of a house is no video", "refused", "message refers to"),
        (413, "too large", "refused", "give pictures as https URLs or make them smaller"),
        (414, "", "refused", "give pictures as https URLs or make them smaller"),
        (431, "headers", "refused", "give pictures as https URLs or make them smaller"),
        (403, "please solve the captcha", "refused", "a check in front of PiAPI blocks this machine"),
        (400, "a forbidden boat", "refused", "message refers to"),
        (400, "", "refused", "check the arguments"),
    ],
)
async def test_a_refusal_has_the_code_and_the_advice_that_fit(
    world: World, status: int, words: str, code: str, advice: str
) -> None:
    answering(world, lambda: own(status, words))
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith(f"{code}: the provider answered {status}")
    assert "Charged by this call: no." in error
    assert advice in error.partition("Next: ")[2]


BLOCKED = "a check in front of PiAPI blocks this machine"


@pytest.mark.parametrize(
    ("status", "text", "code", "advice"),
    [
        (403, "<html><title>Just a moment...</title></html>", "refused", BLOCKED),
        (403, "<html><title>Attention Required!</title></html>", "refused", BLOCKED),
        (403, "Access Denied", "refused", BLOCKED),
        (403, "forbidden", "refused", BLOCKED),
        (451, "", "refused", BLOCKED),
        (405, "<script src=captcha.js>", "refused", BLOCKED),
        (404, "404 page not found", "refused", "check PIAPI_BASE_URL"),
        (405, "", "refused", "check PIAPI_BASE_URL"),
        (413, "<html><title>413 Request Entity Too Large</title></html>", "refused", "make them smaller"),
        (414, "", "refused", "make them smaller"),
        (401, "Unauthorized", "unauthorized", "check PIAPI_API_KEY"),
    ],
)
async def test_an_order_that_was_turned_away_in_front_of_the_provider_is_told_so_with_fitting_advice(
    world: World, status: int, text: str, code: str, advice: str
) -> None:
    answering(world, lambda: page(status, text))
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith(f"{code}: the order was rejected before it reached the provider, so it was not placed")
    assert advice in error.partition("Next: ")[2]
    assert "message refers to" not in error


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (lambda: own(429, "busy", retry_after="3600"), "rate_limited", "call again in about 60 min"),
        (lambda: own(429, "busy", retry_after="12"), "rate_limited", "wait 12 s, then make the same call again"),
        (lambda: own(503, "down", retry_after="3600"), "outcome_unknown", "call list_wanx_tasks in about 60 min"),
        (lambda: page(503, retry_after="3600"), "outcome_unknown", "call list_wanx_tasks in about 60 min"),
        (lambda: page(429, retry_after="7200"), "outcome_unknown", "call list_wanx_tasks in about 2 h"),
        (lambda: own(400, "a forbidden boat", retry_after="3600"), "refused", "change what the provider's message"),
        (
            lambda: page(403, "captcha", retry_after="3600"),
            "refused",
            "call again in about 60 min; if it still fails, tell",
        ),
        (lambda: own(401, "no", retry_after="3600"), "unauthorized", "ask the user to check PIAPI_API_KEY"),
    ],
)
async def test_an_order_says_when_the_provider_wants_to_be_asked_again(
    world: World, answer: Callable[[], httpx.Response], code: str, told: str
) -> None:
    answering(world, answer)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith(f"{code}: ")
    assert told in error.partition("Next: ")[2]
    assert "in a minute" not in error.partition("Next: ")[2]
