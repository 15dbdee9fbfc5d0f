"""The provider's HTTP API, simulated: every task type checked from the catalog, real life cycle, weather on demand."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from wanx_mcp.catalog import CATALOG, Catalog, parse_order
from wanx_mcp.catalog.wire import MODEL, from_wire
from wanx_mcp.clock import Clock, RealClock
from wanx_mcp.errors import WanxError
from wanx_mcp.money import to_usd
from wanx_mcp.simulator.clip import Clips
from wanx_mcp.simulator.life import SimulatedTask, draw_plan, points_of
from wanx_mcp.simulator.links import KEPT, absent, refusal, signed
from wanx_mcp.simulator.patience import LockedError, patiently
from wanx_mcp.simulator.ranges import serve
from wanx_mcp.simulator.shapes import envelope, history_row, task_json
from wanx_mcp.simulator.store import Store
from wanx_mcp.simulator.uploads import PATH, UploadRefusedError, Uploads, media_type
from wanx_mcp.simulator.weather import Dress, Fault, Weather
from wanx_mcp.simulator.webhooks import Post, Webhooks, post_json

MAX_PAGE_SIZE = 100
Endpoint = Callable[[Request], Awaitable[Response]]


class HangUpError(Exception):
    """The connection breaks here: whoever serves the app decides how that looks."""


@dataclass
class Simulator:
    """The simulated provider. Its texts are invented: the real wording is unknown. Points: 10,000,000 = 1 USD."""

    catalog: Catalog = CATALOG
    clock: Clock = field(default_factory=RealClock)
    store: Store = field(default_factory=Store)
    weather: Weather = field(default_factory=Weather)
    speed: float = 1.0
    keys: frozenset[str] | None = None
    credit: int = 10_000_000_000
    plan: str = "creator"
    skew: timedelta = timedelta(0)
    base: str = "http://127.0.0.1"
    media: str | None = None
    """Where all videos are said to be, if not here."""

    kept: timedelta = KEPT
    """How long a video can be fetched after its task has ended."""

    def __post_init__(self) -> None:
        self.uploads = Uploads(self.store, self.now)
        self.clips = Clips(self.uploads.picture)
        self.webhooks = Webhooks(self.store)

    def app(self, *middleware: Middleware) -> Starlette:
        """The HTTP side. A broken connection is a HangUpError, for `middleware` or the transport to act out."""
        task = "/api/v1/task/{task_id:path}"  # an id may hold a slash
        return Starlette(
            routes=[
                Route("/api/v1/task", self._api(self._create), methods=["POST"]),
                Route(task, self._api(self._get), methods=["GET"]),
                Route(task, self._api(self._cancel), methods=["DELETE"]),
                Route("/api/open/tasks/histories", self._api(self._history), methods=["GET"]),
                Route("/account/info", self._api(self._account), methods=["GET"]),
                Route("/api/ephemeral_resource", self._api(self._upload), methods=["POST"]),
                Route(f"{PATH}{{name}}", _shared(self._uploaded), methods=["GET"]),
                Route("/media/{task_id:path}.mp4", _shared(self._media), methods=["GET"]),
            ],
            middleware=middleware,
        )

    def now(self) -> datetime:
        """The provider's time: the clock's, and wrong by `skew`."""
        return self.clock.now() + self.skew

    def consumed(self) -> int:
        """Points charged so far."""
        now = self.now()
        return sum(task.consumed(now) for task in self.store.all())

    def free_points(self) -> int:
        """Points that are neither charged nor frozen."""
        now = self.now()
        return self.credit - sum(task.consumed(now) + task.frozen(now) for task in self.store.all())

    def _api(self, endpoint: Endpoint) -> Endpoint:
        async def weathered(request: Request) -> Response:
            fault = self.weather.fault(request.method)
            key = request.headers.get("x-api-key", "").strip()
            if not key or (self.keys is not None and key not in self.keys):
                return _refusal(401, "invalid api key")
            answer = await _shared(endpoint)(request) if fault.acts else None
            return self._spoilt(fault, answer)

        return weathered

    def _spoilt(self, fault: Fault, answer: Response | None) -> Response:
        match fault:
            case Fault.LOSE_REQUEST | Fault.LOSE_ANSWER:
                raise HangUpError
            case Fault.FAIL_500 | Fault.ACT_THEN_500:
                return _refusal(500, "internal error")
            case Fault.BUSY:
                return _refusal(429, "rate limit exceeded")
            case Fault.BUSY_RETRY_AFTER:
                return _refusal(429, "rate limit exceeded", {"retry-after": str(self.weather.retry_after)})
            case Fault.HTML | Fault.ACT_THEN_HTML:
                return HTMLResponse("<html><h1>502 Bad Gateway</h1></html>", 502)
        assert answer is not None  # noqa: S101  # every other fault acts
        if fault.garbles:
            whole = bytes(answer.body)
            kept = whole[: len(whole) // 2] if fault is Fault.HALF_BODY else b""
            return Response(kept, answer.status_code, media_type="application/json")
        return answer

    async def _create(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            return _refusal(400, "the body is not JSON")
        if not isinstance(body, dict) or not isinstance(body.get("input"), dict):
            return _refusal(400, "input is missing")
        if body.get("model") != MODEL:
            return _refusal(400, "unknown model")
        try:
            given = self.uploads.checked(from_wire(body["input"]))
            order = parse_order(self.catalog, {"task_type": body.get("task_type"), **given}, adult=True)
        except WanxError as wrong:
            return _refusal(400, wrong.what)
        except UploadRefusedError as wrong:
            return _refusal(wrong.status, str(wrong))
        points = points_of(order.row)
        if points > self.free_points():
            return _refusal(402, "Insufficient credits")
        config = body.get("config")
        if not _is_config(config):
            return _refusal(400, "webhook_config holds texts: endpoint and secret")
        task = SimulatedTask(
            owner=_owner(request),
            task_id=str(uuid.UUID(int=self.weather.random.getrandbits(128), version=4)),
            task_type=order.row.name,
            input=body["input"],
            config=config if isinstance(config, dict) else {},
            points=points,
            created_at=self.now(),
            plan=draw_plan(order.row, self.weather.random, speed=self.speed, failing=self.weather.failing),
        )
        self.store.save(task)
        self.webhooks.expect(task)
        return self._shown(task, request)

    async def _get(self, request: Request) -> Response:
        task = self._own(request)
        return self._shown(task, request) if task else _refusal(404, "Record Not Found")

    async def _cancel(self, request: Request) -> Response:
        task, now = self._own(request), self.now()
        if task is None:
            return _refusal(404, "Record Not Found")
        if task.status(now) != "pending":
            return _refusal(400, f"task is {task.status(now)}, only pending tasks can be cancelled")
        self.store.save(task.cancelled(now))
        return JSONResponse({"code": 200, "message": "success"})

    def _own(self, request: Request) -> SimulatedTask | None:
        task = self.store.find(request.path_params["task_id"])
        return task if task and task.owner == _owner(request) else None

    async def _history(self, request: Request) -> Response:
        asked = request.query_params
        try:
            page, size = int(asked.get("page", "1")), int(asked.get("page_size", "10"))
            since, until = float(asked.get("start_time", "0")), float(asked.get("end_time", "inf"))
        except ValueError:
            return _refusal(400, "page, page_size, start_time and end_time are numbers")
        if not 1 <= size <= MAX_PAGE_SIZE or page < 1:
            return _refusal(400, f"page_size is 1 to {MAX_PAGE_SIZE}")
        mine = [task for task in reversed(self.store.all()) if task.owner == _owner(request)]
        found = [task for task in mine if since <= task.created_at.timestamp() <= until]
        if asked.get("model", "wan") != "wan":
            found = []
        now = self.now()
        rows = [history_row(task, now) for task in found[(page - 1) * size : page * size]]
        body = {"data": rows, "page": page, "size": size, "total": len(found)}
        return JSONResponse(envelope(body, self.weather.dresses - {Dress.FLAT}), headers=self._date())

    async def _account(self, _request: Request) -> Response:
        free, used = self.free_points(), self.consumed()
        account = {
            "id": "simulated",
            "name": "simulated account",
            "plan": self.plan,
            "is_enable": True,
            "max_concurrent_task_count": 30,
            "equivalent_in_usd": float(to_usd(free)),
            "wallet": {"point_remain": free, "point_frozen": self.credit - free - used, "point_used": used},
        }
        return JSONResponse(envelope(account, frozenset()))

    async def _media(self, request: Request) -> Response:
        task = self.store.find(request.path_params["task_id"])
        if task is None:
            return absent()
        if refused := refusal(task, request.query_params, self.now(), self.kept):
            return refused
        asked = None if "if-range" in request.headers else request.headers.get("range")  # there is no ETag to match
        return serve(await self.clips.of(task), "video/mp4", asked)

    async def _upload(self, request: Request) -> Response:
        if self.plan == "free":
            return _refusal(403, "this plan has no file upload")
        try:
            path = self.uploads.take(await request.body())
        except UploadRefusedError as refused:
            return _refusal(refused.status, str(refused))
        url = str(request.base_url).rstrip("/") + path
        return JSONResponse(envelope({"url": url}, self.weather.dresses))

    async def _uploaded(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self.uploads.find(name)
        return Response("no such file", 404) if content is None else Response(content, media_type=media_type(name))

    async def deliver_webhooks(self, post: Post = post_json) -> None:
        """Make the webhook calls that are due. Their body is that of a get, without the envelope [contract 4]."""
        now, dresses = self.now(), self.weather.dresses
        await self.webhooks.deliver(
            now, lambda task: task_json(task, now, self._media_url(task), dresses), self.clock, post
        )

    def _media_url(self, task: SimulatedTask) -> str:
        url = self.media or f"{self.base}/media/{quote(task.task_id, safe='')}.mp4"
        weather = self.weather
        return signed(url, task, self.now() + weather.link_life) if Dress.SIGNED_URL in weather.dresses else url

    def _shown(self, task: SimulatedTask, request: Request) -> Response:
        self.base = str(request.base_url).rstrip("/")
        url = self._media_url(task)
        dresses = self.weather.dresses
        return JSONResponse(envelope(task_json(task, self.now(), url, dresses), dresses), headers=self._date())

    def _date(self) -> dict[str, str]:
        return {"date": format_datetime(self.now(), usegmt=True)}


def _shared(endpoint: Endpoint) -> Endpoint:
    """`endpoint` where other processes have the same file: it waits for them, and what waited in vain is refused."""

    async def patient(request: Request) -> Response:
        try:
            return await patiently(lambda: endpoint(request))
        except LockedError:
            return _refusal(429, "another process holds the file of the simulated tasks")

    return patient


def _is_config(config: Any) -> bool:
    webhook = config.get("webhook_config", {}) if isinstance(config, dict) else {}
    return isinstance(webhook, dict) and all(isinstance(value, str) for value in webhook.values())


def _owner(request: Request) -> str:
    """Whose tasks: each key has its own, and none is kept."""
    return hashlib.sha256(request.headers["x-api-key"].strip().encode()).hexdigest()[:16]


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"code": status, "data": None, "message": message}
    return JSONResponse(body, status, headers)
