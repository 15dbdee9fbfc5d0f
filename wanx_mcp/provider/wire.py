"""One request over HTTP, repeated as `retry` allows. The only room that knows httpx."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import Unreachable
from wanx_mcp.provider.answers import is_own, read_code
from wanx_mcp.provider.outages import unreachable, unusable_client
from wanx_mcp.retry import ATTEMPTS, Fate, Request, fate_of, fate_of_status, may_repeat, next_pause, pauses
from wanx_mcp.settings import is_loopback

if TYPE_CHECKING:
    import ssl

    import httpx

FoundT = TypeVar("FoundT")
Parse = Callable[[Any], FoundT | None]
"""What the body of an answer says, None if it is not what was asked for."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""An echoed picture can be large; anything beyond this is no answer."""

PAGE_BYTES = 4000
"""So much of an answer that is no JSON is kept, for what it says."""

LONGEST_WAIT = 86_400.0
MOST_SKEW = 2 * 86_400.0
"""A clock that is further off is no clock."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
ORDER_SECONDS = 60.0
"""How long one order may be on its way. The call that placed it answers earlier; the order is heard out."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The other end: its name for the ledger, where it is, how to get in. `transport` replaces the network.

    `locate_uploads` is where files go; None: the same place."""

    origin: str
    locate: Callable[[], Awaitable[str]]
    key: str = field(repr=False)
    loopback: bool
    transport: httpx.AsyncBaseTransport | None = None
    locate_uploads: Callable[[], Awaitable[str]] | None = None

    @property
    def uploads(self) -> Upstream:
        """The host that takes files: the same key, another door."""
        return replace(self, locate=self.locate_uploads or self.locate)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is None where it is no JSON; then `page` is the beginning of what came instead."""

    status: int
    body: Any = field(repr=False)
    retry_after: float | None = None
    date: datetime | None = None
    page: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[FoundT]):
    """What became of a request: its fate, with the answer or the reason that there is none; what was `found` in it."""

    fate: Fate
    answer: Answer | None = None
    outage: Unreachable | None = None
    found: FoundT | None = None


class Wire:
    """The HTTP client. Reads share kept-alive connections; each order gets a fresh one, since a stale connection
    can swallow a POST and look like an unknown outcome."""

    def __init__(self, upstream: Upstream, clock: Clock, *, jitter: Iterator[float] | None = None) -> None:
        self._upstream = upstream
        self._clock = clock
        self._jitter = jitter or iter(random.random, None)
        self._ssl: ssl.SSLContext | None = None
        self._reader: httpx.AsyncClient | None = None
        self.skew = 0.0
        """Seconds by which the provider's clock (its `Date` header) was ahead of ours when it last answered."""

    async def aclose(self) -> None:
        """Close the kept connections."""
        if self._reader is not None:
            await self._reader.aclose()

    async def read(
        self,
        method: str,
        path: str,
        *,
        parse: Parse[FoundT],
        within: float,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, str] | None = None,
        patient: bool = True,
    ) -> Outcome[FoundT]:
        """Ask something that may be repeated, for at most `within` seconds; `parse` finds nothing in what is no answer.

        A caller that will ask again in its own time is not `patient`: there is one attempt.
        """
        if self._reader is None:
            self._reader = await self._client()
        client = self._reader

        async def once(left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            request = client.build_request(method, url, params=query, json=body)
            return await self._once(client, request, parse, min(READ_SECONDS, left))

        return await self._repeat(Request.READ, once, within, attempts=ATTEMPTS if patient else 1)

    async def order(self, path: str, content: bytes, *, parse: Parse[FoundT], within: float) -> Outcome[FoundT]:
        """Send an order: repeated within `within` seconds only if it certainly was not accepted."""

        async def once(_left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            async with await self._client() as client:
                headers = {"content-type": "application/json"}
                request = client.build_request("POST", url, content=content, headers=headers)
                outcome = await self._once(client, request, parse, ORDER_SECONDS)
            if outcome.found is None and outcome.answer and (found := parse(outcome.answer.body)) is not None:
                return Outcome(Fate.ANSWERED, outcome.answer, found=found)  # a task was named: it was taken
            return outcome

        return await self._repeat(Request.ORDER, once, within)

    async def _repeat(
        self,
        kind: Request,
        once: Callable[[float], Awaitable[Outcome[FoundT]]],
        within: float,
        *,
        attempts: int = ATTEMPTS,
    ) -> Outcome[FoundT]:
        with _usable():
            import httpx

        deadline = self._clock.seconds() + within
        try:
            outcome = await once(within)
        except (httpx.InvalidURL, UnicodeError) as error:  # while the request was made: nothing was sent
            advice = "ask the user to check PIAPI_BASE_URL"
            return Outcome(Fate.UNCONNECTED, outage=Unreachable(f"no request can be made ({error})", advice=advice))
        for pause in islice(pauses(self._jitter), attempts - 1):
            wait = next_pause(pause, outcome.answer.retry_after if outcome.answer else None)
            left = deadline - self._clock.seconds() - wait
            if left <= 0 or not may_repeat(kind, outcome.fate):
                break
            await self._clock.sleep(wait)
            outcome = await once(left)
        return outcome

    async def _once(
        self, client: httpx.AsyncClient, request: httpx.Request, parse: Parse[FoundT], limit: float
    ) -> Outcome[FoundT]:
        import httpx

        try:
            with anyio.fail_after(limit):
                async with _sent(client, request) as response:
                    content = await _content(response)
        except TimeoutError:
            return Outcome(Fate.LOST, outage=unreachable(httpx.ReadTimeout("no whole answer in time")))
        except httpx.TransportError as error:
            return Outcome(fate_of(error), outage=unreachable(error))
        except (httpx.HTTPError, httpx.StreamError) as error:
            return Outcome(Fate.UNREADABLE, outage=unreachable(error))
        answer = _answer(response, content)
        if answer.date is not None:
            skew = (answer.date - self._clock.now()).total_seconds()
            self.skew = skew if abs(skew) < MOST_SKEW else 0.0
        return _judge(answer, parse)

    async def _client(self) -> httpx.AsyncClient:
        """A client that has sent nothing yet. Raises Unreachable where there can be none."""
        url = await self._upstream.locate()
        with _usable():
            import httpx

            if self._ssl is None and url.startswith("https:"):
                self._ssl = httpx.create_ssl_context()
            return httpx.AsyncClient(
                verify=self._ssl or False,  # only http on loopback comes without a context
                trust_env=not is_loopback(url),  # loopback never goes through a proxy
                transport=self._upstream.transport,
                headers={"x-api-key": self._upstream.key, "accept": "application/json"},
                timeout=httpx.Timeout(ORDER_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
                follow_redirects=False,
            )


@contextmanager
def _usable() -> Iterator[None]:
    """While the client is made: whatever goes wrong, nothing has been sent. Raises Unreachable."""
    try:
        yield
    except Exception as error:
        raise unusable_client(error) from error


@asynccontextmanager
async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


async def _content(response: httpx.Response) -> bytes:
    import httpx

    pieces = bytearray()
    async for piece in response.aiter_bytes():
        pieces += piece
        if len(pieces) > MAX_ANSWER_BYTES:
            raise httpx.DecodingError("the answer is too large")
    return bytes(pieces)


def _answer(response: httpx.Response, content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    status = response.status_code
    if 200 <= status < 300:
        status = read_code(body) or status
    return Answer(
        status,
        body if isinstance(body, dict) else None,
        _retry_after(response.headers.get("retry-after"), response.headers.get("date")),
        _http_date(response.headers.get("date")),
        page="" if isinstance(body, dict) else bytes(content[:PAGE_BYTES]).decode(errors="replace"),
    )


def _judge(answer: Answer, parse: Parse[FoundT]) -> Outcome[FoundT]:
    if 400 <= answer.status < 600:
        # Not the provider's own answer: a read can be repeated, and of an order nobody knows, a 429 included.
        return Outcome(fate_of_status(answer.status) if is_own(answer.body) else Fate.UNREADABLE, answer)
    found = parse(answer.body) if 200 <= answer.status < 300 and answer.body is not None else None
    return Outcome(Fate.UNREADABLE if found is None else Fate.ANSWERED, answer, found=found)


def _retry_after(value: str | None, date: str | None) -> float | None:
    """Seconds to wait, from the header's number or date (told apart from the server's own clock)."""
    if value is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return min(float(value), LONGEST_WAIT)
    until, now = _http_date(value), _http_date(date) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT) if until else None


@lru_cache(maxsize=8)  # one answer's date is asked for more than once, and many answers share a second
def _http_date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value) if value else None
        return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date and date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
