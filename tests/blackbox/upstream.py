"""The provider's HTTP API on loopback, from its contract alone. Every request is kept verbatim; each can be met with scripted weather."""

from __future__ import annotations

import socket
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .provider_history import MAX_PAGE_SIZE, Asked, History, page_of
from .provider_http import Exchange, Reply, Request
from .provider_task import AT_ONCE, ENDED, Life, Task, model_of, number_of
from .rawclient import PATIENCE
from .weather import PLAIN, Behaviour, Gate, Moment

REQUIRED = {
    "txt2video-1.3b": ("prompt",),
    "txt2video-14b": ("prompt",),
    "txt2video-14b-lora": ("prompt", "lora_settings"),
    "img2video-14b": ("image",),
    "img2video-14b-lora": ("prompt", "image", "lora_settings"),
    "img2video-14b-keyframe": ("start_image", "end_image"),
    "img2video-14b-control-camera": ("image", "control_camera_settings"),
    "wan22-txt2video-14b": ("prompt",),
    "wan22-img2video-14b": ("image",),
    "wan26-txt2video": ("prompt", "duration", "resolution"),
    "wan26-img2video": ("prompt", "image", "duration", "resolution"),
}
WAN26_KEYS = {
    "wan26-txt2video": {"prompt", "negative_prompt", "aspect_ratio"},
    "wan26-img2video": {"prompt", "negative_prompt", "image"},
}
WAN26_VALUES = {
    "duration": (5, 10, 15),
    "resolution": ("720P", "1080P"),
    "audio": (True, False),
    "aspect_ratio": ("16:9", "9:16", "1:1", "4:3", "3:4"),
    "shot_type": ("single", "multi"),
    "prompt_extend": (True, False),
}
VIDEO = (Path(__file__).parents[1] / "assets" / "clip.mp4").read_bytes()


class Upstream:
    """A running provider. Use it as a context manager; `base_url` is what a client is given."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.tasks: dict[str, Task] = {}
        self.charges: list[str] = []
        self.abandoned: list[str] = []
        self.life: Life = AT_ONCE
        self.normalised_echo = False
        self.echo: Callable[[dict[str, Any]], Any] = dict
        self.usage: Callable[[dict[str, Any]], dict[str, Any] | None] = dict
        self.new_id: Callable[[], str] = lambda: str(uuid.uuid4())
        self.histories: tuple[History, ...] = ()
        self.accounts: dict[str, str] = {}  # the account of each key that shares one; any text, or another key
        self.price_factor: float = 1
        self.date: Callable[[datetime], datetime | None] = lambda now: now
        self.created_off = timedelta(0)  # how far the dates of new tasks are from the Date header
        self.young_seconds: float = 0  # so long a new task is not known yet
        self._lives: deque[Life] = deque()
        self._next: defaultdict[str, deque[Behaviour]] = defaultdict(deque)
        self._always: dict[str, Behaviour] = {}
        self._of_task: dict[str, Behaviour] = {}
        self._gates: list[Gate] = []
        self._lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", port), Exchange)
        self._http.upstream = self
        self.port: int = self._http.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Upstream:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for gate in self._gates:
            gate.open()
        self._http.shutdown()
        self._http.server_close()

    # --- scripting -------------------------------------------------------------------------------------------------

    def next(self, kind: str, *behaviours: Behaviour) -> None:
        """The coming requests of this kind are met so, one behaviour each; then it is plain again."""
        self._next[kind].extend(behaviours)

    def always(self, kind: str, behaviour: Behaviour) -> None:
        self._always[kind] = behaviour

    def always_for(self, task_id: str, behaviour: Behaviour) -> None:
        """Every read of one task is met so."""
        self._of_task[task_id] = behaviour

    def hold(self, kind: str, moment: Moment, behaviour: Behaviour = PLAIN) -> Gate:
        """The next request of this kind stops before acting, after acting or after the answer, until the gate opens."""
        gate = Gate()
        self._gates.append(gate)
        self.next(kind, behaviour.held(moment, gate))
        return gate

    def next_life(self, *lives: Life) -> None:
        self._lives.extend(lives)

    def calm(self) -> None:
        """Takes back all weather that was ordered."""
        self._next.clear()
        self._always.clear()
        self._of_task.clear()

    def place(self, order: dict[str, Any], key: str, life: Life = AT_ONCE, seconds_ago: float = 0) -> str:
        """A task that somebody ordered elsewhere with this key; its id."""
        task = self._new_task(order, key, life)
        task.created -= timedelta(seconds=seconds_ago)
        with self._lock:
            self.tasks[task.task_id] = task
        return task.task_id

    def age(self, seconds: float) -> None:
        """As if so much time had gone by since every task was made."""
        with self._lock:
            for task in self.tasks.values():
                task.created -= timedelta(seconds=seconds)

    def end(self, task_id: str) -> None:
        """A task ends although nobody reads it."""
        with self._lock:
            self.tasks[task_id].status = self.tasks[task_id].life.ending

    def forget(self, task_id: str) -> None:
        with self._lock:
            del self.tasks[task_id]

    def settle(self) -> None:
        """Wait until every connection made so far is over: what a killed client has sent is carried out by then.

        Only for when no client is alive, since those keep connections."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as last:
            last.shutdown(socket.SHUT_WR)
            assert last.recv(1) == b""  # connections are taken in their order: all earlier ones have been
        self._http.wait_until_idle()

    # --- reading what happened -------------------------------------------------------------------------------------

    def seen(self, *kinds: str) -> list[Request]:
        return [request for request in list(self.requests) if not kinds or request.kind in kinds]

    @property
    def orders(self) -> list[Request]:
        return self.seen("create")

    # --- what the exchange asks ------------------------------------------------------------------------------------

    def receive(self, request: Request) -> Behaviour:
        with self._lock:
            self.requests.append(request)
            waiting = self._next[request.kind]
            if waiting:
                return waiting.popleft()
            usual = self._always.get(request.kind, PLAIN)
            return self._of_task.get(_task_id(request), usual) if request.kind == "read" else usual

    def act(self, request: Request) -> Reply:
        """The honest answer to a request, with all that it changes."""
        key = request.headers.get("x-api-key", "")
        task_id = _task_id(request)
        if request.kind == "media":
            return Reply(200, VIDEO)
        if not key:
            return _refused(401, "Missing API key")
        doors: dict[str, Callable[[], Reply]] = {
            "create": lambda: self._create(request, key),
            "read": lambda: self._read(task_id, key),
            "cancel": lambda: self._cancel(task_id, key),
            "history": lambda: self._history(request, key),
            "account": lambda: self._account(key),
        }
        with self._lock:
            return doors.get(request.kind, lambda: _refused(404, "no such page"))()

    def _create(self, request: Request, key: str) -> Reply:
        order = request.json
        wanted = REQUIRED.get(order.get("task_type"))
        if wanted is None or order.get("model") != model_of(order["task_type"]):
            return _refused(400, "unknown model or task_type")
        missing = [name for name in wanted if not order["input"].get(name)]
        if missing:
            return _refused(400, f"missing {missing[0]}")
        if problem := _wan26_problem(order):
            return _refused(400, problem)
        life = self._lives.popleft() if self._lives else self.life
        task = self._new_task(order, key, life)
        if task.task_id in self.tasks:  # an id that two orders get is one task
            return _success(self._told(self.tasks[task.task_id]))
        self.tasks[task.task_id] = task
        self.charges.append(task.task_id)
        return _success(self._told(task))

    def _new_task(self, order: dict[str, Any], key: str, life: Life) -> Task:
        return Task(self.new_id(), self._owner(key), order, life, key, self.price_factor, self.created_off)

    def _owner(self, key: str) -> str:
        return self.accounts.get(key, key)

    def _own(self, task_id: str, key: str) -> Task | None:
        task = self.tasks.get(task_id)
        return task if task and task.owner == self._owner(key) else None

    def _account(self, key: str) -> Reply:
        known = {"id": str(number_of(self._owner(key))), "name": "blackbox", "plan": "creator"}
        return _success({**known, "equivalent_in_usd": 10})

    def _read(self, task_id: str, key: str) -> Reply:
        task = self._own(task_id, key)
        if task is None or task.age_seconds < self.young_seconds:
            return _refused(404, "Record Not Found")
        task.read()
        return _success(self._told(task))

    def _cancel(self, task_id: str, key: str) -> Reply:
        task = self._own(task_id, key)
        if task is None:
            return _refused(404, "Record Not Found")
        if task.status != "pending" or task.status in ENDED:
            return _refused(400, "only pending tasks can be cancelled")
        task.status = "cancelled"
        return Reply(200, {"code": 200, "message": "success"})

    def _history(self, request: Request, key: str) -> Reply:
        asked = Asked.of(request.query)
        if asked.size > MAX_PAGE_SIZE or asked.page < 1:
            return _refused(400, f"page_size must not exceed {MAX_PAGE_SIZE}")
        mine = [task for task in self.tasks.values() if task.owner == self._owner(key)]
        return _success(page_of(mine, asked, self.histories))

    def _told(self, task: Task) -> dict[str, Any]:
        url = f"{self.base_url}/media/{quote(task.task_id, safe='')}.mp4"
        told = task.as_json(url, self.normalised_echo, self.echo)
        usage = self.usage(told["meta"].pop("usage"))
        return {**told, "meta": {**told["meta"], **({} if usage is None else {"usage": usage})}}


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    upstream: Upstream

    def __init__(self, *where: Any) -> None:
        self._open = 0
        self._change = threading.Condition()
        super().__init__(*where)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._change:
            self._open += 1
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._change:
                self._open -= 1
                self._change.notify_all()

    def wait_until_idle(self) -> None:
        with self._change:
            assert self._change.wait_for(lambda: not self._open, PATIENCE), "a connection never ends"


def _task_id(request: Request) -> str:
    return unquote(urlsplit(request.path).path.rsplit("/", 1)[-1])


def _wan26_problem(order: dict[str, Any]) -> str:
    """What is wrong with an order of Wan 2.6: a key or a value that its page does not have."""
    keys, given = WAN26_KEYS.get(order["task_type"]), order["input"]
    if keys is None:
        return ""
    for name, value in given.items():
        known = WAN26_VALUES.get(name, (value,) if name in keys else ())
        if not any(type(value) is type(one) and value == one for one in known):
            return f"invalid {name}"
    if "audio" not in given or ("aspect_ratio" in given and "image" in keys):
        return "audio is missing, or a picture has an aspect_ratio"
    return "shot_type multi needs prompt_extend" if "shot_type" in given and not given.get("prompt_extend") else ""


def _success(data: Any) -> Reply:
    return Reply(200, {"code": 200, "data": data, "message": "success"})


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {"code": status, "data": None, "message": message})
