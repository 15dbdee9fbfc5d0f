"""What an answer without a task means for a read: the provider's own denial, or a fault that passes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.provider_answers import answering, own, page
from tests.world import KEY, Answer, World
from wanx_mcp.clock import VirtualClock
from wanx_mcp.errors import ProviderError, ProviderFault, RateLimited, TaskNotFound
from wanx_mcp.provider import Provider, Upstream, Wire

pytestmark = pytest.mark.anyio


def provider(answer: Callable[[], httpx.Response]) -> Provider:
    """The client of a provider that answers everything alike."""

    async def locate() -> str:
        return "https://api.example.com"

    upstream = Upstream(
        "https://api.example.com",
        locate,
        key=KEY,
        loopback=False,
        transport=httpx.MockTransport(lambda _request: answer()),
    )
    clock = VirtualClock()
    return Provider(Wire(upstream, clock), Wire(upstream, clock), loopback=False, secrets=(KEY,))


async def failure(answer: Callable[[], httpx.Response], ask: str) -> ProviderError:
    """The error of a read that is answered so."""
    client, now = provider(answer), datetime(2026, 1, 1, tzinfo=UTC)
    reads: dict[str, Callable[[], Any]] = {
        "get": lambda: client.get("t-1", within=60),
        "cancel": lambda: client.cancel("t-1", within=60),
        "history": lambda: client.history(now, now, within=60),
        "account": lambda: client.wallet(within=60),
        "upload": lambda: client.upload("a.png", b"x", within=60),
    }
    with pytest.raises(ProviderError) as caught:
        await reads[ask]()
    await client.aclose()
    return caught.value


READS = ("get", "cancel", "history", "account", "upload")


@pytest.mark.parametrize("ask", READS)
@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 410, 451, 500, 502, 503])
@pytest.mark.parametrize("text", ["<html>Oops</html>", "404 page not found", '{"detail": "Not Found"}'])
async def test_a_page_in_front_of_the_provider_is_a_passing_fault_of_any_read(ask: str, status: int, text: str) -> None:
    error = await failure(lambda: page(status, text), ask)
    cancel_without_endpoint = ask == "cancel" and status in (404, 405)
    assert error.code == ("cannot_cancel" if cancel_without_endpoint else "provider_fault")
    assert error.status == status


@pytest.mark.parametrize("ask", READS)
async def test_the_provider_s_own_404_denies_a_task_and_nothing_else(ask: str) -> None:
    error = await failure(lambda: own(404, "Record Not Found"), ask)
    assert isinstance(error, TaskNotFound if ask in ("get", "cancel") else ProviderFault)
    assert error.status == 404


@pytest.mark.parametrize("words", ["task not found", "it has expired", "no such task", "it does not exist"])
async def test_a_400_in_these_words_denies_a_task(words: str) -> None:
    assert isinstance(await failure(lambda: own(400, words), "get"), TaskNotFound)
    assert not isinstance(await failure(lambda: own(400, words), "account"), TaskNotFound)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: own(404, "Record Not Found", http=200), "task_not_found"),
        (lambda: own(200, "Record Not Found", http=404), "provider_fault"),
        (lambda: own(0, "not found", http=400), "provider_fault"),
        (lambda: own(500, "record not found"), "provider_fault"),
        (lambda: own(400, "the api key has expired"), "unauthorized"),
        (lambda: own(400, "expired token"), "unauthorized"),
        (lambda: own(401, "not found"), "unauthorized"),
        (lambda: own(400, "no"), "refused"),
        (lambda: own(403, "insufficient plan level"), "refused"),
        (lambda: own(410, "gone"), "refused"),
        (lambda: own(500, "insufficient credits"), "out_of_credit"),
        (lambda: own(500, "too many requests"), "rate_limited"),
        (lambda: own(429, "busy"), "rate_limited"),
        *((lambda status=status: own(status, "credit"), "provider_fault") for status in (408, 409, 421, 423, 425)),
        (lambda: own(20001, "who knows", http=200), "provider_fault"),
        (lambda: page(401, "Unauthorized"), "unauthorized"),
        (lambda: page(429, "slow down"), "rate_limited"),
        (lambda: page(200, "fine"), "provider_fault"),
        (lambda: page(302, "moved"), "provider_fault"),
    ],
)
async def test_what_a_get_makes_of_an_answer(answer: Callable[[], httpx.Response], code: str) -> None:
    assert (await failure(answer, "get")).code == code


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda: page(403), "a check in front of PiAPI blocks this machine"),
        (lambda: page(451), "a check in front of PiAPI blocks this machine"),
        (lambda: page(503, "<title>Just a moment...</title>"), "a check in front of PiAPI blocks this machine"),
        (lambda: page(404), "check PIAPI_BASE_URL"),
        (lambda: page(405), "check PIAPI_BASE_URL"),
        (lambda: page(413), "make them smaller"),
        (lambda: page(414), "make them smaller"),
        (lambda: page(431), "make them smaller"),
        (lambda: page(502), "make the same call again in a minute"),
        (lambda: own(500, "internal error"), "make the same call again in a minute"),
    ],
)
async def test_a_fault_has_the_advice_that_fits(answer: Callable[[], httpx.Response], told: str) -> None:
    error = await failure(answer, "account")
    assert (error.code, told in error.next) == ("provider_fault", True), error.next


async def test_a_404_of_the_provider_s_own_to_another_read_says_where_to_look() -> None:
    assert "check PIAPI_BASE_URL" in (await failure(lambda: own(404, "no such page"), "history")).next


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (lambda: own(503, "down", retry_after="3600"), ProviderFault, "in about 60 min"),
        (lambda: page(503, retry_after="45"), ProviderFault, "in 45 s"),
        (lambda: own(429, "busy", retry_after="3600"), RateLimited, "in about 60 min"),
        (lambda: page(403, "captcha", retry_after="600"), ProviderFault, "in about 10 min"),
        (lambda: own(404, "gone", retry_after="60"), TaskNotFound, "check the task_id"),
    ],
)
async def test_a_read_says_when_the_provider_wants_to_be_asked_again(
    answer: Callable[[], httpx.Response], kind: type[ProviderError], told: str
) -> None:
    error = await failure(answer, "get")
    assert isinstance(error, kind)
    assert error.retry_after == float(answer().headers["retry-after"])
    assert told in error.next


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: own(400, "only pending tasks can be cancelled"), "cannot_cancel"),
        (lambda: own(403, "not for wan"), "cannot_cancel"),
        (lambda: own(405, "method not allowed"), "cannot_cancel"),
        (lambda: page(501, "not implemented"), "cannot_cancel"),
        (lambda: own(404, "Record Not Found"), "task_not_found"),
        (lambda: own(401, "invalid api key"), "unauthorized"),
        (lambda: own(429, "busy"), "rate_limited"),
        (lambda: own(500, "internal error"), "provider_fault"),
        (lambda: page(403, "Just a moment..."), "provider_fault"),
    ],
)
async def test_a_cancel_that_fails_keeps_its_code(answer: Callable[[], httpx.Response], code: str) -> None:
    assert (await failure(answer, "cancel")).code == code


async def test_a_cancel_without_a_connection_is_unreachable(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.line.broken = [httpx.ConnectError("no route")] * 9
        assert (await agent.error("cancel_wanx_task", task_id=task_id)).startswith("unreachable: ")


async def test_a_page_of_a_gateway_is_read_again_at_once(world: World) -> None:
    pages = [page(404, "404 page not found"), page(403, "<html>Are you a robot?</html>"), page(400)]
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]

        async def gateway(request: httpx.Request, provider: Answer) -> httpx.Response:
            return pages.pop() if pages and request.method == "GET" else await provider(request)

        world.line.answer(gateway)
        world.clock.advance(5)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "pending"
    assert not pages


async def test_an_answer_about_another_task_is_a_fault(world: World) -> None:
    body = {"code": 200, "data": {"task_id": "t-2", "status": "completed", "output": {"video_url": "https://h/a.mp4"}}}
    answering(world, lambda: httpx.Response(200, json=body), method="GET")
    async with world.client() as agent:
        error = await agent.error("get_wanx_task", task_id="t-1")
        assert error.startswith("provider_fault: the provider answered about another task")
        seen = await agent.ok("get_wanx_task", task_id="T-2")
    assert seen["task_id"] == "T-2", "letter case does not matter, and the id is the one that was asked for"
