"""The model's part, played from a script: what it asks for next follows from what it has seen alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.hosts.apis import Call, Conversation, Result, Said
from wanx_mcp.toolnames import CANCEL, CREATE, GET, LIST, PREVIEW, SAVE

TASK_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VIDEO = re.compile(r"[^\s\"'\\<>()]+\.mp4")
SCENARIO = re.compile(r"SCENARIO=(\w+)")

BAD_ORDER = {"task_type": "img2video-14b", "prompt": "The boat sails on"}
"""Without the picture that it needs."""

ORDER = {"task_type": "txt2video-1.3b", "prompt": "A paper boat drifts along a rain gutter at dusk"}
SLOW_ORDER = {"task_type": "txt2video-14b", "prompt": "A paper boat drifts along a rain gutter at night"}
MOST_GETS = 20

_OURS = (CREATE, GET, SAVE, PREVIEW, LIST, CANCEL)
_SEARCHES = ("ToolSearch", "tool_search")
_BRIDGE = "tool_call"
"""With this tool, Qwen Code calls tools that it lists in search results alone."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a model has asked for and received so far, under this server's own names."""

    calls: tuple[Call, ...]
    results: tuple[Result, ...]

    def of(self, tool: str) -> list[Result]:
        return [result for result in self.results if result.tool == tool]

    @property
    def task(self) -> str | None:
        found = (TASK_ID.search(result.text) for result in self.results if result.tool in (CREATE, LIST))
        return next((match[0] for match in found if match), None)


def scenario(seen: Conversation) -> str | None:
    """The scenario that the user asked for, None for a side question of the host, such as one for a title."""
    said = "\n".join(turn.text for turn in seen.turns if isinstance(turn, Said))
    found = SCENARIO.findall(said)
    return found[-1] if found and seen.tools else None


def answer(seen: Conversation) -> Call | str:
    """The next call, or the model's last words."""
    asked = scenario(seen)
    if asked is None:
        return "ok"
    so_far = progress(seen)
    tools = {short(tool): tool for tool in seen.tools if short(tool) in _OURS}
    if CREATE not in tools and _BRIDGE not in seen.tools:
        return _search(seen, so_far)
    if not tools and not any(call.tool in _SEARCHES for call in so_far.calls):
        return Call("tool_search", {"query": "wanx video", "max_results": 10})
    match _SCRIPTS[asked](so_far):
        case Call(tool, given) if tool in tools:
            return Call(tools[tool], given)
        case Call(tool, given):
            return Call(_BRIDGE, {"name": f"mcp__wanx__{tool}", "arguments": given})
        case words:
            return words


def progress(seen: Conversation) -> Progress:
    """The calls and results of the conversation, with every tool under its own short name."""
    calls, results, inner = list[Call](), list[Result](), "?"
    for turn in seen.turns:
        match turn:
            case Call():
                calls.append(unwrapped(turn))
                inner = calls[-1].tool
            case Result(tool, text, pictures):
                results.append(Result(inner if tool == _BRIDGE else short(tool), text, pictures))
            case Said(_, pictures) if pictures and results:  # OpenCode shows a tool's picture as a user's message
                last = results[-1]
                results[-1] = Result(last.tool, last.text, last.pictures + pictures)
    return Progress(tuple(calls), tuple(results))


def unwrapped(call: Call) -> Call:
    """The call under the tool's own name, taken out of the bridge if it goes through one."""
    match call:
        case Call(tool, {"name": str(name), "arguments": dict(given)}) if tool == _BRIDGE:
            return Call(short(name), given)
    return Call(short(call.tool), call.arguments)


def short(tool: str) -> str:
    """The tool's own name, without what the host has put in front."""
    return next((ours for ours in _OURS if tool.endswith(ours)), tool)


def _search(seen: Conversation, so_far: Progress) -> Call | str:
    """Some hosts show a tool only after a search, or after a wait for its server."""
    for tool, given in _discoveries():
        if tool in seen.tools and not any(call == Call(tool, given) for call in so_far.calls):
            return Call(tool, given)
    return f"There is no {CREATE} among: {', '.join(seen.tools)}"


def _discoveries() -> Iterator[tuple[str, dict[str, object]]]:
    yield "WaitForMcpServers", {}
    yield "ToolSearch", {"query": f"select:{','.join(f'mcp__wanx__{name}' for name in _OURS)}", "max_results": 10}
    yield "tool_search", {"query": "wanx video", "limit": 10}


def _main(so_far: Progress) -> Call | str:
    created = so_far.of(CREATE)
    if not created:
        return Call(CREATE, dict(BAD_ORDER))
    if len(created) == 1:
        return Call(CREATE, dict(ORDER))
    if so_far.task is None:
        return "The order did not go through."
    if not _is_finished(so_far):
        return _get(so_far)
    if not so_far.of(SAVE):
        return Call(SAVE, {"task_id": so_far.task})
    if not so_far.of(PREVIEW):
        return Call(PREVIEW, {"task_id": so_far.task})
    path = VIDEO.search(so_far.of(SAVE)[0].text)
    return f"Here it is: {path[0] if path else 'no path'}"


def _wait(so_far: Progress) -> Call | str:
    """An order and its wait."""
    if not so_far.of(CREATE):
        return Call(CREATE, dict(SLOW_ORDER))
    if so_far.task is None:
        return "The order did not go through."
    return "It is finished." if _is_finished(so_far) else _get(so_far)


def _again(so_far: Progress) -> Call | str:
    """The order of `_wait` once more, and what the ledger has."""
    if not so_far.of(CREATE):
        return Call(CREATE, dict(SLOW_ORDER))
    return "That is all." if so_far.of(LIST) else Call(LIST, {})


def _get(so_far: Progress) -> Call | str:
    if len(so_far.of(GET)) >= MOST_GETS:
        return "It does not end."
    return Call(GET, {"task_id": so_far.task, "wait_seconds": 45})


def _is_finished(so_far: Progress) -> bool:
    return any(re.search(r"\bcompleted\b", result.text) for result in so_far.of(GET))


_SCRIPTS = {"main": _main, "wait": _wait, "again": _again}
