"""A media host on loopback that can lie: each request is met by the next of its tricks, the last one for ever."""

from __future__ import annotations

import contextlib
import re
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = BaseHTTPRequestHandler
Trick = Callable[[Any], None]


def clip() -> bytes:
    """A small clip: 832x480, 85 frames."""
    return (Path(__file__).parent / "assets" / "clip.mp4").read_bytes()


@lru_cache
def large(size: int = 3_000_000) -> bytes:
    """A playable clip of that many bytes, by a box that every player skips."""
    small = clip()
    rest = size - len(small)
    return (
        small
        + struct.pack(">I4s", rest, b"free")
        + bytes(index * 31 % 251 for index in range(1000)) * ((rest - 8) // 1000)
        + bytes((rest - 8) % 1000)
    )


def whole(body: bytes, **headers: str) -> Trick:
    """A plain, honest answer."""

    def play(host: Any) -> None:
        host.start(200, {"content-length": str(len(body)), "content-type": "video/mp4", **headers})
        host.wfile.write(body)

    return play


def honest(body: bytes, tag: str = '"v1"') -> Trick:
    """An honest host that can resume."""
    return cut(body, after=len(body), tag=tag)


def cut(body: bytes, *, after: int, tag: str | None = '"v1"', ranges: str = "right", weak: bool = False) -> Trick:
    """Hangs up after so many bytes. `ranges`: right, ignored, wrong (goes on elsewhere), other (of another length)."""

    def play(host: Any) -> None:
        headers = {"etag": tag} if tag else {}
        asked = re.fullmatch(r"bytes=(\d+)-", host.headers.get("range", ""))
        same = host.headers.get("if-range") in (None, tag)
        start = int(asked[1]) if asked and same and ranges != "ignored" else 0
        shown = start + 7 if start and ranges == "wrong" else start
        length = len(body) + (10 if ranges == "other" else 0)
        if asked and same and ranges != "ignored":
            host.start(
                206,
                {
                    **headers,
                    "content-length": str(len(body) - start),
                    "content-range": f"bytes {shown}-{length - 1}/{length}",
                },
            )
        else:
            host.start(200, {**headers, "content-length": str(len(body))})
        sent = body[shown:] + bytes(shown - start)
        host.wfile.write(sent[:after])

    return play


def stalled(body: bytes, *, after: int, seconds: float = 5.0) -> Trick:
    """Sends so many bytes, and then nothing while keeping the line open."""

    def play(host: Any) -> None:
        host.start(200, {"content-length": str(len(body))})
        host.wfile.write(body[:after])
        host.wfile.flush()
        host.server.over.wait(seconds)

    return play


def open_ended(body: bytes) -> Trick:
    """No length: only the end of the connection ends the body."""

    def play(host: Any) -> None:
        host.start(200, {"content-type": "video/mp4"})
        host.wfile.write(body)

    return play


def endless(head: bytes) -> Trick:
    """Never ends."""

    def play(host: Any) -> None:
        host.start(200, {"content-type": "video/mp4"})
        host.wfile.write(head)
        while not host.server.over.is_set():
            host.wfile.write(b"\0" * 65_536)

    return play


def dripping(head: bytes, seconds: float) -> Trick:
    """A byte now and then: never silent, never done."""

    def play(host: Any) -> None:
        host.start(200, {"content-type": "video/mp4"})
        host.wfile.write(head)
        while not host.server.over.wait(seconds):
            host.wfile.write(b"\0")
            host.wfile.flush()

    return play


def status(code: int, body: bytes = b"", **headers: str) -> Trick:
    """That status."""

    def play(host: Any) -> None:
        host.start(code, {"content-length": str(len(body)), **headers})
        host.wfile.write(body)

    return play


def moved(place: str, code: int = 302) -> Trick:
    return status(code, location=place)


@dataclass
class MediaHost:
    """Where it is, what it was asked, and what it does next."""

    url: str
    tricks: list[Trick] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def plays(self, *tricks: Trick) -> None:
        self.tricks = list(tricks)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[MediaHost]:
    """A media host while the context lasts; with a TLS `context`, it speaks https."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            trick = host.tricks.pop(0) if len(host.tricks) > 1 else host.tricks[0]
            self.close_connection = True
            with contextlib.suppress(OSError):
                trick(self)

        def start(self, code: int, headers: dict[str, str]) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        over = threading.Event()

        def handle_error(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        server.over = threading.Event()
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        host = MediaHost(f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/clip.mp4?sig=a%2Fb%2B+c~")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield host
        finally:
            server.over.set()
            time.sleep(0)
            server.shutdown()
