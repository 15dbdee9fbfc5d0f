"""Conversations cut and ordered at random: with the front, the client gets what it gets without it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import anyio
import pytest
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from tests.front.lines import Line, handshake, ids, last, modern, pieces
from tests.front.talk import Talk, talking
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings

pytestmark = pytest.mark.anyio


@dataclass
class Outcome:
    """What the client received, and what the SDK knew of the client at the last request."""

    received: Counter[str] = field(default_factory=Counter)
    known: list[Any] = field(default_factory=list)

    def note(self, message: dict[str, Any]) -> None:
        self.received[json.dumps(message, sort_keys=True)] += 1

    async def watch(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware of the server."""
        if ctx.request_id == "last":
            capabilities = ctx.session.client_capabilities
            self.known += [ctx.protocol_version, capabilities and capabilities.model_dump(exclude_none=True)]
            params = ctx.session.client_params
            self.known.append(params and params.model_dump(exclude_none=True))
        return await call_next(ctx)


async def conversed(lines: list[Line], chunks: list[bytes], handed_over: int | None) -> Outcome:
    """The outcome of the conversation; with a front that hands over before that chunk, or (None) without one."""
    outcome = Outcome()
    server = build_server(read_settings({}))
    server._lowlevel_server.middleware.append(outcome.watch)
    missing = {one.awaited for one in lines} - {None}
    front = handed_over is not None
    async with talking(server, front=front, at_once=not front) as talk:

        async def receive() -> None:
            while missing:
                message = await talk.receive()
                outcome.note(message)
                missing.discard(message.get("id"))

        async with anyio.create_task_group() as group:
            group.start_soon(receive)
            for number, chunk in enumerate(chunks):
                if number == handed_over:
                    talk.hand_over.set()
                await talk.send(chunk)
                await anyio.lowlevel.checkpoint()
            talk.hand_over.set()
        await settle(talk, outcome)
    return outcome


async def settle(talk: Talk, outcome: Outcome) -> None:
    """What comes at the end: acknowledgements of streams, and those streams closed."""
    for message in await talk.rest():
        outcome.note(message)


@pytest.mark.parametrize("seed", range(150))
async def test_the_client_cannot_tell_whether_there_is_a_front(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    era = random.choice(("handshake", "modern"))
    lines = [*(handshake if era == "handshake" else modern)(random, ids(random)), last(era)]
    content = b"".join(one.content for one in lines)
    chunks = pieces(random, content)
    alone = await conversed(lines, [content], None)
    behind = await conversed(lines, chunks, random.randrange(len(chunks) + 1))
    assert behind.received == alone.received
    assert behind.known == alone.known
