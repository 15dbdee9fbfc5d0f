"""`tools/list`: flat, strict, described, small; and the table behind it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import docs
from tests.world import World
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.catalog.inputs import ImageInput, Wan26TextInput
from wanx_mcp.catalog.output import Output, Resolution
from wanx_mcp.catalog.prices import Fixed
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


SEEN = ("name", "description", "inputSchema")
"""What hosts show a model of each tool."""


async def test_the_tool_list_stays_small(world: World, record_property: Any) -> None:
    listed = await tools(world)
    whole = json.dumps({"tools": listed}, separators=(",", ":"), ensure_ascii=False)
    seen = json.dumps([{name: tool[name] for name in SEEN} for tool in listed], separators=(",", ":"))
    record_property("characters", (len(whole), len(seen)))
    print(f"tools/list weighs {len(whole)} characters, {len(seen)} of them shown to a model")
    # A token of these texts is 3.7 characters (tests.bench.weight counts): 2,000 tokens shown, 3,200 in all.
    assert len(seen) < 7_150
    assert len(whole) < 11_800


async def test_the_first_sentence_of_create_says_what_it_makes_and_what_that_costs_and_hosts_do_not_cut_it(
    world: World,
) -> None:
    description = (await tools(world))[0]["description"]
    first = description.partition("\n")[0]
    assert first.startswith("Makes one short video from text or a picture: ")
    assert "Wan 2.1 silent, 480p, 5.3 s, $0.12 to $0.28" in first[:155]
    assert "Wan 2.6 with sound, 720P or 1080P, 5, 10 or 15 s, $0.40 to $1.80" in first[:155]
    assert "so 15 s at 1080P is $1.80" in description


async def test_limits_stand_in_the_descriptions_since_hosts_drop_them_from_schemas(world: World) -> None:
    for tool in await tools(world):
        for name, field in tool["inputSchema"]["properties"].items():
            for bound in ("minimum", "maximum"):
                if bound in field:
                    assert f"{field[bound]:g}" in field["description"], (tool["name"], name)


async def test_the_picture_folder_is_named_where_a_picture_is_asked_for(world: World) -> None:
    image = (await tools(world))[0]["inputSchema"]["properties"]["image"]["description"]
    assert str(world.videos) in image
    assert "Chat attachments do not arrive" in image
    inputs = world.beside(WANX_INPUT_DIRS=str(world.state / "pictures"))
    assert (
        str(world.state / "pictures") in (await tools(inputs))[0]["inputSchema"]["properties"]["image"]["description"]
    )


async def test_each_tool_equals_its_golden_file(world: World) -> None:
    for tool in await tools(world):
        path = GOLDEN / f"{tool['name']}.json"
        shown = json.dumps(tool, indent=2, ensure_ascii=False).replace(str(world.videos), "/videos") + "\n"
        if os.environ.get("WRITE_GOLDEN"):
            path.write_text(shown, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == shown, f"{tool['name']} changed: WRITE_GOLDEN=1 pytest, then look"


async def test_the_list_is_the_same_in_both_eras(world: World) -> None:
    async with world.client("legacy") as old, world.client() as new:
        assert (await old.client.list_tools()).tools == (await new.client.list_tools()).tools


@dataclass(frozen=True)
class PerCut:
    """An invented price: so much for each cut, and the same again with sound."""

    depends_on: tuple[str, ...] = ("multi_shot", "audio")

    def price(self, arguments: Mapping[str, Any]) -> Decimal | None:
        return Decimal("0.35") * (2 if arguments.get("multi_shot") else 1) * (2 if arguments.get("audio") else 1)

    def extremes(self) -> tuple[Decimal, Decimal] | None:
        return Decimal("0.35"), Decimal("1.40")

    def words(self) -> str:
        return "$0.35 a cut"


async def test_a_twelfth_and_a_thirteenth_task_type_are_one_row_each() -> None:
    row = TaskType("img2video-dream", ImageInput, Fixed(Decimal("0.31")), WAN21, 60, "dream on from a picture")
    odd = TaskType("wan99-txt2video", Wan26TextInput, PerCut(), WAN99, 60, "from the future", model="Wan99")
    catalog = Catalog((*CATALOG.rows, row, odd))
    world = World(catalog=catalog)
    create = (await tools(world))[0]
    assert {"img2video-dream", "wan99-txt2video"} <= set(create["inputSchema"]["properties"]["task_type"]["enum"])
    assert "img2video-dream: $0.31, dream on from a picture [image]" in create["description"]
    assert "Wan 99 with sound, 9K, 7 s, $0.35 to $1.40" in create["description"]
    assert "wan99-txt2video: from the future" in create["description"]
    assert {"img2video-dream", "wan99-txt2video"} <= set(re.findall(r"`([\w-]+)`", docs.task_types(catalog)))
    async with world.client() as agent:
        created = await agent.order(task_type="img2video-dream", image="https://example.com/a.png")
        cuts = await agent.order(task_type="wan99-txt2video", multi_shot=True)
        quiet = await agent.order(task_type="wan99-txt2video", audio=False)
        prices = [one["price_usd"] for one in (created, cuts, quiet)]
        world.clock.advance(3600)
        seen = [await agent.ok("get_wanx_task", task_id=one["task_id"]) for one in (created, cuts, quiet)]
        clip = await agent.ok("save_wanx_video", task_id=created["task_id"])
    assert prices == [0.31, 1.40, 0.35]
    assert [(one["status"], one["charged_usd"]) for one in seen] == [("completed", price) for price in prices]
    assert json.loads(world.line.sent("POST")[1].content)["model"] == "Wan99"
    assert clip["bytes"] > 1000


WAN99 = Output("Wan 99", (Resolution("9K", (1280, 720)),), (7.0,), rate=16, sound=True)
