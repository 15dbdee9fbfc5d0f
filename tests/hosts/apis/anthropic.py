"""Anthropic's Messages API: POST /v1/messages."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.hosts.apis.conversation import Call, Conversation, Result, Said, events, flat, pictures


def read(body: dict[str, Any]) -> Conversation:
    turns: list[Said | Call | Result] = []
    names: dict[str, str] = {}
    for message in body.get("messages", []):
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match part:
                case {"type": "tool_use", "id": str(call), "name": str(name), "input": dict(given)}:
                    names[call] = name
                    turns.append(Call(name, given))
                case {"type": "tool_result", "tool_use_id": str(call)}:
                    inner = part.get("content")
                    turns.append(Result(names.get(call, "?"), flat(inner), pictures(inner)))
                case _:
                    turns.append(Said(flat(part), pictures(part)))
    return Conversation(tuple(str(tool.get("name")) for tool in body.get("tools") or []), tuple(turns))


def write(body: dict[str, Any], answer: Call | str) -> tuple[str, bytes]:
    if isinstance(answer, str):
        block: dict[str, Any] = {"type": "text", "text": answer}
        begun, delta = {**block, "text": ""}, {"type": "text_delta", "text": answer}
    else:
        block = {"type": "tool_use", "id": f"toolu_{uuid4().hex[:20]}", "name": answer.tool, "input": answer.arguments}
        begun, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    stop = "end_turn" if isinstance(answer, str) else "tool_use"
    message = {
        "id": f"msg_{uuid4().hex[:20]}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [block],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 20},
    }
    if not body.get("stream"):
        return "application/json", json.dumps(message).encode()
    parts: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": None},
            "usage": {"output_tokens": 20},
        },
        {"type": "message_stop"},
    ]
    return "text/event-stream", events((str(part["type"]), part) for part in parts)
