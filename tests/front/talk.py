"""A client on real pipes, with the server of the SDK in this process behind it, with or without the front."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server

from wanx_mcp.front import Front
from wanx_mcp.front.recorded import Answers, read_answers
from wanx_mcp.front.session import Session
from wanx_mcp.front.wire import Wire
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings

VERSION, CAPABILITIES, INFO = (
    f"io.modelcontextprotocol/{name}" for name in ("protocolVersion", "clientCapabilities", "clientInfo")
)
WHO = {"name": "tests", "version": "1"}


def request(id_: int | str, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": id_, "method": method}
    return body if params is None else {**body, "params": params}


def notification(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    return {key: value for key, value in request(0, method, params).items() if key != "id"}


def initialize(id_: int | str, revision: str, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
    given = {"protocolVersion": revision, "capabilities": capabilities or {}, "clientInfo": WHO}
    return request(id_, "initialize", given)


def enveloped(id_: int | str, method: str, revision: str, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
    meta = {VERSION: revision, CAPABILITIES: capabilities or {}, INFO: WHO}
    return request(id_, method, {"_meta": meta})


def wire_form(messages: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


class Talk:
    """The client's end."""

    def __init__(self, to_server: int, from_server: int, front: Front | None, hand_over: anyio.Event) -> None:
        self.front = front
        self.hand_over = hand_over
        self._to_server = to_server
        self._from_server = anyio.wrap_file(os.fdopen(from_server, "rb"))
        self._closed = False

    async def send(self, content: bytes) -> None:
        await anyio.to_thread.run_sync(os.write, self._to_server, content)

    async def receive(self) -> dict[str, Any]:
        """The next line of the server, which must come."""
        with anyio.fail_after(60):
            line = await self._from_server.readline()
        assert line.endswith(b"\n"), line
        return dict(json.loads(line))

    def close(self) -> None:
        """End the client's output."""
        if not self._closed:
            self._closed = True
            os.close(self._to_server)

    async def rest(self) -> list[dict[str, Any]]:
        """Close, and everything that still comes."""
        self.close()
        with anyio.fail_after(120):
            return [json.loads(line) for line in await self._from_server.readlines()]


def answers(**environment: str) -> Answers:
    """The recorded answers of this installation, with these settings."""
    found = read_answers(sys.path, environment)
    assert found is not None, "the installed SDK is not recorded: python -m tests.docs"
    return found


@asynccontextmanager
async def talking(
    server: MCPServer[Any] | None = None, *, front: bool = False, at_once: bool = True
) -> AsyncIterator[Talk]:
    """A client of `server`. With a front, the SDK takes over `at_once` or when `hand_over` is set."""
    source, to_server = os.pipe()
    from_server, sink = os.pipe()
    behind = Front(Wire(source, sink), Session(answers())) if front else None
    talk = Talk(to_server, from_server, behind, anyio.Event())
    if behind is not None:
        behind.start()
    if at_once:
        talk.hand_over.set()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_serve, server or build_server(read_settings({})), talk, source, sink)
            try:
                yield talk
            finally:
                talk.hand_over.set()
                talk.close()  # a read in a thread cannot be cancelled: only its end ends it
    finally:
        os.close(source)


async def _serve(server: MCPServer[Any], talk: Talk, source: int, sink: int) -> None:
    await talk.hand_over.wait()
    plain: Callable[[], tuple[io.TextIOWrapper, io.TextIOWrapper]] = lambda: (  # noqa: E731
        io.TextIOWrapper(io.FileIO(source, closefd=False), encoding="utf-8", errors="replace"),
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(sink, "w", closefd=False)), encoding="utf-8"),
    )
    streams = (talk.front.hand_over if talk.front else plain)()
    async with stdio_server(*map(anyio.wrap_file, streams)) as (incoming, outgoing):
        inner = server._lowlevel_server
        await inner.run(incoming, outgoing, inner.create_initialization_options())
    os.close(sink)
