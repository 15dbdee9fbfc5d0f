"""OpenAI's Responses API: POST /responses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from tests.hosts.apis.conversation import Call, Conversation, Result, Said, arguments, events, flat, pictures

SEARCH = "tool_search"
"""A tool of the API itself: it has calls and results of its own kind."""


def read(body: dict[str, Any]) -> Conversation:
    tools = list(_names(body.get("tools") or []))
    turns: list[Said | Call | Result] = []
    names: dict[Any, str] = {}
    given = body.get("input") or []
    items: list[dict[str, Any]] = [{"type": "message", "content": given}] if isinstance(given, str) else given
    for item in items:
        match item.get("type", "message"):
            case "message":
                turns.append(Said(flat(item.get("content")), pictures(item.get("content"))))
            case "function_call" | "custom_tool_call" | "tool_search_call" as kind:
                name = names[item.get("call_id")] = item.get("name") or kind.removesuffix("_call")
                turns.append(Call(name, arguments(item.get("arguments"))))
            case "function_call_output" | "custom_tool_call_output":
                output = item.get("output")
                turns.append(Result(names.get(item.get("call_id"), "?"), flat(output), pictures(output)))
            case "tool_search_output":
                tools += _names(item.get("tools") or [])
                turns.append(Result(SEARCH, json.dumps(item)))
    return Conversation(tuple(tools), tuple(turns))


def _names(tools: list[dict[str, Any]]) -> Iterator[str]:
    """The names of the tools; one in a namespace has it in front, with a slash."""
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from (f"{tool['name']}/{inner['name']}" for inner in tool.get("tools", []))
        else:
            yield str(tool.get("name") or tool.get("type"))


def write(body: dict[str, Any], answer: Call | str) -> tuple[str, bytes]:
    item = _item(answer)
    response = {
        "id": f"resp_{uuid4().hex[:20]}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": body.get("model"),
        "output": [item],
        "usage": {"input_tokens": 1000, "output_tokens": 20, "total_tokens": 1020},
    }
    if not body.get("stream"):
        return "application/json", json.dumps(response).encode()
    parts: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response},
    ]
    return "text/event-stream", events((str(part["type"]), part) for part in parts)


def _item(answer: Call | str) -> dict[str, Any]:
    if isinstance(answer, str):
        content = [{"type": "output_text", "text": answer, "annotations": []}]
        return {"type": "message", "id": f"msg_{uuid4().hex[:12]}", "role": "assistant", "content": content}
    call = {"id": f"fc_{uuid4().hex[:12]}", "call_id": f"call_{uuid4().hex[:12]}", "status": "completed"}
    if answer.tool == SEARCH:
        return {"type": "tool_search_call", "execution": "client", **call, "arguments": answer.arguments}
    space, _, name = answer.tool.rpartition("/")
    namespace = {"namespace": space} if space else {}
    return {"type": "function_call", **call, "name": name, **namespace, "arguments": json.dumps(answer.arguments)}
