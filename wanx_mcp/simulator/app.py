"""The simulated HTTP API: orders checked against the catalog, tasks with a life cycle, faults on demand."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.catalog.wire import MODEL
from wanx_mcp.clock import Clock, RealClock
from wanx_mcp.simulator.accounts import account_json, key_number, owner_of
from wanx_mcp.simulator.clip import Clips
from wanx_mcp.simulator.gateway import Gateway, refused_by, shared
from wanx_mcp.simulator.life import Plan, SimulatedTask, draw_plan, points_of
from wanx_mcp.simulator.links import KEPT, absent, link_refusal, signed
from wanx_mcp.simulator.listing import dated, page_of, read_query
from wanx_mcp.simulator.orders import provider_reads, read_order
from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View, changed
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.ranges import serve
from wanx_mcp.simulator.replies import HangUpError, RefusedError, plain, refusal
from wanx_mcp.simulator.shapes import envelope, history_row, task_json
from wanx_mcp.simulator.store import Store
from wanx_mcp.simulator.uploads import PATH, Uploads, media_type
from wanx_mcp.simulator.weather import Variant, Weather
from wanx_mcp.simulator.webhooks import Post, Webhooks, post_json

__all__ = ["HangUpError", "Simulator"]


@dataclass
class Simulator:
    """The simulated provider. Its texts are invented: the real wording is unknown. 10,000,000 points = 1 USD."""

    catalog: Catalog = CATALOG
    clock: Clock = field(default_factory=RealClock)
    store: Store = field(default_factory=Store)
    weather: Weather = field(default_factory=Weather)
    speed: float = 1.0
    keys: frozenset[str] | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Accounts by key, for keys that share one; the name of an account is any text. Other keys have one each."""

    credit: int = 10_000_000_000
    plan: str = "creator"
    skew: timedelta = timedelta(0)
    base: str = "http://127.0.0.1"
    media: str | None = None
    """The URL of all videos in answers, if it is not one of this simulator."""

    kept: timedelta = KEPT
    """How long a video can be downloaded after its task has ended."""

    def __post_init__(self) -> None:
        self.uploads = Uploads(self.store, self.now)
        self.clips = Clips(self.uploads.picture)
        self.webhooks = Webhooks(self.store)

    def app(self, *middleware: Middleware) -> Starlette:
        """The ASGI app. It raises HangUpError for a connection that `middleware` or the transport is to cut."""
        api = Gateway(self).guarded
        task = "/api/v1/task/{task_id:path}"  # an id may hold a slash
        return Starlette(
            routes=[
                Route("/api/v1/task", api("create", self._create), methods=["POST"]),
                Route(task, api("read", self._get), methods=["GET"]),
                Route(task, api("cancel", self._cancel), methods=["DELETE"]),
                Route("/api/open/tasks/histories", api("history", self._history), methods=["GET"]),
                Route("/account/info", api("account", self._account), methods=["GET"]),
                Route("/api/ephemeral_resource", api("upload", self._upload), methods=["POST"]),
                Route(f"{PATH}{{name}}", shared(self._uploaded), methods=["GET"]),
                Route("/media/{task_id:path}.mp4", shared(self._media), methods=["GET"]),
            ],
            middleware=middleware,
        )

    def now(self) -> datetime:
        """The provider's time: the clock's plus `skew`."""
        return self.clock.now() + self.skew

    def consumed(self) -> int:
        """Points charged so far."""
        now = self.now()
        return sum(task.consumed(now) for task in self.store.all())

    def free_points(self) -> int:
        """Points left that are neither charged nor frozen."""
        now = self.now()
        return self.credit - sum(task.consumed(now) + task.frozen(now) for task in self.store.all())

    def place(
        self, key: str, task_type: str, given: Json, *, model: str | None = None, age: float = 0
    ) -> SimulatedTask:
        """Add a task that another client ordered with `key`, `age` seconds ago; `given` is its input, unchecked."""
        task = self._new(owner_of(key, self.accounts), key_number(key), task_type, given)
        task = replace(task, model=model or task.model, created_at=task.created_at - timedelta(seconds=age))
        self.store.save(task)
        return task

    def _new(self, owner: str, key_id: int, task_type: str, given: Json) -> SimulatedTask:
        row, random = self.catalog.find(task_type), self.weather.random
        terms = row.terms(provider_reads(given)) if row else None
        return SimulatedTask(
            task_id=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            owner=owner,
            key_id=key_id,
            task_type=task_type,
            input=given,
            config={},
            points=points_of(terms) if terms else 0,
            created_at=self.now(),
            plan=draw_plan(terms.usual_seconds, random, speed=self.speed, failing=self.weather.failing)
            if terms
            else Plan(5, 60),
            model=row.model if row else MODEL,
        )

    async def _create(self, _request: Request, view: View) -> Response:
        try:
            order = read_order(view.body, self.catalog, self.uploads)
        except RefusedError as refused:
            return refusal(refused.status, str(refused))
        if points_of(order.terms) > self.free_points():
            return refusal(402, "Insufficient credits")
        drawn = self.weather.draw(Lasts.TASK)
        task = self._new(view.owner, key_number(view.key), order.row.name, order.input)
        task = replace(task, config=order.config, quirks=tuple(quirk.name for quirk in drawn))
        newest = next(iter(self._of(view.owner)), None)
        task = changed(task, (quirk.makes for quirk in (*view.quirks, *drawn)), replace(view, task=newest))
        if newest and task.task_id == newest.task_id:
            return self._shown(newest, view)
        self.store.save(task)
        self.weather.note(task.task_id, view.quirks)
        self.webhooks.expect(task)
        return self._shown(task, view)

    async def _get(self, request: Request, view: View) -> Response:
        found = self._found(request, view)
        return self._shown(found, view) if isinstance(found, SimulatedTask) else found

    async def _cancel(self, request: Request, view: View) -> Response:
        task, now = self._found(request, view), self.now()
        if not isinstance(task, SimulatedTask):
            return task
        if task.status(now) != "pending":
            return refusal(400, f"task is {task.status(now)}, only pending tasks can be cancelled")
        self.store.save(task.cancelled(now))
        return JSONResponse({"code": 200, "message": "success"})

    def _found(self, request: Request, view: View) -> SimulatedTask | Response:
        """The task of the request, or the answer that denies it."""
        task = self.store.find(request.path_params["task_id"])
        if task is None or task.owner != view.owner:
            return refusal(404, "Record Not Found")
        return refused_by(replace(view, task=task, quirks=self._quirks(task, view.quirks))) or task

    def _of(self, owner: str) -> Iterable[SimulatedTask]:
        """The tasks of an account, the newest first."""
        return (task for task in reversed(self.store.all()) if task.owner == owner)

    def _quirks(self, task: SimulatedTask, quirks: tuple[Quirk, ...]) -> tuple[Quirk, ...]:
        """All quirks of an answer about `task` to a request with `quirks`."""
        stored = (QUIRKS[name] for name in task.quirks if name in QUIRKS)
        return tuple(dict.fromkeys((*quirks, *self.weather.quirks_of.get(task.task_id, ()), *stored)))

    async def _history(self, request: Request, view: View) -> Response:
        try:
            query = read_query(request.query_params)
        except ValueError as error:
            return refusal(400, str(error))
        for arrived in [quirk.arrives(replace(view, query=query)) for quirk in view.quirks]:
            if arrived:
                self.store.save(arrived)

        def quirks_of(task: SimulatedTask) -> tuple[Quirk, ...]:
            return self._quirks(task, view.quirks)

        def row_of(task: SimulatedTask) -> Json:
            return history_row(task, view.now, self._media_url(task, quirks_of(task)), dated(quirks_of(task)))

        body = page_of(self._of(view.owner), query, view, quirks_of, row_of)
        return JSONResponse(envelope(body, self.weather.variants - {Variant.FLAT}))

    async def _account(self, _request: Request, view: View) -> Response:
        free, used = self.free_points(), self.consumed()
        account = account_json(view.owner, self.plan, free=free, frozen=self.credit - free - used, used=used)
        return JSONResponse(envelope(changed(account, (quirk.account for quirk in view.quirks), view), frozenset()))

    async def _media(self, request: Request) -> Response:
        task = self.store.find(request.path_params["task_id"])
        if task is None:
            return absent()
        if refused := link_refusal(task, request.query_params, self.now(), self.kept):
            return refused
        asked = None if "if-range" in request.headers else request.headers.get("range")  # there is no ETag to match
        try:
            return serve(await self.clips.of(task), "video/mp4", asked)
        except ImportError as error:
            return plain(500, f"the simulator cannot render clips: {error.name or 'PyAV'} cannot be loaded")

    async def _upload(self, request: Request, view: View) -> Response:
        if self.plan == "free":
            return refusal(403, "this plan has no file upload")
        try:
            path = self.uploads.take(view.body)
        except RefusedError as refused:
            return refusal(refused.status, str(refused))
        url = str(request.base_url).rstrip("/") + path
        return JSONResponse(envelope({"url": url}, self.weather.variants))

    async def _uploaded(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self.uploads.find(name)
        return Response("no such file", 404) if content is None else Response(content, media_type=media_type(name))

    async def deliver_webhooks(self, post: Post = post_json) -> None:
        """Make the webhook calls that are due. Their `data` is that of a read [contract 4]."""
        view = View(kind="webhook", now=self.now(), random=self.weather.random, quirks=self.weather.quirks)
        await self.webhooks.deliver(view.now, lambda task: self._json(task, view)[0], self.clock, post)

    def _variants(self, quirks: Iterable[Quirk]) -> frozenset[Variant]:
        return self.weather.variants.union(*(quirk.variants for quirk in quirks))

    def _media_url(self, task: SimulatedTask, quirks: Iterable[Quirk]) -> str:
        url = self.media or f"{self.base}/media/{quote(task.task_id, safe='')}.mp4"
        return (
            signed(url, task, self.now() + self.weather.link_life)
            if Variant.SIGNED_URL in self._variants(quirks)
            else url
        )

    def _json(self, task: SimulatedTask, view: View) -> tuple[Json, frozenset[Variant]]:
        """`data` of an answer about `task`, and the variants of its envelope."""
        quirks, now = self._quirks(task, view.quirks), self.now()
        variants = self._variants(quirks)
        data = task_json(task, now, self._media_url(task, quirks), variants, dated(quirks))
        return changed(data, (quirk.shows for quirk in quirks), replace(view, task=task, now=now)), variants

    def _shown(self, task: SimulatedTask, view: View) -> Response:
        return JSONResponse(envelope(*self._json(task, view)))
