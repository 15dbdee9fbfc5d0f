"""What a client sees before it calls anything: tools, schemas, annotations, identity; and that results keep to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .answers import keeps_its_schemas
from .conftest import House
from .examples import EXAMPLES, MOTIONS, TASK_TYPES
from .provider_task import IN_THE_QUEUE, Life
from .rawclient import ERAS, MODERN, StdioServer
from .upstream import Upstream

SCALARS = {"string", "integer", "number", "boolean"}
FORBIDDEN = {"$ref", "$defs", "definitions", "oneOf", "anyOf", "allOf", "const", "not", "if", "nullable", "ge", "le"}
FIRST_TOOLS = {"create_wanx_task", "get_wanx_task", "cancel_wanx_task"}
LATER_TOOLS = {"list_wanx_tasks", "save_wanx_video", "preview_wanx_video", "join_wanx_videos"}
HINTS = {  # read-only, destructive, idempotent, open world; None: it does not matter
    "create_wanx_task": (False, True, False, True),
    "get_wanx_task": (True, None, True, True),
    "list_wanx_tasks": (True, None, True, True),
    "save_wanx_video": (False, False, True, True),
    "preview_wanx_video": (False, False, True, True),
    "cancel_wanx_task": (False, True, True, True),
    "join_wanx_videos": (False, False, True, False),
}
CREATE = {
    "task_type", "prompt", "negative_prompt", "aspect_ratio", "image", "start_image", "end_image",
    "lora_type", "lora_strength", "motion_type", "motion_speed", "dry_run",
    "duration", "resolution", "audio", "multi_shot",
}  # fmt: skip


@pytest.fixture(scope="module")
def tools(shared: StdioServer) -> dict[str, dict[str, Any]]:
    return {tool["name"]: tool for tool in shared.tools()}


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


def schema_nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema inside, but not the maps of property names, which may be called anything."""
    yield schema
    for value in schema.get("properties", {}).values():
        yield from schema_nodes(value)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from schema_nodes(schema[key])


def test_the_tools_are_those_of_the_design(tools: dict[str, Any]) -> None:
    assert set(tools) >= FIRST_TOOLS
    assert set(tools) <= FIRST_TOOLS | LATER_TOOLS


def test_argument_schemas_are_flat_and_strict(tools: dict[str, Any]) -> None:
    for name, tool in tools.items():
        schema = tool["inputSchema"]
        assert schema["type"] == "object" and schema["additionalProperties"] is False, name
        assert isinstance(schema.get("required", []), list)
        for argument, rule in schema["properties"].items():
            where = f"{name}.{argument}: {rule}"
            kind = rule["items"] if rule.get("type") == "array" else rule
            assert kind.get("type") in SCALARS, where
            assert len(rule.get("description", "")) > 10, where
            assert not FORBIDDEN & set(rule), where
            assert "enum" not in rule or all(isinstance(value, str) for value in rule["enum"]), where
            assert rule.get("default", 0) is not None, where
        assert not FORBIDDEN & set(schema), name


def test_output_schemas_have_no_references_and_no_nulls(tools: dict[str, Any]) -> None:
    for name, tool in tools.items():
        if name == "preview_wanx_video":
            assert "outputSchema" not in tool
            continue
        assert tool["outputSchema"]["type"] == "object"
        for node in nodes(tool["outputSchema"]):
            assert not {"$ref", "$defs"} & set(node), (name, node)
        for node in schema_nodes(tool["outputSchema"]):
            assert isinstance(node.get("type"), str) and node["type"] != "null", (name, node)
            assert not {"anyOf", "oneOf", "allOf"} & set(node), (name, node)


def test_the_order_is_described_by_the_catalog(tools: dict[str, Any]) -> None:
    schema = tools["create_wanx_task"]["inputSchema"]
    rules = schema["properties"]
    assert set(rules) == CREATE | {"request_id", "file_name"}
    assert set(schema["required"]) == {"task_type", "prompt"}
    assert set(rules["task_type"]["enum"]) == set(TASK_TYPES)
    assert set(rules["aspect_ratio"]["enum"]) == {"16:9", "9:16", "1:1", "4:3", "3:4"}
    assert set(rules["motion_type"]["enum"]) == set(MOTIONS)
    assert "enum" not in rules["lora_type"], "LoRA names are an open list"
    assert (rules["lora_strength"]["minimum"], rules["lora_strength"]["maximum"]) == (0, 1)
    assert (rules["motion_speed"]["minimum"], rules["motion_speed"]["maximum"]) == (0, 10)
    assert (rules["prompt"]["minLength"], rules["prompt"]["maxLength"]) == (1, 10_000)
    assert "nsfw" not in json.dumps(schema)


def test_the_read_is_described(tools: dict[str, Any]) -> None:
    schema = tools["get_wanx_task"]["inputSchema"]
    assert set(schema["properties"]) == {"task_id", "wait_seconds"}
    assert schema["required"] == ["task_id"]
    wait = schema["properties"]["wait_seconds"]
    assert (wait["type"], wait["minimum"], wait["maximum"]) == ("integer", 0, 45)


def test_the_order_names_its_prices(tools: dict[str, Any]) -> None:
    said = json.dumps(tools["create_wanx_task"])
    assert "0.12" in said and "0.28" in said
    assert "$1.80" in tools["create_wanx_task"]["description"]


def test_every_tool_has_a_title_and_honest_annotations(tools: dict[str, Any]) -> None:
    names = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
    for tool, hints in HINTS.items():
        if tool not in tools:
            continue
        told = tools[tool].get("annotations", {})
        for name, hint in zip(names, hints, strict=True):
            assert hint is None or told.get(name) is hint, (tool, name, told)
        assert tools[tool].get("title") or told.get("title"), tool
        assert len(tools[tool]["description"]) > 60, tool
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", tool)


@pytest.mark.parametrize("era", ERAS)
def test_the_list_is_short_and_always_the_same(era: str, house: House) -> None:
    server = house.start(era)
    first, second = server.tools(), server.tools()
    assert [tool["name"] for tool in first] == [tool["name"] for tool in second]
    assert len(server.lines[-1]) < 12_500, f"tools/list came to {len(server.lines[-1])} characters"


@pytest.mark.parametrize("era", ERAS)
def test_the_server_says_who_it_is(era: str, house: House) -> None:
    hello = house.spawn(era).open()
    if era == MODERN:
        assert hello["supportedVersions"] == [MODERN]
        who = hello["_meta"]["io.modelcontextprotocol/serverInfo"]
    else:
        assert hello["protocolVersion"] == era
        who = hello["serverInfo"]
    assert who["name"] and re.fullmatch(r"\d+(\.\d+)+\S*", who["version"])
    if era >= "2025-11-25":
        assert who["title"] and who["websiteUrl"].startswith("https://") and who["icons"]
    assert hello["instructions"]


def test_every_structured_result_fits_its_output_schema(house: House, upstream: Upstream) -> None:
    server = house.start()
    upstream.next_life(IN_THE_QUEUE, Life(ending="failed", error="broken"))
    ids = [server.call("create_wanx_task", **example.order).structured["task_id"] for example in EXAMPLES[:3]]
    for task_id in ids:
        server.call("get_wanx_task", task_id=task_id)
    server.call("cancel_wanx_task", task_id=ids[0])
    for example in EXAMPLES:
        server.call("create_wanx_task", **example.order, dry_run=True)
    assert keeps_its_schemas(server) == 3 + 3 + 1 + len(EXAMPLES)
