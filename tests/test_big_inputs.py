"""A megabyte in every field, of the kinds that make patterns and comparisons slow: answered, and as certain as ever."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceTemplateReference

from tests.provider_answers import TASKS, answering, own
from tests.world import World
from wanx_mcp.catalog import CATALOG, parse_order
from wanx_mcp.errors import InvalidOrder
from wanx_mcp.provider.answers import read_message, read_task
from wanx_mcp.provider.rows import read_rows
from wanx_mcp.quoting import quote
from wanx_mcp.strict import Problems, check

MEGABYTE = 1_000_000
PATIENCE_SECONDS = 60
KINDS = {
    "letters": "a",
    "letters and dots": "a.",
    "colons": "://",
    "addresses": "http://",
    "combining marks": "e\u0301\u0316",
    "digits": "7",
    "blanks": " ",
    "percent signs": "%",
    "backslashes": "\\u",
    "ampersands": "&a",
    "quotation marks": '"',
    "labels": "Charged by this call ",
    "words of tokens": "invalid ",
    "half characters": "\ud800",
    "nulls": "\x00",
    "titles": "<title",
}
CHARACTERS = 300_000
"""Of each text. JSON escapes some characters as six bytes, an answer can hold a text twice, and an answer of more than
MAX_PLAIN_BYTES is not parsed."""

JUNK = {name: (text * (CHARACTERS // len(text) + 1))[:CHARACTERS] for name, text in KINDS.items()}
junk = pytest.mark.parametrize("big", JUNK.values(), ids=JUNK)


@contextmanager
def patience() -> Iterator[None]:
    """What runs longer is ended with a TimeoutError, where the system can: a search would last for hours."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError("this takes too long")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(PATIENCE_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 500, 401, 429])
@junk
async def test_a_refusal_stays_as_certain_as_it_is_whatever_its_words(world: World, status: int, big: str) -> None:
    code = {400: "refused", 500: "outcome_unknown", 401: "unauthorized", 429: "rate_limited"}[status]
    answering(world, lambda: own(status, f"a forbidden boat {big}"))
    async with world.client() as agent:
        with patience():
            error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
    assert error.startswith(f"{code}: ")
    assert "a forbidden boat" in error
    assert len(error) < 800


@pytest.mark.anyio
@junk
async def test_a_page_turns_an_order_away_whatever_stands_on_it(world: World, big: str) -> None:
    answering(world, lambda: httpx.Response(403, content=big.encode("utf-8", "surrogatepass")))
    async with world.client() as agent:
        with patience():
            error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
    assert error.startswith("refused: the order was rejected before it reached the provider")
    assert len(error) < 800


ORDERS = [
    "task_type",
    "prompt",
    "negative_prompt",
    "aspect_ratio",
    "lora_type",
    "lora_strength",
    "motion_type",
    "motion_speed",
    "request_id",
    "dry_run",
    "no_such_argument",
]


@pytest.mark.anyio
@pytest.mark.parametrize("name", ORDERS)
@junk
async def test_an_argument_of_an_order_is_refused_at_once(world: World, name: str, big: str) -> None:
    order = {"task_type": "img2video-14b-control-camera", "prompt": "x", "image": "https://example.com/a.png"}
    async with world.client() as agent:
        with patience():
            error = await agent.error("create_wanx_task", **{**order, "motion_type": "static", name: big})
    assert error.startswith(("invalid_order: ", "adult_content_off: "))
    assert len(error) < 3000
    assert not world.line.requests


def test_a_task_type_is_not_compared_in_full_with_the_known_ones() -> None:
    with patience(), pytest.raises(InvalidOrder):
        parse_order(CATALOG, {"task_type": JUNK["letters"] * 20, "prompt": "x"}, adult=False)


@pytest.mark.anyio
@junk
async def test_an_argument_s_name_is_refused_at_once(world: World, big: str) -> None:
    async with world.client() as agent:
        with patience():
            error = await agent.error("get_wanx_task", task_id="t", **{big: 1})
            order = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="x", **{big: 1})
            lost = await agent.error("create_wanx_task", task_type="x", prompt="x", **{big: 1})
    assert error.startswith("invalid_arguments: an argument is not an argument of this call")
    for told in (order, lost):
        assert told.startswith("invalid_order: ")
        assert len(told) < 3000


@pytest.mark.anyio
async def test_of_many_unknown_arguments_the_first_are_named(world: World) -> None:
    many = {f"unknown_{number}": 1 for number in range(50_000)}
    async with world.client() as agent:
        with patience():
            errors = [
                await agent.error("get_wanx_task", task_id="t", **many),
                await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="x", **many),
                await agent.error("create_wanx_task", task_type="none", prompt="x", **many),
            ]
    for error in errors:
        assert "unknown_9 is not an argument" in error
        assert "49990 more are not arguments of this call" in error
        assert "unknown_10 " not in error


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("get_wanx_task", "task_id"),
        ("get_wanx_task", "wait_seconds"),
        ("list_wanx_tasks", "status"),
        ("list_wanx_tasks", "cursor"),
        ("list_wanx_tasks", "limit"),
        ("save_wanx_video", "file_name"),
        ("preview_wanx_video", "frames"),
        ("cancel_wanx_task", "task_id"),
    ],
)
@junk
async def test_an_argument_of_any_tool_is_refused_at_once(world: World, tool: str, name: str, big: str) -> None:
    needed = {} if tool == "list_wanx_tasks" else {"task_id": "t"}
    async with world.client() as agent:
        with patience():
            error = await agent.error(tool, **{**needed, name: big})
    assert error.startswith(f"invalid_arguments: {name} ")
    assert len(error) < 1000


@pytest.mark.parametrize("number", ["9" * MEGABYTE, "-" + "9" * 5000, "1." + "0" * MEGABYTE, "\u0663"])
def test_a_number_of_a_thousand_digits_is_refused_in_our_own_words(number: str) -> None:
    from wanx_mcp.server.arguments import GetArguments

    with patience(), pytest.raises(Problems) as caught:
        check(GetArguments, {"task_id": "t", "wait_seconds": number})
    assert str(caught.value) == "wait_seconds must be a whole number from 0 to 45, not this text"


FIELDS = ["status", "task_type", "model", "error", "logs", "output", "detail", "created_at", "input", "meta"]


@pytest.mark.parametrize("name", FIELDS)
@junk
def test_a_field_of_a_task_is_read_at_once(name: str, big: str) -> None:
    shapes: list[Any] = [big, [big], {"message": big, "video_url": f"https://h/{big}.mp4", "created_at": big}]
    with patience():
        for value in [*shapes, [[big]] * 50, [{"time": big}] * 50]:
            task = read_task({"data": {"task_id": "t", "status": "failed", name: value}}, trusted_loopback=False)
            assert task is not None
            assert len(task.provider_status) <= 100
            assert len(task.task_type or "") <= 100
            assert task.video_url is None
            assert len(quote(task.error_message or "")) <= 200
        assert len(read_message({"message": big, "error": {"message": big}})) <= MEGABYTE // 100


@junk
def test_a_history_row_is_read_at_once(big: str) -> None:
    row = dict.fromkeys(
        ("task_id", "action", "task_type", "model", "status", "created_at", "usage_type", "detail"), big
    )
    with patience():
        found = read_rows({"data": {"data": [row, big, {"task_id": "t", "detail": {"task_type": big}}]}})
    assert found is not None
    assert [entry.task_id for entry in found[0]] == [None, None, "t"]
    assert len(found[0][2].task_type or "") <= 100


def test_many_links_are_looked_through_once() -> None:
    link = "https://" + "e\u0301" * 2000 + "/a.mp4"
    outputs: list[Any] = [
        {"video_urls": [link] * 300},
        {"deep": [[link]] * 300},
        [["x"] * 300_000],
        {"works": [{}] * 300_000},
    ]
    with patience():
        for output in outputs:
            task = read_task({"data": {"task_id": "t", "output": output}}, trusted_loopback=False)
            assert task is not None
            assert task.video_url is None


@pytest.mark.anyio
@junk
async def test_a_task_is_told_at_once_whatever_it_says_of_itself(world: World, big: str) -> None:
    def odd(body: dict[str, Any]) -> None:
        body["data"].update(status="failed", task_type=big, logs=[big], error={"code": 1, "message": ""})

    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.line.rewrite(odd, TASKS)
        world.clock.advance(60)
        with patience():
            seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert seen["status"] == "failed"
    assert len(str(seen)) < 2000


@pytest.mark.anyio
@junk
async def test_an_address_and_what_is_typed_for_it_are_answered_at_once(world: World, big: str) -> None:
    if "\ud800" in big:
        pytest.skip("no address can carry that")
    async with world.client() as agent:
        with patience():
            for uri in (f"wanx://tasks/{big}", f"wanx://task-types/{big}", f"wanx://{big}", big):
                with pytest.raises(MCPError):
                    await agent.client.read_resource(uri)
            with pytest.raises(MCPError):
                await agent.client.get_prompt("text_to_video", {"prompt": big, "aspect_ratio": big})
            template = ResourceTemplateReference(type="ref/resource", uri="wanx://task-types/{task_type}")
            found = await agent.client.complete(template, {"name": "task_type", "value": big})
    assert found.completion.values == []
