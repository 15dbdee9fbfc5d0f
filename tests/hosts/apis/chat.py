"""OpenAI's Chat Completions API: POST /chat/completions."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

from tests.hosts.apis.conversation import Call, Conversation, Result, Said, arguments, events, flat, pictures


def read(body: dict[str, Any]) -> Conversation:
    turns: list[Said | Call | Result] = []
    names: dict[Any, str] = {}
    for message in body.get("messages", []):
        content = message.get("content")
        if message["role"] == "tool":
            tool = names.get(message.get("tool_call_id"), "?")
            turns.append(Result(tool, flat(content), pictures(content)))
            continue
        if content:
            turns.append(Said(flat(content), pictures(content)))
        for call in message.get("tool_calls") or []:
            name = names[call["id"]] = call["function"]["name"]
            turns.append(Call(name, arguments(call["function"].get("arguments"))))
    tools = (tool.get("function", {}).get("name") for tool in body.get("tools") or [])
    return Conversation(tuple(map(str, tools)), tuple(turns))


def write(body: dict[str, Any], answer: Call | str) -> tuple[str, bytes]:
    base = {"id": f"chatcmpl-{uuid4().hex[:16]}", "created": int(time.time()), "model": body.get("model")}
    usage = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
    message: dict[str, Any] = {"role": "assistant", "content": answer if isinstance(answer, str) else None}
    if isinstance(answer, Call):
        function = {"name": answer.tool, "arguments": json.dumps(answer.arguments)}
        message["tool_calls"] = [
            {"index": 0, "id": f"call_{uuid4().hex[:12]}", "type": "function", "function": function}
        ]
    finish = "stop" if isinstance(answer, str) else "tool_calls"
    if not body.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": finish}
        whole = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
        return "application/json", json.dumps(whole).encode()
    chunk = {**base, "object": "chat.completion.chunk"}
    parts: list[Any] = [
        {**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {**chunk, "choices": [], "usage": usage},
        "[DONE]",
    ]
    return "text/event-stream", events((None, part) for part in parts)
