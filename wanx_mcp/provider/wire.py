"""One request over HTTP, repeated as the retry policy allows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import Unreachable
from wanx_mcp.limits import ATTEMPT_SECONDS, CONNECT_SECONDS, ORDER_SECONDS
from wanx_mcp.provider.bodies import MAX_ECHO_BYTES, receive
from wanx_mcp.provider.departure import Departure, Leave
from wanx_mcp.provider.outages import unreachable, unusable_client
from wanx_mcp.provider.outcome import Answer, FoundT, Outcome, Parse, judge, read_answer, task_named
from wanx_mcp.provider.skew import ProviderTime
from wanx_mcp.provider.upstream import Upstream
from wanx_mcp.retry import ATTEMPTS, Fate, Request, fate_of, may_repeat, next_pause, pauses
from wanx_mcp.settings import is_loopback

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["Answer", "FoundT", "Outcome", "Parse", "Upstream", "Wire"]


class Wire:
    """The HTTP client. Reads share kept-alive connections; each order gets a fresh one, since a stale connection
    can swallow a POST and look like an unknown outcome."""

    def __init__(self, upstream: Upstream, clock: Clock, *, jitter: Iterator[float] | None = None) -> None:
        self._upstream = upstream
        self.clock = clock
        self._jitter = jitter or iter(random.random, None)
        self._ssl: ssl.SSLContext | None = None
        self._reader: httpx.AsyncClient | None = None
        self.time = ProviderTime(clock)

    async def aclose(self) -> None:
        """Close the kept connections."""
        if self._reader is not None:
            await self._reader.aclose()

    async def read(  # noqa: PLR0913  # a request has as many parts; all but two are given by name
        self,
        method: str,
        path: str,
        *,
        parse: Parse[FoundT],
        within: float,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, str] | None = None,
        patient: bool = True,
        most: int = MAX_ECHO_BYTES,
    ) -> Outcome[FoundT]:
        """Ask something that may be repeated, for at most `within` seconds; `parse` finds nothing in what is no answer.

        A caller that will ask again in its own time is not `patient`: there is one attempt. Of an answer of more
        than `most` bytes only the status counts.
        """
        if self._reader is None:
            self._reader = await self._client()
        client = self._reader

        async def once(left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            with _buildable():
                request = client.build_request(method, url, params=query, json=body)
            return await self._once(client, request, parse, min(ATTEMPT_SECONDS, left), most=most)

        return await self._repeat(Request.READ, once, within, attempts=ATTEMPTS if patient else 1)

    async def order(
        self, path: str, content: bytes, *, parse: Parse[FoundT], within: float, leave: Leave
    ) -> Outcome[FoundT]:
        """Send an order: repeated within `within` seconds only if it certainly was not accepted.

        `leave` is asked before each attempt's first byte; what it raises is raised here, and nothing was sent.
        """

        async def once(_left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            client, departure = await self._client(), Departure(leave)
            headers, extensions = {"content-type": "application/json"}, {"trace": departure.trace}
            try:
                with _buildable():
                    request = client.build_request("POST", url, content=content, headers=headers, extensions=extensions)
                outcome = await self._once(client, request, parse, ORDER_SECONDS, departure=departure)
            finally:
                with suppress(Exception):  # the outcome stands, however the connection ends
                    await client.aclose()
            return task_named(outcome, parse)

        return await self._repeat(Request.ORDER, once, within)

    async def _repeat(
        self,
        kind: Request,
        once: Callable[[float], Awaitable[Outcome[FoundT]]],
        within: float,
        *,
        attempts: int = ATTEMPTS,
    ) -> Outcome[FoundT]:
        deadline = self.clock.seconds() + within
        try:
            outcome = await once(within)
            for pause in islice(pauses(self._jitter), attempts - 1):
                wait = next_pause(pause, outcome.answer.retry_after if outcome.answer else None)
                left = deadline - self.clock.seconds() - wait
                if left <= 0 or not may_repeat(kind, outcome.fate):
                    break
                await self.clock.sleep(wait)
                outcome = await once(left)
        except _UnbuildableError as error:
            advice = "ask the user to check PIAPI_BASE_URL"
            return Outcome(Fate.UNCONNECTED, outage=Unreachable(f"no request can be made ({error})", advice=advice))
        return outcome

    async def _once(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        parse: Parse[FoundT],
        limit: float,
        *,
        most: int = MAX_ECHO_BYTES,
        departure: Departure | None = None,
    ) -> Outcome[FoundT]:
        sent = self.clock.boot()
        try:
            with anyio.fail_after(limit):
                if departure is not None and self._upstream.transport is not None:
                    await departure.ask()  # what replaces the network may not say when its first byte is due
                async with _sent(client, request) as response:
                    received = self.clock.boot()
                    content = await receive(response, most)
        except Exception as error:
            return self._failed(error, departure)
        if departure is not None and departure.stayed:
            raise departure.stayed  # whatever answered, it was not asked by us
        answer = read_answer(response, content)
        if answer.date is not None and answer.fresh:
            self.time.hear(answer.date, sent=sent, received=received)
        return judge(answer, parse)

    def _failed(self, error: Exception, departure: Departure | None) -> Outcome[FoundT]:
        """What an attempt without an answer means. Raises `error` if it is no failure of a request."""
        import httpx

        if departure is not None and departure.stayed:
            raise departure.stayed
        fate, left = fate_of(error), departure is not None and departure.left
        if departure is None and not isinstance(error, TimeoutError | httpx.HTTPError | httpx.StreamError):
            raise error
        if left and fate is Fate.UNCONNECTED:
            fate = Fate.LOST
        elif departure is not None and not left and self._upstream.transport is None:
            fate = Fate.UNCONNECTED
        if isinstance(error, TimeoutError):
            kind = httpx.ReadTimeout if fate is Fate.LOST else httpx.ConnectTimeout
            return Outcome(fate, outage=unreachable(kind("no whole answer in time")))
        return Outcome(fate, outage=unreachable(error))

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
                headers=_headers(self._upstream.key),
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


class _UnbuildableError(Exception):
    """The request cannot be made, so nothing was sent."""


@contextmanager
def _buildable() -> Iterator[None]:
    """While a request is built. Raises _UnbuildableError."""
    import httpx

    try:
        yield
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _UnbuildableError(str(error)) from error


@asynccontextmanager
async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> AsyncIterator[httpx.Response]:
    response = await client.send(request, stream=True)
    try:
        yield response
    finally:
        await response.aclose()


def _headers(key: str) -> dict[str, str]:
    # Of the encodings that httpx offers, gzip alone can be unpacked within bounds by the standard library.
    return {"x-api-key": key, "accept": "application/json", "accept-encoding": "gzip"}
