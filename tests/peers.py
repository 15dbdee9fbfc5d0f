"""Servers on loopback that keep every byte they get, and providers that talk to them or to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.world import KEY, Answer, World
from wanx_mcp.provider import Provider, Upstream, Wire

FAR = "api.example.invalid"
Reply = Callable[[bytes], bytes | None]
"""What is answered to a request; None: nothing, and the connection ends."""


def answered(body: object, status: int = 200, *headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(content)}", "connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


ACCEPTED = answered({"code": 200, "data": {"task_id": "t1", "status": "pending"}})


class Peer:
    """A server for one test. `connected` is set by the first connection (after its handshake, with TLS)."""

    def __init__(self, *replies: bytes | None) -> None:
        self.replies = list(replies) or [ACCEPTED]
        self.received = bytearray()
        self.requests = 0
        self.connections = 0
        self.connected = anyio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.connected.set()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self.converse(reader, writer)
        writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.received += (head := await reader.readuntil(b"\r\n\r\n"))
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-len")), 0
            )
            self.received += await reader.readexactly(length)
            self.requests += 1
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if reply is None:
                return
            writer.write(reply)
            await writer.drain()
            if b"connection: close" in reply:
                return


class Proxy(Peer):
    """Leads every CONNECT to one port of this machine; `refusal` is said instead. Keeps the words of CONNECT only."""

    def __init__(self, target: int, refusal: bytes | None = None) -> None:
        super().__init__()
        self._target, self._refusal = target, refusal

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received += await reader.readuntil(b"\r\n\r\n")
        if self._refusal is not None:
            writer.write(self._refusal)
            await writer.drain()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_copied(reader, back), _copied(there, writer))


async def _copied(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def listening(peer: Peer, certificate: tuple[Path, Path] | None = None) -> AsyncIterator[int]:
    """`peer` on a port of this machine."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer.port
    finally:
        server.close()


def made_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine and for FAR that nobody has signed but itself; its file and its key's."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName(FAR)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, keys = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    keys.write_bytes(key.private_bytes(*private))
    return pem, keys


@asynccontextmanager
async def provider(
    world: World, url: str = "http://127.0.0.1:9", transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Provider]:
    """The provider at `url` over the real network, or behind `transport`, by the world's clock."""

    async def locate() -> str:
        return url

    upstream = Upstream(url, locate, key=KEY, loopback=True, transport=transport)
    wires = [Wire(upstream, world.clock, jitter=iter(lambda: 0.0, None)) for _ in range(2)]
    opened = Provider(*wires, loopback=True)
    try:
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def simulated(world: World) -> AsyncIterator[Provider]:
    """The provider that the world's simulator plays."""
    async with provider(world, transport=world.line) as opened:
        yield opened


def scripted(world: World, *answers: httpx.Response | None, path: str = "", method: str = "") -> None:
    """The next answers to requests of that method whose path has `path` in it; None: the simulator's own."""
    left = iter(answers)

    async def reply(request: httpx.Request, inner: Answer) -> httpx.Response:
        fits = path in request.url.path and request.method == (method or request.method)
        canned = next(left, None) if fits else None
        return await inner(request) if canned is None else canned

    world.line.answer(reply)


def counting() -> Iterator[int]:
    """1, 2, 3 and so on."""
    number = 0
    while True:
        yield (number := number + 1)
