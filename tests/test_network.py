"""Proxies, certificates and broken connections over real sockets: what is wrong is named, with the fix."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.peers import made_certificate
from tests.world import World

pytestmark = pytest.mark.anyio
ORDER = {"task_type": "txt2video-14b", "prompt": "a boat"}
FAR = "https://api.example.invalid"


class Answering(BaseHTTPRequestHandler):
    """Takes every order; refuses to be a proxy."""

    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"code": 200, "data": {"task_id": "t1", "status": "pending"}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.asked.append(f"CONNECT {self.path}")
        self.send_error(403)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def listening(certificate: tuple[Path, Path] | None = None) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Answering,), {"asked": asked}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody has signed but itself."""
    return made_certificate(tmp_path)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def refused(base_url: str) -> str:
    async with World({"PIAPI_BASE_URL": base_url}, wired=True).client() as agent:
        error = await agent.error("create_wanx_task", **ORDER)
    assert error.startswith("unreachable: "), error
    assert "Charged by this call: no." in error
    return error


async def test_a_socks_proxy_without_support_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert "httpx[socks]" in await refused(FAR)


async def test_a_ca_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    assert "SSL_CERT_FILE" in await refused(FAR)


async def test_a_proxy_that_refuses_is_named_and_was_asked_for_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        assert "HTTPS_PROXY" in await refused(FAR)
        assert set(asked) == {"CONNECT api.example.invalid:443"}


async def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with listening() as (port, asked):
        async with World({"PIAPI_BASE_URL": f"http://127.0.0.1:{port}"}, wired=True).client() as agent:
            assert (await agent.order())["task_id"] == "t1"
        assert asked == ["POST /api/v1/task"]


async def test_a_certificate_that_nobody_trusts_is_named_with_the_fix(certificate: tuple[Path, Path]) -> None:
    with listening(certificate) as (port, asked):
        error = await refused(f"https://127.0.0.1:{port}")
        assert "certificate is not trusted" in error
        assert "SSL_CERT_FILE" in error
        assert not asked


async def test_a_ca_file_of_the_user_is_honoured(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with listening(certificate) as (port, _):
        async with World({"PIAPI_BASE_URL": f"https://127.0.0.1:{port}"}, wired=True).client() as agent:
            assert (await agent.order())["task_id"] == "t1"


async def test_nobody_listening_is_unreachable() -> None:
    await refused("http://127.0.0.1:9")


async def test_a_host_that_does_not_exist_is_unreachable() -> None:
    error = await refused(FAR)
    assert "could not be resolved" in error
    assert "PIAPI_BASE_URL" in error


async def test_a_proxy_whose_name_is_not_found_is_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.invalid:3128")
    error = await refused(FAR)
    assert "or of a proxy, could not be resolved" in error
    assert "HTTPS_PROXY" in error


async def test_a_proxy_that_is_not_running_is_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    assert "HTTPS_PROXY" in await refused(FAR)
