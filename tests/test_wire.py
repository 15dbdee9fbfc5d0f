"""What an answer on the wire means: pauses, redirects, pages that are no JSON, addresses that are none, the account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from tests.peers import provider, scripted, simulated
from tests.world import World
from wanx_mcp.errors import Charged, ProviderError, Unreachable
from wanx_mcp.limits.provider import RETRY_AFTER_SECONDS
from wanx_mcp.provider.headers import retry_after
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
TASK = {"code": 200, "data": {"task_id": "t1", "status": "pending"}}
PAGE = "<html><h1>Are you a robot?</h1></html>"


def busy(world: World, seconds: float | None, *, dated: bool = True) -> httpx.Response:
    """A 429 that says until when, by the provider's clock."""
    now = world.simulator.now()
    headers = {"date": format_datetime(now, usegmt=True)} if dated else {}
    if seconds is not None:
        headers["retry-after"] = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    return httpx.Response(429, json={"code": 429, "message": "too many requests"}, headers=headers)


# When it may be asked again


@pytest.mark.parametrize("hours", [0, -3, 3])
async def test_a_retry_after_that_is_a_date_five_seconds_ahead_is_waited_for(world: World, hours: int) -> None:
    world.simulator.skew = timedelta(hours=hours)
    scripted(world, busy(world, 5), method="POST")
    async with world.client() as agent:
        await agent.order()
    assert world.clock.seconds() == 5
    assert len(world.line.sent("POST")) == 2


async def test_a_retry_after_that_is_a_date_in_the_past_is_our_own_pause(world: World) -> None:
    scripted(world, busy(world, -600), method="POST")
    async with world.client() as agent:
        await agent.order()
    assert 0 < world.clock.seconds() <= 0.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5),
        (" 7 ", 7),
        ("0", 0),
        ("999999999", RETRY_AFTER_SECONDS),
        ("9999999999", None),
        ("-5", None),
        ("5.5", None),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("Thu, 01 Jan 2027 00:00:00 GMT", RETRY_AFTER_SECONDS),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    headers = httpx.Headers({"retry-after": value, "date": "Thu, 01 Jan 2026 00:00:00 GMT"})
    assert retry_after(headers) == seconds


async def test_a_read_is_asked_again_while_its_time_lasts_and_no_longer(world: World) -> None:
    scripted(world, *[httpx.Response(502, html=PAGE)] * 9, method="GET")
    async with simulated(world) as opened:
        with pytest.raises(ProviderError):
            await opened.get("t1", within=60)
        assert len(world.line.requests) == 4
        with pytest.raises(ProviderError):
            await opened.get("t1", within=1)
        assert len(world.line.requests) == 4 + 2
        with pytest.raises(ProviderError):
            await opened.get("t1", within=60, retries=False)
        assert len(world.line.requests) == 4 + 2 + 1


# What is no answer


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, json=TASK),
        httpx.Response(302, json=TASK, headers={"location": "http://127.0.0.1:9/elsewhere"}),
        httpx.Response(307, json=TASK, headers={"location": "http://127.0.0.1:9/elsewhere"}),
        httpx.Response(304, json=TASK),
        httpx.Response(200, html=PAGE),
        httpx.Response(200, text="404 page not found"),
        httpx.Response(200, json=[TASK]),
        httpx.Response(200, json="t1"),
        httpx.Response(200, json=None),
        httpx.Response(200, json={"code": 302, "data": TASK["data"]}),
        httpx.Response(204),
    ],
)
async def test_a_redirect_or_a_page_is_no_task_and_no_certain_refusal(world: World, answer: httpx.Response) -> None:
    scripted(world, answer, method="POST")
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("outcome_unknown: ")
        assert "Charged by this call: maybe." in error
    (request,) = world.line.sent("POST")
    assert request.url.path == "/api/v1/task", "a redirect is not followed"


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(302, json=TASK), httpx.Response(200, html=PAGE), httpx.Response(200, json=[TASK])],
)
async def test_a_read_that_meets_a_redirect_or_a_page_is_asked_again(world: World, answer: httpx.Response) -> None:
    scripted(world, answer, httpx.Response(200, json=TASK), method="GET")
    async with simulated(world) as opened:
        assert (await opened.get("t1", within=20)).task_id == "t1"
        scripted(world, *[answer] * 4, method="GET")
        with pytest.raises(ProviderError) as caught:
            await opened.get("t1", within=20)
    assert caught.value.code == "provider_fault"


@pytest.mark.parametrize("status", [403, 502])
async def test_a_page_that_cannot_be_unpacked_still_has_its_status(world: World, status: int) -> None:
    scripted(world, *[httpx.Response(status, stream=Bytes(b"x"), headers={"content-encoding": "br"})] * 4)
    async with simulated(world) as opened:
        outcome = await opened._wire.read("GET", "/api/v1/task/t1", parse=dict, within=20)
    assert outcome.answer is not None
    assert (outcome.answer.status, outcome.answer.body, outcome.answer.page) == (status, None, "")


async def test_of_a_page_that_is_no_json_the_beginning_is_kept(world: World) -> None:
    world.line.canned = httpx.Response(403, text="404 page not found \u00e9" + " x" * 9000)
    async with simulated(world) as opened:
        outcome = await opened._wire.read("GET", "/api/v1/task/t1", parse=dict, within=20, retries=False)
    assert outcome.answer is not None
    assert outcome.answer.page.startswith("404 page not found \u00e9 x")
    assert len(outcome.answer.page) <= 4000


class Bytes(httpx.AsyncByteStream):
    """A body that httpx has not decoded beforehand."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


# What is no address


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port"])
async def test_an_address_that_cannot_be_asked_is_unreachable_and_nothing_was_sent(world: World, url: str) -> None:
    async def leave() -> None:
        raise AssertionError("nothing can leave")

    async with provider(world, url) as opened:
        with pytest.raises(Unreachable) as caught:
            await opened.create(b"{}", within=20, leave=leave)
        assert (caught.value.charged, caught.value.next) == (Charged.NO, "ask the user to check PIAPI_BASE_URL")
        with pytest.raises(Unreachable, match="PIAPI_BASE_URL"):
            await opened.get("t1", within=20)
    assert world.clock.seconds() == 0, "asking again would not help"


async def test_an_order_to_an_address_that_cannot_be_asked_is_not_booked() -> None:
    world = World({"PIAPI_BASE_URL": f"https://{'a' * 64}.example.invalid"}, wired=True)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
        assert error.startswith("unreachable: ")
        assert "PIAPI_BASE_URL" in error
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0


# Reads beside the order


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([httpx.Response(401, json={"code": 401, "message": "invalid api key"})], "unauthorized"),
        ([httpx.Response(429, json={"code": 429, "message": "too many requests"})] * 4, "rate_limited"),
        ([httpx.Response(502, html=PAGE)] * 4, "provider_fault"),
        ([httpx.Response(404, json={"code": 404, "message": "Record Not Found"})], "task_not_found"),
        ([httpx.Response(400, json={"code": 400, "message": "task is processing"})], "cannot_cancel"),
        ([httpx.Response(405, json={"code": 405, "message": "method not allowed"})], "cannot_cancel"),
    ],
)
async def test_a_cancel_that_fails_says_what_stood_in_its_way(
    world: World, answers: list[httpx.Response], code: str
) -> None:
    scripted(world, *answers, method="DELETE")
    async with simulated(world) as opened:
        with pytest.raises(ProviderError) as caught:
            await opened.cancel("t1", within=20)
    assert (caught.value.code, caught.value.charged) == (code, Charged.NO)


async def test_a_cancel_without_a_connection_is_unreachable(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.line.broken = [httpx.ConnectError("no route")] * 9
        error = await agent.error("cancel_wanx_task", task_id=task_id)
    assert error.startswith("unreachable: ")


async def test_a_cancel_with_a_wrong_key_is_unauthorized(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        scripted(world, httpx.Response(401, json={"code": 401, "message": "invalid api key"}), method="DELETE")
        error = await agent.error("cancel_wanx_task", task_id=task_id)
    assert error.startswith("unauthorized: ")


@pytest.mark.parametrize("path", ["/histories", "/api/v1/task/"])
async def test_one_bad_gateway_does_not_end_the_look_up_of_a_lost_order(world: World, path: str) -> None:
    world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)
    async with world.client() as agent:
        await agent.error("create_wanx_task", **ORDER)
        scripted(world, httpx.Response(502, html=PAGE), method="GET", path=path)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert listed["status"] == "pending"


# The account


@pytest.mark.parametrize(
    ("data", "account_id"),
    [
        ({"id": "a7", "account_id": "b"}, "a7"),
        ({"id": " a7\n"}, "a7"),
        ({"account_id": "b"}, "b"),
        ({"id": "", "account_id": "b"}, "b"),
        ({"id": None, "account_id": 5}, "5"),
        ({"id": 12345678901234567890}, "12345678901234567890"),
        ({"id": 17.0}, "17"),
        ({"id": 0, "account_id": "b"}, "b"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, None),
        ({"id": 1.5}, None),
        ({"id": True}, None),
        ({"id": ["a7"]}, None),
        ({"id": {"id": "a7"}}, None),
        ({"id": "x" * 200}, "x" * 200),
        ({"id": "x" * 201}, None),
        ({"id": "x" * 201, "account_id": "b"}, "b"),
        ({"name": "n"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
async def test_the_account_is_read_whatever_its_answer_looks_like(
    world: World, data: dict[str, Any], account_id: str | None, flat: bool
) -> None:
    world.line.canned = httpx.Response(200, json=data if flat else {"code": 200, "data": data})
    async with simulated(world) as opened:
        assert (await opened.account(within=5)).account_id == account_id


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"[1]",
        b'"a7"',
        b"<html>",
        b"{",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {"id": 1e999}}',
    ],
)
async def test_an_odd_answer_about_the_account_names_no_id_and_is_no_error(world: World, content: bytes) -> None:
    date = format_datetime(world.simulator.now(), usegmt=True)
    world.line.canned = httpx.Response(200, content=content, headers={"date": date})
    async with simulated(world) as opened:
        assert (await opened.account(within=5)).account_id is None
        assert opened.skew is not None, "its date is heard all the same"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(401, json={"code": 401, "message": "invalid api key"}), "unauthorized"),
        (httpx.Response(200, json={"code": 401, "message": "invalid api key"}), "unauthorized"),
        (httpx.Response(429, json={"code": 429, "message": "too many requests"}), "rate_limited"),
        (httpx.Response(502, html=PAGE), "provider_fault"),
        (httpx.Response(302, json={"data": {"id": "a7"}}), "provider_fault"),
    ],
)
async def test_a_refused_question_about_the_account_is_asked_once(
    world: World, answer: httpx.Response, code: str
) -> None:
    world.line.canned = answer
    async with simulated(world) as opened:
        with pytest.raises(ProviderError) as caught:
            await opened.account(within=60)
    assert caught.value.code == code
    assert len(world.line.requests) == 1


async def test_the_simulated_account_has_an_id_and_tells_the_time(world: World) -> None:
    async with simulated(world) as opened:
        assert (await opened.account(within=5)).account_id == "193278330"
        assert opened.date_age == 0
