"""The steps of every API request: quirks that refuse it, the key, faults, delays, the Date header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from wanx_mcp.simulator.accounts import owner_of
from wanx_mcp.simulator.locking import LockedError, retry_while_locked
from wanx_mcp.simulator.quirks.quirk import Kind, Quirk, View
from wanx_mcp.simulator.replies import refusal, spoilt
from wanx_mcp.simulator.weather import Fault

if TYPE_CHECKING:
    from wanx_mcp.simulator.app import Simulator

Endpoint = Callable[[Request], Awaitable[Response]]
ApiEndpoint = Callable[[Request, View], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """Wraps the endpoints of a simulator."""

    simulator: Simulator

    def guarded(self, kind: Kind, endpoint: ApiEndpoint) -> Endpoint:
        """`endpoint` with all steps. Raises HangUpError if the connection is to be cut."""

        async def handle(request: Request) -> Response:
            view, fault = await self._read(kind, request)
            answer = refused_by(view) or await self._answered(endpoint, request, view, fault)
            answer.headers.update(self._date(view.quirks))
            return answer

        return handle

    async def _read(self, kind: Kind, request: Request) -> tuple[View, Fault]:
        simulator, weather = self.simulator, self.simulator.weather
        simulator.base = str(request.base_url).rstrip("/")
        fault, quirks = weather.fault(request.method), weather.quirks_met(request.method)
        key = request.headers.get("x-api-key", "").strip()
        owner, body = owner_of(key, simulator.accounts), await request.body()
        view = View(
            kind=kind, now=simulator.now(), random=weather.random, quirks=quirks, key=key, owner=owner, body=body
        )
        return view, fault

    async def _answered(self, endpoint: ApiEndpoint, request: Request, view: View, fault: Fault) -> Response:
        simulator = self.simulator
        if not view.key or (simulator.keys is not None and view.key not in simulator.keys):
            return refusal(401, "invalid api key")

        async def act(request: Request) -> Response:
            return await endpoint(request, replace(view, now=simulator.now()))

        await self._stall(quirk.stall_before for quirk in view.quirks)
        answer = await shared(act)(request) if fault.acts else None
        await self._stall(quirk.stall_after for quirk in view.quirks)
        return spoilt(fault, answer, simulator.weather.retry_after)

    async def _stall(self, pauses: Iterable[float]) -> None:
        if seconds := sum(pauses):
            await self.simulator.clock.sleep(seconds)

    def _date(self, quirks: tuple[Quirk, ...]) -> dict[str, str]:
        now = self.simulator.now()
        date: datetime | None = now
        for quirk in quirks:
            date = quirk.date(date) if date else None
        if date is None:
            return {}
        age = {"age": str(int((now - date).total_seconds()))} if any(quirk.age for quirk in quirks) else {}
        return {"date": format_datetime(date, usegmt=True), **age}


def refused_by(view: View) -> Response | None:
    """The answer of the first quirk that refuses the request, None if none does."""
    return next((answer for quirk in view.quirks if (answer := quirk.refuses(view))), None)


def shared(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, repeated while another process locks the database; answers 429 if that takes too long."""

    async def handle(request: Request) -> Response:
        try:
            return await retry_while_locked(lambda: endpoint(request))
        except LockedError:
            return refusal(429, "another process holds the file of the simulated tasks")

    return handle
