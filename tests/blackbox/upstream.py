"""The provider's HTTP API on loopback, from its contract alone. Every request is kept verbatim; each can be met with scripted weather."""

from __future__ import annotations

import socket
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .provider_http import Exchange, Reply, Request
from .provider_task import AT_ONCE, ENDED, Life, Task
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
}
VIDEO = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + b"\x00" * 2000


class Upstream:
    """A running provider. Use it as a context manager; `base_url` is what a client is given."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.tasks: dict[str, Task] = {}
        self.charges: list[str] = []
        self.abandoned: list[str] = []
        self.life: Life = AT_ONCE
        self.normalised_echo = False
        self._lives: deque[Life] = deque()
        self._next: defaultdict[str, deque[Behaviour]] = defaultdict(deque)
        self._always: dict[str, Behaviour] = {}
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

    def place(self, order: dict[str, Any], key: str, life: Life = AT_ONCE) -> str:
        """A task that somebody ordered elsewhere with this key; its id."""
        task = Task(str(uuid.uuid4()), key, order, life)
        with self._lock:
            self.tasks[task.task_id] = task
        return task.task_id

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
            return waiting.popleft() if waiting else self._always.get(request.kind, PLAIN)

    def act(self, request: Request) -> Reply:
        """The honest answer to a request, with all that it changes."""
        key = request.headers.get("x-api-key", "")
        task_id = urlsplit(request.path).path.rsplit("/", 1)[-1]
        if request.kind == "media":
            return Reply(200, VIDEO)
        if not key:
            return _refused(401, "Missing API key")
        doors: dict[str, Callable[[], Reply]] = {
            "create": lambda: self._create(request, key),
            "read": lambda: self._read(task_id, key),
            "cancel": lambda: self._cancel(task_id, key),
            "history": lambda: self._history(request, key),
            "account": lambda: _success({"id": "1", "name": "blackbox", "plan": "creator", "equivalent_in_usd": 10}),
        }
        with self._lock:
            return doors.get(request.kind, lambda: _refused(404, "no such page"))()

    def _create(self, request: Request, key: str) -> Reply:
        order = request.json
        wanted = REQUIRED.get(order.get("task_type"))
        if order.get("model") != "Qubico/wanx" or wanted is None:
            return _refused(400, "unknown model or task_type")
        missing = [name for name in wanted if not order["input"].get(name)]
        if missing:
            return _refused(400, f"missing {missing[0]}")
        life = self._lives.popleft() if self._lives else self.life
        task = Task(str(uuid.uuid4()), key, order, life)
        self.tasks[task.task_id] = task
        self.charges.append(task.task_id)
        return _success(self._told(task))

    def _read(self, task_id: str, key: str) -> Reply:
        task = self.tasks.get(task_id)
        if task is None or task.owner != key:
            return _refused(404, "Record Not Found")
        task.read()
        return _success(self._told(task))

    def _cancel(self, task_id: str, key: str) -> Reply:
        task = self.tasks.get(task_id)
        if task is None or task.owner != key:
            return _refused(404, "Record Not Found")
        if task.status != "pending" or task.status in ENDED:
            return _refused(400, "only pending tasks can be cancelled")
        task.status = "cancelled"
        return Reply(200, {"code": 200, "message": "success"})

    def _history(self, request: Request, key: str) -> Reply:
        asked = request.query
        page, size = int(asked.get("page", 1)), int(asked.get("page_size", 10))
        if size > 100 or page < 1:
            return _refused(400, "page_size must not exceed 100")
        since, until = float(asked.get("start_time", 0)), float(asked.get("end_time", 10**12))
        mine = [
            task
            for task in self.tasks.values()
            if task.owner == key and asked.get("model", "wan") == "wan" and since <= task.created.timestamp() <= until
        ]
        mine.sort(key=lambda task: task.created, reverse=True)
        rows = [task.as_history_row() for task in mine[(page - 1) * size : page * size]]
        return _success({"data": rows, "page": page, "size": size, "total": len(mine)})

    def _told(self, task: Task) -> dict[str, Any]:
        return task.as_json(f"{self.base_url}/media/{task.task_id}.mp4", self.normalised_echo)


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


def _success(data: dict[str, Any]) -> Reply:
    return Reply(200, {"code": 200, "data": data, "message": "success"})


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {"code": status, "data": None, "message": message})
