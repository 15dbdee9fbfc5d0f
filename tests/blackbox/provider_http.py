"""One HTTP exchange of the provider: reads a request, carries out its behaviour on the wire."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .weather import Behaviour, Moment

if TYPE_CHECKING:
    from .upstream import Upstream


@dataclass(frozen=True)
class Request:
    """One request as it came in. `kind` is create, read, cancel, account, history, media or other."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any] | bytes


def kind_of(method: str, path: str) -> str:
    parts = urlsplit(path).path.strip("/").split("/")
    match method, parts:
        case "POST", ["api", "v1", "task"]:
            return "create"
        case "GET", ["api", "v1", "task", _]:
            return "read"
        case "DELETE", ["api", "v1", "task", _]:
            return "cancel"
        case "GET", ["account", "info"]:
            return "account"
        case "GET", ["api", "open", "tasks", "histories"]:
            return "history"
        case "GET" | "HEAD", ["media", _]:
            return "media"
    return "other"


class Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Tests read `Upstream.requests` instead."""

    @property
    def upstream(self) -> Upstream:
        return self.server.upstream  # type: ignore[attr-defined,no-any-return]

    def _serve(self) -> None:
        kind = kind_of(self.command, self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(kind, self.command, self.path, headers, self._body())
        behaviour = self.upstream.receive(request)
        self._reach("before", behaviour)
        time.sleep(behaviour.stall_seconds)
        unheeded: dict[str, Any] = {}
        reply = self.upstream.act(request) if behaviour.acts else Reply(behaviour.status, unheeded)
        self._reach("after", behaviour)
        if self._client_gone():
            self.upstream.abandoned.append(kind)
        if behaviour.cut:
            self._hang_up()
        else:
            self._answer(reply.status, reply.body, behaviour)
        self._reach("answered", behaviour)

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length")
        if length is not None:
            return self.rfile.read(int(length))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return b""

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _answer(self, status: int, honest: dict[str, Any] | bytes, behaviour: Behaviour) -> None:
        told: Any = behaviour.shape(honest) if behaviour.shape and isinstance(honest, dict) else honest
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        body = body if behaviour.body is None else behaviour.body
        content_type = "video/mp4" if isinstance(honest, bytes) else behaviour.content_type
        try:
            self.send_response_only(behaviour.status if behaviour.status != 200 else status)
            date = self.upstream.date(datetime.now(UTC))
            if date is not None:
                self.send_header("Date", format_datetime(date, usegmt=True))
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in behaviour.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if behaviour.half else body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        if behaviour.half:
            self._hang_up()

    def _reach(self, moment: Moment, behaviour: Behaviour) -> None:
        gate = behaviour.gates.get(moment)
        if gate:
            gate.arrive()

    def _client_gone(self) -> bool:
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client was quicker
