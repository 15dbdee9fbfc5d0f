"""A whole world in memory: simulator, virtual clock, and an MCP client at the front door."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore
import httpx
from mcp import Client
from mcp.client.extension import ClientExtension
from mcp.types import CallToolResult

from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.clock import VirtualClock
from wanx_mcp.media.download import Limits
from wanx_mcp.provider import Upstream
from wanx_mcp.server import build_server
from wanx_mcp.settings import Settings, read_settings
from wanx_mcp.simulator.app import HangUpError, Simulator

KEY = "test-key-1234567890"
PICTURE = "https://example.com/in.jpg"
Hook = Callable[[httpx.Request], Awaitable[None]]
Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]
Reply = Callable[[httpx.Request, Answer], Awaitable[httpx.Response]]
"""Answers a request; what the provider would have answered is one call of the second argument away."""

Change = Callable[[dict[str, Any]], None]
UNCONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Line(httpx.AsyncBaseTransport):
    """The wire between client and simulator: breaks where the weather says so, and records what has left.

    As httpcore does, it fires the `trace` event directly before the first byte: an error of `broken` that no request
    precedes (no connection was made) comes before that event and leaves no record, any other after it.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._answer: Answer = httpx.ASGITransport(simulator.app()).handle_async_request
        self.requests: list[httpx.Request] = []
        self.broken: list[Exception] = []
        self.broken_orders: list[Exception] = []
        self.canned: httpx.Response | None = None
        self.canned_order: httpx.Response | None = None
        self.on_connect: Hook | None = None
        """The connection stands, and nothing has left."""

        self.on_request: Hook | None = None
        self.on_response: Hook | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        breaks = self._next_break(request)
        if isinstance(breaks, UNCONNECTED):
            raise breaks
        if self.on_connect:
            await self.on_connect(request)
        await self._begin(request)
        self.requests.append(request)
        if breaks:
            raise breaks
        if self.canned:
            return self.canned
        if self.canned_order and request.method == "POST":
            return self.canned_order
        if self.on_request:
            await self.on_request(request)
        try:
            response = await self._answer(request)
        except HangUpError:
            raise httpx.ReadError("the connection broke") from None
        if self.on_response:
            await self.on_response(request)
        return response

    def _next_break(self, request: httpx.Request) -> Exception | None:
        if self.broken:
            return self.broken.pop(0)
        return self.broken_orders.pop(0) if self.broken_orders and request.method == "POST" else None

    async def _begin(self, request: httpx.Request) -> None:
        trace = request.extensions.get("trace")
        if trace is not None:
            first = httpcore.Request(request.method, str(request.url))
            await trace("http11.send_request_headers.started", {"request": first})

    def answer(self, reply: Reply) -> None:
        """From now on `reply` answers each request. Several wrap one another, the last one outermost."""
        inner = self._answer

        async def answer(request: httpx.Request) -> httpx.Response:
            return await reply(request, inner)

        self._answer = answer

    def rewrite(self, change: Change, path: str, *, method: str = "GET") -> None:
        """The provider's JSON answers to requests of `method` with `path` in their path, changed on the way."""
        self.rewrite_by_request(lambda body, _request: change(body), path, method=method)

    def rewrite_by_request(
        self, change: Callable[[dict[str, Any], httpx.Request], None], path: str, *, method: str = "GET"
    ) -> None:
        """The same, where the change depends on the request."""

        async def rewritten(request: httpx.Request, inner: Answer) -> httpx.Response:
            response = await inner(request)
            if request.method != method or path not in request.url.path:
                return response
            body = json.loads(await response.aread())
            change(body, request)
            dates = {name: value for name, value in response.headers.items() if name in ("date", "age")}
            return httpx.Response(response.status_code, text=json.dumps(body), headers=dates)

        self.answer(rewritten)

    def sent(self, method: str) -> list[httpx.Request]:
        """The requests of that method, without the account reads that go before orders."""
        return [
            request for request in self.requests if request.method == method and request.url.path != "/account/info"
        ]


@dataclass
class World:
    """Everything a test needs; `settings` are read as the real ones are."""

    environment: Mapping[str, str] = field(default_factory=dict)
    catalog: Catalog = CATALOG
    clock: VirtualClock = field(default_factory=VirtualClock)
    wired: bool = False
    """Over the real network (loopback), not to the simulator in memory."""

    limits: Limits = field(default_factory=Limits)
    """Of a download; in real seconds."""

    following: bool = False
    """Whether servers follow their orders in the background and save the videos by themselves, as they do in life.
    Tests about that say so; in all others requests and files are only those that a call asks for."""

    simulator: Simulator = field(init=False)
    line: Line = field(init=False)
    _origin: World | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self._make_state()
        self.simulator = Simulator(catalog=self.catalog, clock=self.clock)
        self.line = Line(self.simulator)

    def _make_state(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="wanx-test-"))
        weakref.finalize(self, shutil.rmtree, self.state, ignore_errors=True)

    def beside(self, **environment: str) -> World:
        """Another server process with the same state folder, provider, line and clock, and other settings."""
        other = copy.copy(self)
        other.environment = {**self.environment, **environment}
        other._origin = self  # whose state folder lives as long as it does
        return other

    def elsewhere(self, **environment: str) -> World:
        """A server process on another machine: the same provider, line and clock, and nothing on disk yet."""
        other = self.beside(**environment)
        other._make_state()
        return other

    @property
    def videos(self) -> Path:
        return self.state / "videos"

    @property
    def settings(self) -> Settings:
        usual = {
            "PIAPI_API_KEY": KEY,
            "PIAPI_BASE_URL": "http://127.0.0.1:9",
            "WANX_STATE_DIR": str(self.state),
            "WANX_OUTPUT_DIR": str(self.videos),
            "WANX_DAILY_BUDGET_USD": "unlimited",
            "WANX_AUTO_SAVE": str(self.following).lower(),
        }
        return read_settings({**usual, **self.environment})

    @asynccontextmanager
    async def client(self, mode: str = "auto", extensions: Sequence[ClientExtension] = ()) -> AsyncIterator[Agent]:
        async def locate() -> str:
            return self.settings.base_url

        async def locate_uploads() -> str:
            return self.settings.upload_host

        settings = self.settings
        upstream = None
        if settings.api_key and not self.wired:
            upstream = Upstream(
                settings.base_url,
                locate,
                key=settings.api_key,
                loopback=True,
                transport=self.line,
                locate_uploads=locate_uploads,
            )
        server = build_server(
            settings,
            catalog=self.catalog,
            clock=self.clock,
            upstream=upstream,
            limits=self.limits,
            follow=self.following,
        )
        async with Client(server, mode=mode, extensions=extensions) as client:
            yield Agent(client)


@dataclass
class Agent:
    """A client that calls tools and reads what an agent would read."""

    client: Client

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def ok(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.call(tool, **arguments)
        assert not result.is_error, text(result)
        assert result.structured_content is not None
        return dict(result.structured_content)

    async def error(self, tool: str, **arguments: Any) -> str:
        result = await self.call(tool, **arguments)
        assert result.is_error, text(result)
        assert result.structured_content is None
        return text(result)

    async def order(self, **arguments: Any) -> dict[str, Any]:
        return await self.ok("create_wanx_task", **{"task_type": "txt2video-14b", "prompt": "a boat", **arguments})


def text(result: CallToolResult) -> str:
    return " ".join(block.text for block in result.content if block.type == "text")
