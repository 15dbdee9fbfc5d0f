"""Lines that clients send, and lines that none should, for conversations with and without the front."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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

ODD_PARAMETERS: Sequence[dict[str, Any]] = (
    {"_meta": {"progressToken": 10**20}},
    {"_meta": {"progressToken": 1.0}},
    {"_meta": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}},
    {"_meta": {"own": {}}},
    {"cursor": None},
    {"cursor": "x"},
    {"cursor": 5},
    {"unknown": 1},
)


@dataclass(frozen=True)
class Line:
    """A line, and the id to which an answer must come, if one must."""

    content: bytes
    awaited: Id | None = None


def line(message: dict[str, Any], *, end: bytes = b"\n", answered: bool = True) -> Line:
    return Line(json.dumps(message).encode() + end, message.get("id") if answered else None)


def handshake(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    """A conversation that mostly begins with `initialize`."""
    capabilities = random.choice(CAPABLE[:4] if mostly(random) else CAPABLE)
    lines = [line(initialize(fresh(), random.choice(REVISIONS), capabilities), end=_end(random))]
    if not mostly(random):
        lines.insert(0, _handshake_line(random, fresh))
    if mostly(random):
        given = random.choice((None, None, {}, {"_meta": {}}, {"x": 1}))
        lines.append(line(notification("notifications/initialized", given)))
    return lines + [_handshake_line(random, fresh) for _ in range(random.randrange(9))]


def _handshake_line(random: Random, fresh: Callable[[], Id]) -> Line:
    if not mostly(random):
        return random.choice([*_any_era(random, fresh), line(enveloped(fresh(), "tools/list", LATEST))])
    if random.random() < 0.2:
        return line(notification("notifications/cancelled", {"requestId": "gone"}))
    usual = (None, {}, {"_meta": {"progressToken": random.choice((0, "token"))}})
    params = random.choice(usual if mostly(random) else ODD_PARAMETERS)
    return line(request(fresh(), random.choice(HANDSHAKE), params), end=_end(random))


def modern(random: Random, fresh: Callable[[], Id]) -> list[Line]:
    """A conversation in which every request has an envelope, or should have one."""
    opening = line(enveloped(fresh(), random.choice(MODERN), LATEST, random.choice(CAPABLE[:4])))
    return [opening, *(_modern_line(random, fresh) for _ in range(random.randrange(10)))]


def _modern_line(random: Random, fresh: Callable[[], Id]) -> Line:
    if not mostly(random):
        return random.choice([*_any_era(random, fresh), line(initialize(fresh(), "2025-11-25"))])
    if random.random() < 0.3:
        return _listen(random, fresh)
    revision = LATEST if mostly(random) else random.choice(("2099-01-01", "2025-11-25"))
    body = enveloped(fresh(), random.choice(MODERN), revision, random.choice(CAPABLE[:4]))
    meta = body["params"]["_meta"]
    if not mostly(random):
        meta |= random.choice(({"progressToken": 3}, {"io.modelcontextprotocol/logLevel": "info"}, {"own": 1}))
    if not mostly(random):
        meta.pop(random.choice((VERSION, CAPABILITIES, INFO)))
    return line(body, end=_end(random))


def _listen(random: Random, fresh: Callable[[], Id]) -> Line:
    body = enveloped(fresh(), "subscriptions/listen", LATEST)
    wanted = {"toolsListChanged": random.choice((True, True, [])), "resourceSubscriptions": ["wanx://loras"]}
    body["params"]["notifications"] = wanted
    return line(body, answered=wanted["toolsListChanged"] == [])


def mostly(random: Random) -> bool:
    return random.random() < 0.85


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
    return [content[start:end] for start, end in pairwise(cuts)]
