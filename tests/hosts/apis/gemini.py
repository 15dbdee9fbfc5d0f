"""Google's Gemini API: POST /models/MODEL:generateContent and :streamGenerateContent."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.hosts.apis.conversation import Call, Conversation, Result, Said, events, flat, pictures


def read(body: dict[str, Any]) -> Conversation:
    turns: list[Said | Call | Result] = []
    for message in body.get("contents", []):
        for part in message.get("parts", []):
            match part:
                case {"functionCall": {"name": str(name)} as call}:
                    turns.append(Call(name, call.get("args") or {}))
                case {"functionResponse": {"name": str(name)} as answered}:
                    inner = answered.get("response")
                    turns.append(Result(name, flat(inner), pictures(answered)))
                case _:
                    turns.append(Said(flat(part), pictures(part)))
    tools = (declared["name"] for tool in body.get("tools") or [] for declared in tool.get("functionDeclarations", []))
    return Conversation(tuple(tools), tuple(turns))


def write(answer: Call | str, *, stream: bool) -> tuple[str, bytes]:
    if isinstance(answer, str):
        part: dict[str, Any] = {"text": answer}
    else:
        part = {"functionCall": {"id": uuid4().hex[:10], "name": answer.tool, "args": answer.arguments}}
    whole = {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 20, "totalTokenCount": 1020},
        "modelVersion": "scripted",
        "responseId": uuid4().hex,
    }
    if stream:
        return "text/event-stream", events([(None, whole)])
    return "application/json", json.dumps(whole).encode()
