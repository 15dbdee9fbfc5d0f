"""Lines that clients send, and lines that none should, for conversations with and without the front."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.front.record import HANDSHAKE, LISTS, MODERN
from tests.front.talk import CAPABILITIES, INFO, VERSION, WHO, enveloped, initialize, notification, request

Id = int | str
LATEST = "2026-07-28"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
CAPABLE: Sequence[dict[str, Any]] = (
    {},
    {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {"applyDefaults": True}, "url": {}}},
    {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
    {"experimental": {"x": {}}, "tasks": {"list": {}, "requests": {"sampling": {"createMessage": {}}}}, "tools": True},
    {"roots": {"listChanged": 1}},
    {"elicitation": None, "own": [1, None]},
    {"sampling": 5},
)
ODD_LINES = (
    b"\n",
    b"not json\n",
    b'[{"jsonrpc":"2.0","id":9,"method":"ping"}]\n',
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":true,"method":"ping"}\n',
    b'{"jsonrpc":"1.0","id":4,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}\n',
    b'{"jsonrpc":"2.0","result":{},"id":77}\n',
    b'{"jsonrpc":"2.0","method":"notifications/nothing"}\n',
    b'{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}\n',
    b'\xef\xbb\xbf{"jsonrpc":"2.0","id":5,"method":"ping"}\n',
    b'{"jsonrpc":"2.0",\r"id":6,"method":"ping"}\n',
    b"Content-Length: 20\r\n\r\n",
)
"""None of them is answered."""


@dataclass(frozen=True)
class Line:
    """A line, and the id to which an answer must come, if one must."""

    content: bytes
    awaited: Id | None = None


def line(message: dict[str, Any], *, end: bytes = b"\n", answered: bool = True) -> Line:
    return Line(json.dumps(message).encode() + end, message.get("id") if answered else None)


def handshake(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    """A conversation that mostly begins with `initialize`."""
    lines = [line(initialize(fresh(), random.choice(REVISIONS), random.choice(CAPABLE)), end=_end(random))]
    if random.random() < 0.2:
        lines.insert(0, random.choice(_handshake_lines(random, fresh)))
    if random.random() < 0.9:
        given = random.choice((None, None, {}, {"_meta": {}}, {"x": 1}))
        lines.append(line(notification("notifications/initialized", given)))
    return lines + [random.choice(_handshake_lines(random, fresh)) for _ in range(random.randrange(7))]


def _handshake_lines(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    params = random.choice(
        (
            None,
            {},
            {"_meta": {"progressToken": random.choice((0, "token", 10**20, 1.0))}},
            {"_meta": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
            {"cursor": random.choice((None, "x", 5))},
            {"unknown": 1},
            {"_meta": {"own": {}}},
        )
    )
    lists = [line(request(fresh(), method, params), end=_end(random)) for method in HANDSHAKE]
    return [*lists, *lists, *_any_era(random, fresh), line(enveloped(fresh(), "tools/list", LATEST))]


def modern(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    """A conversation in which every request has an envelope, or should have one."""
    lines = [line(enveloped(fresh(), random.choice(MODERN), LATEST, random.choice(CAPABLE)))]
    for _ in range(random.randrange(1, 8)):
        body = enveloped(fresh(), random.choice(MODERN), random.choice((LATEST,) * 5 + ("2099-01-01", "2025-11-25")))
        meta = body["params"]["_meta"]
        meta |= random.choice(({}, {}, {"progressToken": 3}, {"io.modelcontextprotocol/logLevel": "info"}, {"own": 1}))
        if random.random() < 0.2:
            meta.pop(random.choice((VERSION, CAPABILITIES, INFO)))
        lines.append(line(body, end=_end(random)))
        lines += random.choices(_modern_lines(random, fresh), k=random.randrange(2))
    return lines


def _modern_lines(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    listen = enveloped(fresh(), "subscriptions/listen", LATEST)
    listen["params"]["notifications"] = random.choice(({}, {"toolsListChanged": True}, {"toolsListChanged": 7}))
    refused = listen["params"]["notifications"] == {"toolsListChanged": 7}
    listening = line(listen, answered=refused)
    return [listening, listening, *_any_era(random, fresh), line(initialize(fresh(), "2025-11-25"))]


def _any_era(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    cancelled = {"requestId": random.choice(("gone", 10**9))} | random.choice(({}, {"reason": "late"}, {"x": 1}))
    return [
        line(request(fresh(), "tools/call", {"name": "no_such_tool", "arguments": {}})),
        line(request(fresh(), "prompts/get", {"name": "no_such_prompt"})),
        line(request(fresh(), random.choice(LISTS), {"cursor": "x"})),
        line(request(fresh(), "no/such/method")),
        line(notification("notifications/cancelled", cancelled)),
        Line(random.choice(ODD_LINES)),
    ]


def _end(random: Random) -> bytes:
    return random.choice((b"\n", b"\n", b"\r\n"))


def last(era: str) -> Line:
    """A request that only the SDK can answer, and that shows what it knows of the client."""
    body = request("last", "resources/read", {"uri": "wanx://camera-motions"})
    if era == "modern":
        body["params"]["_meta"] = {VERSION: LATEST, CAPABILITIES: {}, INFO: WHO}
    return line(body)


def ids(random: Random) -> Callable[[], Id]:
    """Ids that do not repeat: numbers, and texts that need care."""
    used = iter(range(1000))

    def fresh() -> Id:
        number = next(used)
        return random.choice((number, number, -number - 1, f"n{number}", f'"\\\n\u2028 é{number}', f"{number}\u0000"))

    return fresh


def pieces(random: Random, content: bytes) -> list[bytes]:
    """`content` cut at any bytes."""
    cuts = sorted({0, len(content), *(random.randrange(len(content) + 1) for _ in range(random.randrange(6)))})
    return [content[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]
