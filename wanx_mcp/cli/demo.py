"""`wanx-mcp demo`: the whole main job over a real stdio connection, against the simulator."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult

from wanx_mcp.settings import read_settings

SPEED = 60
ORDER = {
    "task_type": "txt2video-14b",
    "prompt": "A paper boat drifts along a rain gutter at dusk, street lights shimmer on the water",
}


def demo() -> int:
    """Run the demo. Returns the exit code."""
    folder = read_settings(os.environ).output_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"wanx-mcp demo: {folder} cannot be made ({error.strerror}); set WANX_OUTPUT_DIR", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="wanx-demo-") as state:
        anyio.run(_converse, folder, state)
    return 0


async def _converse(folder: Path, state: str) -> None:
    environment = {"WANX_SIMULATE": "1", "WANX_SIMULATE_SPEED": str(SPEED), "WANX_STATE_DIR": state}
    command = StdioServerParameters(command=sys.executable, args=["-m", "wanx_mcp"], env=_inherited() | environment)
    print("This demo is simulated: no key, no network, no money.\n")
    async with Client(stdio_client(command)) as client:
        ordered = await _call(client, "create_wanx_task", ORDER)
        task_id = ordered["task_id"]
        seen = await _call(client, "get_wanx_task", {"task_id": task_id, "wait_seconds": 45})
        path = folder / f"demo-{task_id[:8]}.mp4"
        await anyio.to_thread.run_sync(_download, seen["video_url"], path)
        print(f"Saved: {path} ({path.stat().st_size // 1024} kB)")
        print(f"For real this would have cost ${seen['charged_usd']:.2f}.")


async def _call(client: Client, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    print(f"agent  > {tool}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})")
    result = await client.call_tool(tool, dict(arguments), progress_callback=_progress)
    if sys.stdout.isatty():
        print("\r\033[K", end="")
    print(f"server < {_text(result)}\n", flush=True)
    if result.is_error or result.structured_content is None:
        raise SystemExit(f"the demo ended at {tool}")
    return dict(result.structured_content)


async def _progress(progress: float, total: float | None, message: str | None) -> None:
    width = round(progress / (total or 100) * 30)
    line = f"         [{'#' * width}{'.' * (30 - width)}] {message or ''}"
    print(f"\r\033[K{line}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)


def _text(result: CallToolResult) -> str:
    return " ".join(block.text for block in result.content if block.type == "text")


def _inherited() -> dict[str, str]:
    ours = ("WANX_", "PIAPI_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _download(url: str, path: Path) -> None:
    with build_opener(ProxyHandler({})).open(url, timeout=30) as response:
        path.write_bytes(response.read())
