"""A scripted model on loopback. It answers by `script`, and keeps every request that it got."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.hosts import script
from tests.hosts.apis import Call, Conversation, read, write


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the host's agent, and the model's answer."""

    seen: Conversation
    answer: Call | str


@dataclass(slots=True)
class Model:
    """The exchanges so far. Side questions of the host, such as one for a title, are not among them."""

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """Requests that no API here knows, and their bodies' beginnings."""

    changed: threading.Condition = field(default_factory=threading.Condition)

    def answered(self, path: str, body: dict[str, Any]) -> tuple[str, bytes] | None:
        seen = read(path, body)
        if seen is None:
            return None
        answer = script.answer(seen)
        if script.scenario(seen):
            with self.changed:
                self.exchanges.append(Exchange(seen, answer))
                self.changed.notify_all()
        return write(path, body, answer)

    def wait_for(self, answer: Callable[[Call | str], bool], seconds: float) -> bool:
        """Whether the model gives such an answer within that time."""
        with self.changed:
            return self.changed.wait_for(lambda: any(answer(one.answer) for one in self.exchanges), seconds)

    def received(self) -> script.Progress:
        """What the model was shown: the longest conversation has all of it."""
        longest = max((one.seen for one in self.exchanges), key=lambda seen: len(seen.turns), default=None)
        return script.progress(longest) if longest else script.Progress((), ())

    def forget(self) -> None:
        """Begin anew, for another run of a host that knows this model."""
        with self.changed:
            self.exchanges.clear()

    def last_words(self) -> str:
        """The answer that ended the conversation, empty if there was none."""
        words = [one.answer for one in self.exchanges if isinstance(one.answer, str)]
        return words[-1] if words else ""


@contextmanager
def model() -> Iterator[Model]:
    """A model that listens while the context lasts."""
    kept = Model()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": kept}))
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._reply(200, "text/plain", b"")

    def do_GET(self) -> None:
        if self.path.partition("?")[0].endswith("/models"):
            models = [{"id": "scripted", "object": "model", "created": int(time.time()), "owned_by": "tests"}]
            self._reply(200, "application/json", json.dumps({"object": "list", "data": models, "models": []}).encode())
        else:
            self._unknown("")

    def do_POST(self) -> None:
        raw = self._body()
        path = self.path.partition("?")[0]
        if path.endswith(("/count_tokens", ":countTokens")):
            self._reply(200, "application/json", b'{"input_tokens": 1000, "totalTokens": 1000}')
            return
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            body = {}
        answered = self.model.answered(self.path, body)
        if answered is None:
            self._unknown(raw[:200].decode("latin-1"))
        else:
            self._reply(200, *answered)

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("transfer-encoding") or ""):
            pieces = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            raw = b"".join(pieces)
        else:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw

    def _unknown(self, beginning: str) -> None:
        self.model.strange.append(f"{self.command} {self.path} {beginning}")
        self._reply(404, "application/json", b'{"error": {"message": "not found"}}')

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
