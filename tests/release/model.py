"""A scripted model on loopback, for a host that speaks the Messages API: it orders one video and fetches it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wanx_mcp.toolnames import CREATE, GET, SAVE

ORDER = {"task_type": "txt2video-1.3b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
MOST_READS, MOST_SEARCHES = 12, 5
WAIT, SEARCH = "WaitForMcpServers", "ToolSearch"
"""Tools of the host."""


@dataclass
class Script:
    """What the model does next, decided from the conversation alone. `skill` is a skill that it reads first."""

    skill: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    """Every request's body, in order."""

    def next(self, body: dict[str, Any]) -> dict[str, Any]:
        """The block of content that answers `body`."""
        self.seen.append(body)
        offered = [tool.get("name", "") for tool in body.get("tools") or ()]
        called, results = _calls(body), _results(body)
        wanted = next((name for name in offered if name.endswith(CREATE)), None)
        if not offered:
            return _say("A title")  # the host also asks for short texts, without tools
        if "Skill" in offered and "Skill" not in called:
            return _call("Skill", {"skill": self.skill})
        if wanted is None:
            return self._looking(offered, called)
        return self._main_job(wanted.removesuffix(CREATE), called, results)

    def _looking(self, offered: list[str], called: list[str]) -> dict[str, Any]:
        """The host begins before a slow server is there, and lists its tools only after a search."""
        if WAIT in offered and WAIT not in called:
            return _call(WAIT, {})
        if SEARCH in offered and called.count(SEARCH) < MOST_SEARCHES:
            return _call(SEARCH, {"query": f"{CREATE} {GET} {SAVE}", "max_results": 10})
        return _say(f"no {CREATE} among {offered}")

    def _main_job(self, prefix: str, called: list[str], results: str) -> dict[str, Any]:
        found = re.search(r"task_id\W+([\w-]{8,})", results)
        if prefix + CREATE not in called:
            return _call(prefix + CREATE, ORDER)
        if found is None:
            return _say("the order did not go through")
        if not re.search(r"status\W+completed", results) and called.count(prefix + GET) < MOST_READS:
            return _call(prefix + GET, {"task_id": found[1], "wait_seconds": 45})
        if prefix + SAVE not in called:
            return _call(prefix + SAVE, {"task_id": found[1]})
        return _say("The video is saved.")


def _blocks(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    contents = [turn["content"] for turn in body.get("messages", ()) if isinstance(turn["content"], list)]
    return [block for content in contents for block in content if block.get("type") == kind]


def _calls(body: dict[str, Any]) -> list[str]:
    return [block["name"] for block in _blocks(body, "tool_use")]


def _results(body: dict[str, Any]) -> str:
    return json.dumps([block.get("content") for block in _blocks(body, "tool_result")]).replace("\\", "")


def _say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


def events(block: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """`block` as the events of a streamed message."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    if block["type"] == "text":
        begin, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        begin = {**block, "id": f"toolu_{number}", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    stop = {"stop_reason": "end_turn" if block["type"] == "text" else "tool_use", "stop_sequence": None}
    return [
        {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": begin},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The model's address on loopback."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: object) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path.partition("?")[0].endswith("/count_tokens"):
                return self._answer("application/json", json.dumps({"input_tokens": 1}))
            stream = events(script.next(body), len(script.seen))
            return self._answer(
                "text/event-stream",
                "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in stream),
            )

        def do_HEAD(self) -> None:
            self._answer("text/plain", "")

        def _answer(self, kind: str, text: str) -> None:
            content = text.encode()
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
