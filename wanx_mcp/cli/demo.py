"""`wanx-mcp demo`: orders three simulated shots and joins them into a film, over a real stdio connection."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult

from wanx_mcp.cli.terminal import Terminal
from wanx_mcp.cli.transcript import Transcript
from wanx_mcp.errors import NotFinished
from wanx_mcp.settings import read_settings
from wanx_mcp.toolnames import CREATE, GET, JOIN, PREVIEW, SAVE

SPEED = 120
MOST_SHOWN = 70
"""Characters of an argument that are printed: a picture has many more."""

SHOTS = (
    {
        "task_type": "txt2video-14b",
        "prompt": "A paper boat drifts along a rain gutter at dusk, street lights shimmer on the water",
    },
    {"task_type": "img2video-14b", "prompt": "The camera follows the boat, a balloon drifts into view"},
    {"task_type": "img2video-14b", "prompt": "Nearer still, until the boat reaches the sea, another balloon joins"},
)
"""The shots of a film: each after the first begins with the last frame of the one before."""


class _EndedError(Exception):
    """A call failed; its error has been printed."""


def demo() -> int:
    """Run the demo. Returns the exit code."""
    folder = read_settings(os.environ).output_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"wanx-mcp demo: {folder} cannot be created ({error.strerror}); set WANX_OUTPUT_DIR", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="wanx-demo-") as state:
        code = 0
        try:
            anyio.run(_converse, folder, state, Transcript(Terminal.here()))
        except* _EndedError:  # the task groups of the client wrap it in a group
            print("wanx-mcp demo: stopped by the error above; wanx-mcp doctor may find the cause", file=sys.stderr)
            code = 1
        except* (MCPError, anyio.ClosedResourceError, anyio.BrokenResourceError) as ended:
            why = next(_leaves(ended), ended)
            print(f"wanx-mcp demo: the server has ended ({why}); wanx-mcp doctor may find the cause", file=sys.stderr)
            code = 1
    return code


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[BaseException]:
    """The errors in the group and in the groups within it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _converse(folder: Path, state: str, shown: Transcript) -> None:
    environment = {
        "WANX_SIMULATE": "1",
        "WANX_SIMULATE_SPEED": str(SPEED),
        "WANX_STATE_DIR": state,
        "WANX_OUTPUT_DIR": str(folder),
    }
    command = StdioServerParameters(command=sys.executable, args=["-m", "wanx_mcp"], env=_inherited() | environment)
    shown.say("This demo uses the simulator: no key, no network, no money.")
    shown.say()
    async with Client(stdio_client(command)) as client:
        shots: list[str] = []
        charged = 0.0
        for number, order in enumerate(SHOTS, 1):
            image = {"image": f"task:{shots[-1]}"} if shots else {}
            asked = {**order, **image, "request_id": f"film-shot-{number}"}
            task = {"task_id": (await _until("task_id", shown, client, CREATE, asked))["task_id"]}
            seen = await _until("video_url", shown, client, GET, {**task, "wait_seconds": 45})
            charged += seen.get("charged_usd", 0.0)
            await _until("path", shown, client, SAVE, task)
            shots.append(task["task_id"])
        film = await _until("path", shown, client, JOIN, {"task_ids": shots})
        preview = _text(await _call(shown, client, PREVIEW, {"task_id": film["film_id"], "frames": 12}))
    sheets = re.findall(r"Sheet: (.+?) \. ", preview)
    print(_summary(folder, film["path"], sheets))  # not wrapped, because paths and the command are to be copied
    shown.say(f"With the real provider, this would have cost ${charged:.2f}.")


def _summary(folder: Path, film: str, sheets: list[str]) -> str:
    opener = {"darwin": "open", "win32": "explorer"}.get(sys.platform, "xdg-open")
    lines = ["The film, for any player (its shots lie beside it):", f"  {film}"]
    if sheets:
        lines += ["Its contact sheet, as a model sees it:", *(f"  {path}" for path in sheets)]
    return "\n".join([*lines, f'To open the folder: {opener} "{folder}"'])


async def _until(
    fact: str, shown: Transcript, client: Client, tool: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Call `tool` until its result has `fact`. On a slow machine, which also renders the videos, that takes several."""
    while fact not in (facts := _facts(await _call(shown, client, tool, arguments))):
        if facts.get("status") == "failed":
            raise _EndedError
    return facts


async def _call(shown: Transcript, client: Client, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
    async def move(progress: float, total: float | None, message: str | None) -> None:
        shown.progress(progress / (total or 100), message or "")

    words = ", ".join(f"{name}={_short(value)}" for name, value in arguments.items())
    shown.turn("agent", f"{tool}({words})")
    try:
        result = await client.call_tool(tool, dict(arguments), progress_callback=move)
    finally:
        shown.clear_progress()
    shown.turn("error" if result.is_error else "server", _text(result))
    shown.say()
    if result.is_error and not _text(result).startswith(NotFinished.code):
        raise _EndedError
    return result


def _facts(result: CallToolResult) -> dict[str, Any]:
    return dict(result.structured_content or {})


def _text(result: CallToolResult) -> str:
    pictures = [f"[{block.mime_type}]" for block in result.content if block.type == "image"]
    return " ".join([*(block.text for block in result.content if block.type == "text"), *pictures])


def _short(value: object) -> str:
    words = repr(value)
    return words if len(words) <= MOST_SHOWN or " " in words else f"{words[: MOST_SHOWN // 2]}...'"


def _inherited() -> dict[str, str]:
    ours = ("WANX_", "PIAPI_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
