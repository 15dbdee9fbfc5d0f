"""`tools/list`: flat, strict, described, small; and the table behind it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import docs
from tests.world import World
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.catalog.inputs import ImageInput
from wanx_mcp.catalog.tasks import WAN21, TaskType

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).parent / "golden"
FORBIDDEN = {"$ref", "$defs", "oneOf", "anyOf", "allOf", "const", "not", "title", "default"}


async def tools(world: World) -> list[dict[str, Any]]:
    async with world.client() as agent:
        listed = await agent.client.list_tools()
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


async def test_argument_schemas_are_flat_strict_and_described(world: World) -> None:
    for tool in await tools(world):
        schema = tool["inputSchema"]
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        for name, field in schema["properties"].items():
            scalar = field["items"] if field["type"] == "array" else field
            assert scalar["type"] in {"string", "number", "integer", "boolean"}, name
            assert field["description"], name


async def test_no_schema_holds_references_unions_or_nulls(world: World) -> None:
    for tool in await tools(world):
        assert ("outputSchema" in tool) == (tool["name"] != "preview_wanx_video")
        for schema in (tool["inputSchema"], tool.get("outputSchema", {})):
            for node in nodes(schema):
                assert not FORBIDDEN & (set(node) - set(schema.get("properties", {}))), (tool["name"], node)
                assert not isinstance(node.get("type"), list)
                assert node.get("type") != "null"


async def test_every_tool_has_a_title_and_all_four_annotations(world: World) -> None:
    for tool in await tools(world):
        assert tool["title"]
        assert len(tool["annotations"]) == 4
        assert tool["description"]


async def test_the_tool_list_stays_small(world: World, record_property: Any) -> None:
    weight = len(json.dumps({"tools": await tools(world)}, separators=(",", ":"), ensure_ascii=False))
    record_property("characters", weight)
    print(f"tools/list weighs {weight} characters")
    assert weight < 9_700


async def test_each_tool_equals_its_golden_file(world: World) -> None:
    for tool in await tools(world):
        path = GOLDEN / f"{tool['name']}.json"
        shown = json.dumps(tool, indent=2, ensure_ascii=False) + "\n"
        if os.environ.get("WRITE_GOLDEN"):
            path.write_text(shown, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == shown, f"{tool['name']} changed: WRITE_GOLDEN=1 pytest, then look"


async def test_the_list_is_the_same_in_both_eras(world: World) -> None:
    async with world.client("legacy") as old, World().client() as new:
        assert (await old.client.list_tools()).tools == (await new.client.list_tools()).tools


async def test_a_tenth_task_type_is_one_row() -> None:
    row = TaskType("img2video-dream", ImageInput, Decimal("0.31"), WAN21, 60, "dream on from a picture")
    catalog = Catalog((*CATALOG.rows, row))
    world = World(catalog=catalog)
    create = (await tools(world))[0]
    assert "img2video-dream" in create["inputSchema"]["properties"]["task_type"]["enum"]
    assert "img2video-dream: $0.31, dream on from a picture [image]" in create["description"]
    assert "img2video-dream" in docs.task_types(catalog)
    async with world.client() as agent:
        created = await agent.order(task_type="img2video-dream", image="https://example.com/a.png")
        assert created["price_usd"] == 0.31
        world.clock.advance(3600)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
    assert (seen["status"], seen["charged_usd"]) == ("completed", 0.31)
