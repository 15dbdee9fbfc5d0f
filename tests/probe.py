"""The simulated provider as an HTTP client sees it, on a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from wanx_mcp.clock import VirtualClock
from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.quirks.quirk import Quirk
from wanx_mcp.simulator.store import Store
from wanx_mcp.simulator.weather import Weather

KEY = "key-0123456789"
PROMPT = 'Tom & "Jerry"  in a cafe\u0301, caf\u00e9 \ufb01lm <b>'
PICTURE = "https://example.com/in.png?a=1&b=2"
FULL: dict[str, Any] = {
    "prompt": PROMPT,
    "negative_prompt": "blurry, static",
    "aspect_ratio": "9:16",
    "image": PICTURE,
}
HOOK = {"webhook_config": {"endpoint": "http://127.0.0.1:9/hook", "secret": "hush-hush-123"}}


class Probe:
    """One client with one key, unless a call names another."""

    def __init__(self, client: httpx.AsyncClient, simulator: Simulator, clock: VirtualClock) -> None:
        self.client = client
        self.simulator = simulator
        self.clock = clock

    async def create(
        self, given: dict[str, Any] | None = None, *, key: str = KEY, config: Any = HOOK
    ) -> httpx.Response:
        given = FULL if given is None else given
        task_type = "img2video-14b" if "image" in given else "txt2video-14b"
        body = {"model": "Qubico/wanx", "task_type": task_type, "input": given, "config": config}
        return await self.client.post("/api/v1/task", json=body, headers={"x-api-key": key})

    async def made(self, given: dict[str, Any] | None = None, *, key: str = KEY) -> dict[str, Any]:
        """`data` of a create."""
        data: dict[str, Any] = (await self.create(given, key=key)).json()["data"]
        return data

    async def get(self, task_id: str, *, key: str = KEY) -> httpx.Response:
        return await self.client.get(f"/api/v1/task/{quote(task_id, safe='')}", headers={"x-api-key": key})

    async def cancel(self, task_id: str) -> httpx.Response:
        return await self.client.delete(f"/api/v1/task/{quote(task_id, safe='')}", headers={"x-api-key": KEY})

    async def read(self, task_id: str = "") -> dict[str, Any]:
        """`data` of a get, of a new task if none is named."""
        data: dict[str, Any] = (await self.get(task_id or (await self.made())["task_id"])).json()["data"]
        return data

    async def history(self, *, key: str = KEY, **query: Any) -> httpx.Response:
        where = "/api/open/tasks/histories"
        return await self.client.get(where, params={"page_size": 100, **query}, headers={"x-api-key": key})

    async def page(self, **query: Any) -> Any:
        """`data` of a page of the history."""
        return (await self.history(**query)).json()["data"]

    async def rows(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.page(**query))["data"]
        return found

    async def account(self, *, key: str = KEY) -> httpx.Response:
        return await self.client.get("/account/info", headers={"x-api-key": key})

    def skew(self, response: httpx.Response) -> timedelta | None:
        """How far the Date header is ahead of the provider's clock."""
        date = response.headers.get("date")
        return parsedate_to_datetime(date) - self.simulator.now() if date else None


@asynccontextmanager
async def probing(
    quirks: Iterable[Quirk] = (), *, weather: Weather | None = None, store: Store | None = None
) -> AsyncIterator[Probe]:
    clock = VirtualClock()
    weather = weather or Weather(quirks=quirks)
    simulator = Simulator(clock=clock, weather=weather, store=store or Store())
    transport = httpx.ASGITransport(simulator.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9") as client:
        yield Probe(client, simulator, clock)
