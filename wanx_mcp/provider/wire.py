"""Sends one request over HTTP, with retries as the retry policy allows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import Unreachable
from wanx_mcp.limits import ATTEMPT_SECONDS, CONNECT_SECONDS, ORDER_SECONDS
from wanx_mcp.limits.provider import ECHO_BYTES, MOST_ATTEMPTS
from wanx_mcp.provider.bodies import receive
from wanx_mcp.provider.connection_errors import client_error, unreachable
from wanx_mcp.provider.last_check import LastCheck, Leave
from wanx_mcp.provider.outcome import Answer, FoundT, Outcome, Parse, accepted_if_named, outcome_of, read_answer
from wanx_mcp.provider.skew import ProviderTime
from wanx_mcp.provider.upstream import Upstream
from wanx_mcp.retry import Delivery, Request, delivery_of, may_repeat, next_pause, pauses
from wanx_mcp.transport.proxying import http_proxy
from wanx_mcp.transport.trust import tls_context

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["Answer", "FoundT", "Outcome", "Parse", "Upstream", "Wire"]


class Wire:
    """The HTTP client. Reads share kept-alive connections; each order gets a new one."""

    # A stale connection can lose a POST, which then looks like an unknown outcome.

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
        retries: bool = True,
        most: int = ECHO_BYTES,
    ) -> Outcome[FoundT]:
        """Send a request that may be repeated, for at most `within` seconds. `parse` extracts the result.

        Without `retries` there is one attempt, for callers that ask again later themselves. Only the status of an
        answer of more than `most` bytes counts.
        """
        if self._reader is None:
            self._reader = await self._client()
        client = self._reader

        async def once(left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            with _buildable():
                request = client.build_request(method, url, params=query, json=body)
            return await self._once(client, request, parse, min(ATTEMPT_SECONDS, left), most=most)

        return await self._repeat(Request.READ, once, within, attempts=MOST_ATTEMPTS if retries else 1)

    async def order(
        self, path: str, content: bytes, *, parse: Parse[FoundT], within: float, leave: Leave
    ) -> Outcome[FoundT]:
        """Send an order. It is retried, within `within` seconds, only if it certainly was not accepted.

        `leave` is called before the first byte of each attempt; what it raises is raised here, and nothing was sent.
        """

        async def once(_left: float) -> Outcome[FoundT]:
            url = await self._upstream.locate() + path
            client, check = await self._client(), LastCheck(leave)
            headers, extensions = {"content-type": "application/json"}, {"trace": check.trace}
            try:
                with _buildable():
                    request = client.build_request("POST", url, content=content, headers=headers, extensions=extensions)
                outcome = await self._once(client, request, parse, ORDER_SECONDS, check=check)
            finally:
                with suppress(Exception):  # closing the connection does not change the outcome
                    await client.aclose()
            return accepted_if_named(outcome, parse)

        return await self._repeat(Request.ORDER, once, within)

    async def _repeat(
        self,
        kind: Request,
        once: Callable[[float], Awaitable[Outcome[FoundT]]],
        within: float,
        *,
        attempts: int = MOST_ATTEMPTS,
    ) -> Outcome[FoundT]:
        deadline = self.clock.seconds() + within
        try:
            outcome = await once(within)
            for pause in islice(pauses(self._jitter), attempts - 1):
                wait = next_pause(pause, outcome.answer.retry_after if outcome.answer else None)
                left = deadline - self.clock.seconds() - wait
                if left <= 0 or not may_repeat(kind, outcome.delivery):
                    break
                await self.clock.sleep(wait)
                outcome = await once(left)
        except _UnbuildableError as error:
            advice = "ask the user to check PIAPI_BASE_URL"
            return Outcome(
                Delivery.UNCONNECTED, failure=Unreachable(f"the request cannot be built ({error})", advice=advice)
            )
        return outcome

    async def _once(
        self,
        client: httpx.AsyncClient,
        request: httpx.Request,
        parse: Parse[FoundT],
        limit: float,
        *,
        most: int = ECHO_BYTES,
        check: LastCheck | None = None,
    ) -> Outcome[FoundT]:
        sent = self.clock.boot()
        try:
            with anyio.fail_after(limit):
                if check is not None and self._upstream.transport is not None:
                    await check.ask()  # a replaced network need not report its first byte
                async with _sent(client, request) as response:
                    received = self.clock.boot()
                    content = await receive(response, most)
        except Exception as error:
            return self._failed(error, check)
        if check is not None and check.stayed:
            raise check.stayed  # the order was not sent, so this is no answer to it
        answer = read_answer(response, content)
        if answer.date is not None and answer.fresh:
            self.time.record(answer.date, sent=sent, received=received)
        return outcome_of(answer, parse)

    def _failed(self, error: Exception, check: LastCheck | None) -> Outcome[FoundT]:
        """The outcome of an attempt without an answer. Raises `error` if it is not about the request."""
        import httpx

        if check is not None and check.stayed:
            raise check.stayed
        delivery, left = delivery_of(error), check is not None and check.left
        if check is None and not isinstance(error, TimeoutError | httpx.HTTPError | httpx.StreamError):
            raise error
        if left and delivery is Delivery.UNCONNECTED:
            delivery = Delivery.LOST
        elif check is not None and not left and self._upstream.transport is None:
            delivery = Delivery.UNCONNECTED
        if isinstance(error, TimeoutError):
            kind = httpx.ReadTimeout if delivery is Delivery.LOST else httpx.ConnectTimeout
            return Outcome(delivery, failure=unreachable(kind("no complete answer in time")))
        return Outcome(delivery, failure=unreachable(error))

    async def _client(self) -> httpx.AsyncClient:
        """A new client, with no connection yet. Raises Unreachable if none can be created."""
        url = await self._upstream.locate()
        with _usable():
            import httpx

            if self._ssl is None and url.startswith("https:"):
                self._ssl = tls_context()
            direct = self._upstream.transport is not None
            proxy = None if direct else await anyio.to_thread.run_sync(http_proxy, url, self._ssl)
            return httpx.AsyncClient(
                verify=self._ssl or False,  # no context: http on loopback only
                trust_env=False,  # proxies and certificates are read above: httpx fails on some values of NO_PROXY
                proxy=proxy,
                transport=self._upstream.transport,
                headers=_headers(self._upstream.key),
                timeout=httpx.Timeout(ORDER_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
                follow_redirects=False,
            )


@contextmanager
def _usable() -> Iterator[None]:
    """Turns errors of creating the client into Unreachable. Nothing has been sent then."""
    try:
        yield
    except Exception as error:
        raise client_error(error) from error


class _UnbuildableError(Exception):
    """The request cannot be built, so nothing was sent."""


@contextmanager
def _buildable() -> Iterator[None]:
    """Turns errors of building a request into _UnbuildableError."""
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
    # gzip is the only encoding that is offered: the standard library can decompress it in bounded pieces.
    return {"x-api-key": key, "accept": "application/json", "accept-encoding": "gzip"}
