"""What a tool lost in its conversion to a provider's format: properties, descriptions, enums, bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden"
BOUNDS = ("minimum", "maximum", "minLength", "maxLength")
NULL = {"type": "null"}
FOLDER = re.compile(r"\S+[/\\]videos\b")
"""The folder of pictures, which a description names as it is on this machine."""

UNTOUCHABLE = ("$ref", "$defs", "definitions", "oneOf", "allOf", "const")
SCHEMA_KEYS = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema")


def golden_tools() -> dict[str, Mapping[str, Any]]:
    """The tools as the design fixes them, by name."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))}


def changes(converted: Sequence[Mapping[str, Any]], without: Set[str] = frozenset()) -> dict[str, set[str]]:
    """What a format lost or changed: the kind of change, and where. The tools in `without` may be missing."""
    found: dict[str, set[str]] = {}
    entries = {entry["name"]: entry for entry in (_entry(each) for each in converted)}
    for name, tool in golden_tools().items():
        if name in without:
            continue
        if name not in entries:
            found.setdefault("tool", set()).add(name)
            continue
        for kind, where in _changes(tool, entries[name]):
            found.setdefault(kind, set()).add(f"{name}{where}")
    return found


def _entry(converted: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool without its wrapping: {"type": "function", "function": {...}} in OpenAI's chat format."""
    inner = converted.get("function", converted)
    return inner if isinstance(inner, Mapping) else converted


def _changes(tool: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if entry.get("description") != tool["description"]:
        yield "description", ""
    schema = next((entry[key] for key in SCHEMA_KEYS if entry.get(key)), {})
    ours = tool["inputSchema"]
    text = json.dumps(schema)
    yield from (("forbidden", f": {key}") for key in UNTOUCHABLE if f'"{key}":' in text)
    if schema.get("type") != "object":
        yield "type", ""
    if schema.get("additionalProperties") is not False:
        yield "closed", ""
    theirs = schema.get("properties", {})
    yield from (("added", f".{name}") for name in theirs.keys() - ours["properties"].keys())
    required = set(schema.get("required", []))
    for name, expected in ours["properties"].items():
        if name not in theirs:
            yield "property", f".{name}"
            continue
        was_required = name in ours.get("required", [])
        if was_required != (name in required):
            yield ("required" if was_required else "optional"), f".{name}"
        yield from ((kind, f".{name}") for kind in _differences(expected, theirs[name]))


def _differences(expected: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    plain = dict(given)
    options = [option for option in plain.pop("anyOf", []) if option != NULL]
    if "anyOf" in given or plain.get("nullable") or isinstance(plain.get("type"), list):
        yield "nullable"
    if len(options) == 1:
        plain |= options[0]
    if isinstance(plain.get("type"), list):
        plain["type"] = next(iter(kind for kind in plain["type"] if kind != "null"), None)
    if plain.get("type") != expected["type"]:
        yield "type"
    if FOLDER.sub("/videos", plain.get("description") or "") != expected["description"]:
        yield "description"
    if plain.get("enum") != expected.get("enum"):
        yield "enum"
    if any(plain.get(bound) != expected.get(bound) for bound in BOUNDS):
        yield "bounds"
