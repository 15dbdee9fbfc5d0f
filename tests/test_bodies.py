"""Answers that are larger or more intricate than any real one: nothing of the kind fills the memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.peers import Peer, answered, listening, provider, scripted, simulated
from tests.world import World
from wanx_mcp.errors import ProviderError
from wanx_mcp.limits.provider import ANSWER_BYTES, MOST_ANSWER_PARTS
from wanx_mcp.provider import AccountIdentity
from wanx_mcp.provider.bodies import parse_body

pytestmark = pytest.mark.anyio
MEGA = 1 << 20
PICTURE = "A1+/" * (2 * MEGA)  # 8 MB


@contextmanager
def at_most(megabytes: float) -> Iterator[None]:
    """What is inside allocates at most so much at a time."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MEGA
    finally:
        tracemalloc.stop()
    assert peak <= megabytes, f"{peak:.0f} MB"


def task(**fields: Any) -> dict[str, Any]:
    return {"code": 200, "data": {"task_id": "t1", "status": "pending", **fields}}


# In shape

HOSTILE = {  # what comes before, what is repeated, how often, what comes after
    "empty objects": (b'{"a": [', b"{},", 8 * MEGA, b"{}]}"),
    "empty objects in an answer of usual size": (b'{"a": [', b"{},", MOST_ANSWER_PARTS, b"{}]}"),
    "brackets": (b"", b"[", 24 * MEGA, b""),
    "quotation marks": (b"", b'"', 24 * MEGA, b""),
    "escapes": (b'{"a": "', b'\\"', 12 * MEGA, b'"}'),
    "strings that are nearly pictures": (b'{"a": [', b'"' + b"A" * 65_000 + b'",', 400, b"1]}"),
    "text": (b'{"a": "', b"a word ", 3 * MEGA, b'"}'),
    "white space": (b'{"a": ', b" ", 24 * MEGA, b"1}"),
    "digits": (b'{"a": ', b"1", 24 * MEGA, b"}"),
    "digits in an answer of usual size": (b'{"a": ', b"1", ANSWER_BYTES - 99, b"}"),
    "members": (b"{", b'"a": 1,', MOST_ANSWER_PARTS + 1, b'"b": 1}'),
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=list(HOSTILE))
def test_what_is_out_of_all_proportion_is_not_parsed(parts: tuple[bytes, bytes, int, bytes]) -> None:
    before, repeated, times, after = parts
    content = before + repeated * times + after
    with at_most(12):
        assert parse_body(content) is None


def test_a_picture_is_not_widened_by_a_stray_character() -> None:
    content = b'{"a": "%s\\ud83d\\ude00"}' % PICTURE.encode()
    with at_most(1.5 * len(content) / MEGA):
        assert parse_body(content) is None


def test_echoed_pictures_are_read_whole_wherever_they_stand() -> None:
    uri = f"data:image/png;base64,{PICTURE}"
    body = task(input={"prompt": 'a boat, \u00e9\U0001f600 "quoted"', "image": uri, "both": [PICTURE, "small", uri]})
    for content in (json.dumps(body), json.dumps(body, ensure_ascii=False), json.dumps(body).replace("/", "\\/")):
        assert parse_body(content.encode()) == body


def test_an_answer_with_pictures_takes_three_times_its_size_at_most() -> None:
    content = json.dumps(task(input={"start_image": PICTURE, "end_image": PICTURE})).encode()
    with at_most(3 * len(content) / MEGA):
        assert parse_body(content) is not None


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": -Infinity, "b": "%s"}' % PICTURE.encode(),  # the word that stands for a picture while it is parsed
        b'{"a": "%s", "b": -Infinity}' % PICTURE.encode(),
        b'{"%s": 1}' % PICTURE.encode(),
        b'{"a": "%s\\u0041"}' % PICTURE.encode(),
        b'{"a": "%s\\", "b": 1}' % PICTURE.encode(),
        b'{"a": "%s' % PICTURE.encode(),
        b'"%s"' % PICTURE.encode(),
    ],
)
def test_odd_answers_with_pictures_are_no_answers(content: bytes) -> None:
    assert parse_body(content) is None


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"1", b"[" * 100_000, b"\xff", b'{"a": 1', b"<html>"])
def test_what_is_no_object_is_no_answer(content: bytes) -> None:
    assert parse_body(content) is None


# On the wire


def packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = gzip.compress(content)
    return content


async def account_id(world: World, reply: bytes) -> str | None:
    peer = Peer(reply)
    async with listening(peer) as port, provider(world, f"http://127.0.0.1:{port}") as opened:
        found = (await opened.account(within=20)).account_id
        assert b"\r\naccept-encoding: gzip\r\n" in bytes(peer.received).lower()
        return found


ACCOUNT = json.dumps({"code": 200, "data": {"id": "a7", "name": "x" * 300_000}}).encode()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (ACCOUNT, "identity"),
        (packed(ACCOUNT), "gzip"),
        (packed(ACCOUNT), "X-GZIP"),
        (zlib.compress(ACCOUNT), "deflate"),
        (packed(ACCOUNT) + b"more", "gzip"),
    ],
)
async def test_a_packed_answer_is_unpacked(world: World, content: bytes, encoding: str) -> None:
    assert await account_id(world, answered(content, 200, f"content-encoding: {encoding}")) == "a7"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (packed(ACCOUNT, 2), "gzip, gzip"),
        (ACCOUNT, "br"),
        (ACCOUNT, "zstd"),
        (ACCOUNT, "gzip"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "gzip"),
    ],
)
async def test_an_encoding_that_was_not_offered_or_is_damaged_is_no_answer(
    world: World, content: bytes, encoding: str
) -> None:
    assert await account_id(world, answered(content, 200, f"content-encoding: {encoding}")) is None


async def test_a_bomb_ends_where_the_limit_is(world: World) -> None:
    bomb = answered(packed(b" " * (200 * MEGA)), 200, "content-encoding: gzip")
    with at_most(12):
        assert await account_id(world, bomb) is None


class Endless(httpx.AsyncByteStream):
    """A body of a gigabyte; counts what was taken of it, and how often it was begun."""

    def __init__(self) -> None:
        self.taken = self.begun = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun += 1
        for _ in range(1024):
            self.taken += MEGA
            yield b" " * MEGA


@pytest.mark.parametrize(("question", "limit"), [("account", 4), ("history", 4), ("get", 64)])
async def test_no_more_is_read_than_such_an_answer_may_hold(world: World, question: str, limit: int) -> None:
    body = Endless()
    scripted(world, *[httpx.Response(200, stream=body) for _ in range(4)])
    async with simulated(world) as opened:
        now = world.clock.now()
        ask = {
            "account": lambda: opened.account(within=0),
            "history": lambda: opened.history(now, now, within=0),
            "get": lambda: opened.get("t1", within=0, retries=False),
        }
        with contextlib.suppress(ProviderError):
            assert await ask[question]() == AccountIdentity(None)
    assert limit * MEGA < body.taken / body.begun <= (limit + 1) * MEGA


async def test_an_order_whose_answer_is_out_of_all_proportion_may_have_cost_money(world: World) -> None:
    world.line.canned = httpx.Response(200, content=b'{"code": 200, "data": [' + b"{}," * (3 * MEGA) + b"{}]}")
    async with world.client() as agent:
        with at_most(40):
            error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
    assert error.startswith("outcome_unknown: ")
    assert len(world.line.sent("POST")) == 1


async def test_a_task_that_echoes_its_pictures_is_read(world: World) -> None:
    world.line.canned = httpx.Response(200, json=task(input={"image": PICTURE}))
    async with simulated(world) as opened:
        assert (await opened.get("t1", within=5)).input == {"image": PICTURE}
