"""The runs of real hosts (`python -m tests.hosts`), as far as they go without one: script, APIs, rows and record."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.hosts import script
from tests.hosts.apis import Call, Conversation, Result, Said, read, write
from tests.hosts.installing import VERSIONS
from tests.hosts.record import entries, impersonal
from tests.hosts.rows import ROWS
from wanx_mcp.cli.config import HOSTS
from wanx_mcp.toolnames import CREATE, GET, PREVIEW, SAVE

PATHS = ("/v1/messages?beta=true", "/v1/responses", "/v1/chat/completions", "/v1beta/models/x:streamGenerateContent")
MUST = {"claude-code", "codex", "gemini", "opencode", "qwen", "copilot", "cline", "continue"}
TASK = "0adb5135-34c0-4ae3-aa0b-eb99a4f9580c"


def test_every_host_that_is_run_can_be_configured() -> None:
    assert {row.name for row in ROWS} == MUST
    assert {host.name for host in HOSTS} >= MUST


def test_every_version_is_pinned_exactly_and_none_is_left_over() -> None:
    assert set(VERSIONS) == {"node", *(row.package for row in ROWS)}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in VERSIONS.values())


def test_the_record_is_of_the_pinned_versions_and_belongs_to_no_machine() -> None:
    packages = {row.name: row.package for row in ROWS}
    for name, entry in entries().items():
        assert entry.version == VERSIONS[packages[name]]
        assert entry.problems == []
        received = json.dumps(entry.received)
        assert "invalid_order: image is missing" in received
        assert "Contact sheet" in received
        assert not re.search(r"/tmp/|/home/|/root/|/Users/", received)  # noqa: S108


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", PATHS)
def test_an_answer_can_be_written_in_every_api(path: str, stream: bool) -> None:
    for answer in (Call("mcp__wanx__get", {"task_id": TASK}), "words"):
        kind, body = write(path, {"stream": stream, "model": "m"}, answer)
        assert (b"data: " in body) == (kind == "text/event-stream")
        assert (TASK if isinstance(answer, Call) else "words").encode() in body


BODIES: dict[str, dict[str, Any]] = {
    PATHS[0]: {
        "tools": [{"name": "a"}],
        "messages": [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "a", "input": {"x": 1}}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "1",
                        "content": [{"type": "text", "text": "seen"}, {"type": "image", "source": {}}],
                    }
                ],
            },
        ],
    },
    PATHS[1]: {
        "tools": [{"type": "function", "name": "a"}],
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
            {"type": "function_call", "call_id": "1", "name": "a", "arguments": '{"x": 1}'},
            {
                "type": "function_call_output",
                "call_id": "1",
                "output": [{"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": "data:"}],
            },
        ],
    },
    PATHS[2]: {
        "tools": [{"type": "function", "function": {"name": "a"}}],
        "messages": [
            {"role": "user", "content": "hello"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": '{"x": 1}'}}],
            },
            {
                "role": "tool",
                "tool_call_id": "1",
                "content": [{"type": "text", "text": "seen"}, {"type": "image_url", "image_url": {}}],
            },
        ],
    },
    PATHS[3]: {
        "tools": [{"functionDeclarations": [{"name": "a"}]}],
        "contents": [
            {"role": "user", "parts": [{"text": "hello"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "a", "args": {"x": 1}}}]},
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "name": "a",
                            "response": {"output": "seen"},
                            "parts": [{"inlineData": {"mimeType": "image/jpeg"}}],
                        }
                    }
                ],
            },
        ],
    },
}


@pytest.mark.parametrize("path", PATHS)
def test_every_api_shows_the_same_conversation(path: str) -> None:
    assert read(path, BODIES[path]) == Conversation(
        ("a",), (Said("hello"), Call("a", {"x": 1}), Result("a", "seen", 1))
    )


def answered(*turns: Said | Call | Result, tools: tuple[str, ...]) -> Call | str:
    return script.answer(Conversation(tools, (Said("Please. SCENARIO=main"), *turns)))


def test_the_script_goes_through_the_whole_job() -> None:
    tools = tuple(f"mcp__wanx__{name}" for name in (CREATE, GET, SAVE, PREVIEW))
    results = ["invalid_order", f"Task {TASK} is pending", "processing", "completed", "Saved: ~/a.mp4 (99 kB)", "sheet"]
    turns: list[Call | Result] = []
    for text in results:
        call = answered(*turns, tools=tools)
        assert isinstance(call, Call)
        turns += [call, Result(call.tool, text)]
    called = [script.short(turn.tool) for turn in turns if isinstance(turn, Call)]
    assert called == [CREATE, CREATE, GET, GET, SAVE, PREVIEW]
    assert answered(*turns, tools=tools) == "Here it is: ~/a.mp4"


def test_a_host_that_hides_its_tools_is_searched_first() -> None:
    search = answered(tools=("Read", "ToolSearch"))
    assert isinstance(search, Call)
    assert CREATE in search.arguments["query"]
    assert "There is no" in str(answered(search, Result("ToolSearch", "none"), tools=("Read", "ToolSearch")))


def test_a_side_question_of_a_host_is_not_played() -> None:
    assert script.answer(Conversation((), (Said("A title for: SCENARIO=main"),))) == "ok"


def test_what_belongs_to_this_machine_is_left_out_of_the_record(tmp_path: Any) -> None:
    import tempfile

    home = f"{tempfile.gettempdir()}/wanx-claude-code-x_y1z"
    assert impersonal(f"Saved: {home}/Videos/a.mp4") == "Saved: ~/Videos/a.mp4"
