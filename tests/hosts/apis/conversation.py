"""What a model sees of a conversation, whichever API the host speaks, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the user or of the model itself."""

    text: str
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """The model asks for a tool."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What the host gave back for a call, as the model receives it."""

    tool: str
    text: str
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request to the model: the tools it may call, and all turns so far."""

    tools: tuple[str, ...]
    turns: tuple[Said | Call | Result, ...]


def flat(content: Any) -> str:
    """The text of any content, as far as it is text; what is not is JSON, without pictures."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            return "\n".join(filter(None, map(flat, content)))
        case {"type": "image" | "input_image" | "image_url"} | {"inlineData": _}:
            return ""
        case {"text": text} | {"content": text} | {"output": text}:
            return flat(text)
    return json.dumps(content, ensure_ascii=False)


def pictures(content: Any) -> int:
    """How many pictures are in any content."""
    if isinstance(content, list):
        return sum(map(pictures, content))
    if not isinstance(content, dict):
        return 0
    if content.get("type") in ("image", "input_image", "image_url") or "inlineData" in content:
        return 1
    return sum(pictures(value) for value in content.values())


def arguments(text: Any) -> dict[str, Any]:
    """The arguments of a call, which some APIs carry as JSON in a string."""
    try:
        found = json.loads(text or "{}") if isinstance(text, str) else text
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def events(parts: Iterable[tuple[str | None, Any]]) -> bytes:
    """Server-sent events."""
    lines = []
    for name, data in parts:
        text = data if isinstance(data, str) else json.dumps(data)
        lines.append((f"event: {name}\n" if name else "") + f"data: {text}\n\n")
    return "".join(lines).encode()
