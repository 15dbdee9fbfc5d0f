"""The simulated provider behind a gate: an order stays at the gate until it is opened, and orders are counted."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from anyio.from_thread import start_blocking_portal

from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.serving import serving

HELD_SECONDS = 120
"""The longest time for which the gate holds an order."""


@dataclass(slots=True)
class Gate:
    """What arrived at the gate."""

    simulator: Simulator
    behind: str
    url: str = ""
    arrived: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    @property
    def orders(self) -> int:
        """How many orders the provider has accepted."""
        return len(self.simulator.store.all())


@contextmanager
def provider() -> Iterator[Gate]:
    """A provider on loopback while the context lasts."""
    simulator = Simulator()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(simulator)) as behind:
        gate = Gate(simulator, behind)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gate": gate}))
        server.daemon_threads = True
        gate.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        try:
            yield gate
        finally:
            gate.open.set()
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    gate: Gate

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._forward(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.gate.arrived.set()
        self.gate.open.wait(HELD_SECONDS)
        self._forward(body)

    def _forward(self, body: bytes | None) -> None:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        request = urllib.request.Request(self.gate.behind + self.path, body, kept, method=self.command)  # noqa: S310
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=60) as answer:
                self._reply(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            self._reply(error.code, dict(error.headers), error.read())
        except OSError:  # the server that asked has been killed
            self.close_connection = True

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
