"""What a row must have found: all tools whole, one order paid once, a typed result, an error that helps, a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import anyio
from jsonschema import Draft202012Validator
from mcp import Client

from tests.integrations.formats import changes, golden_tools
from tests.integrations.rows import Row
from tests.integrations.script import LINK, TASK_ID
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings

PRICE = 0.28


def problems(row: Row, found: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """What is wrong with what `row` found; `environment` is the one its server had."""
    return [
        *_tools(row, found),
        *_results(row, found),
        *(_typed(found) if row.typed else ()),
        *_ledger(found, environment),
    ]


def _tools(row: Row, found: Mapping[str, Any]) -> Iterator[str]:
    if set(found["tools"]) != golden_tools().keys() - row.without:
        yield f"tools: {found['tools']}"
    if not found["formats"]:
        yield "no format"
    for name, converted in found["formats"].items():
        for kind, places in changes(converted, row.without).items():
            if kind not in row.loses.get(name, ()):
                yield f"{name} changes {kind}: {', '.join(sorted(places)[:4])}"


def _results(row: Row, found: Mapping[str, Any]) -> Iterator[str]:
    if len(found["seen"]) < 3:
        yield f"only {len(found['seen'])} results"
        return
    refused, ordered, finished = found["seen"][:3]
    if found.get("picture", "not asked") != row.picture:
        yield f"the picture: {found.get('picture')}"
    if row.picture != "not asked" and "Contact sheet" not in found["seen"][3]:
        yield f"the preview lacks its text: {found['seen'][3][:200]}"
    yield from (
        f"the error lacks {part!r}: {refused[:200]}"
        for part in ("image_rejected:", "Charged by this call: no.", "Next: set image to")
        if part not in refused
    )
    if str(PRICE) not in ordered:
        yield f"the order lacks its price: {ordered[:200]}"
    if not TASK_ID.search(ordered):
        yield f"the order lacks a task id: {ordered[:200]}"
    if "completed" not in finished or str(PRICE) not in finished:
        yield f"not completed: {finished[:200]}"
    link = LINK.search(finished)
    if not link or link[0] not in found["answer"]:
        yield f"the answer lacks the link: {found['answer']!r}"


def _typed(found: Mapping[str, Any]) -> Iterator[str]:
    results = found.get("typed") or [None, None]
    for tool, result in zip(("create_wanx_task", "get_wanx_task"), results, strict=True):
        if not isinstance(result, Mapping):
            yield f"{tool}: no structured content but {result!r:.80}"
            return
        schema = golden_tools()[tool]["outputSchema"]
        yield from (f"{tool}: {error.message}" for error in Draft202012Validator(schema).iter_errors(result))
    ordered, finished = results
    wanted = {"task_id": ordered.get("task_id"), "status": "completed", "charged_usd": PRICE, "simulated": True}
    yield from (f"{name} is {finished.get(name)!r}" for name, value in wanted.items() if finished.get(name) != value)
    if ordered.get("price_usd") != PRICE or ordered.get("reused") is not False:
        yield f"the order is {ordered}"
    if not LINK.fullmatch(finished.get("video_url", "")):
        yield f"video_url is {finished.get('video_url')!r}"


def _ledger(found: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[str]:
    tasks = anyio.run(_booked, environment)
    seen = TASK_ID.search(found["seen"][1] if len(found["seen"]) > 1 else "")
    told = [(task.get("task_id"), task["status"], task.get("charged_usd")) for task in tasks]
    if told != [(seen and seen[0], "completed", PRICE)]:
        yield f"the ledger has {told}"


async def _booked(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    async with Client(build_server(read_settings(environment))) as client:
        listed = await client.call_tool("list_wanx_tasks", {})
        return list((listed.structured_content or {})["tasks"])
