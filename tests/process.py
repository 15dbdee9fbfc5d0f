"""The server as a real process, on a machine that may lack something: room on the disk, or a UTF-8 locale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.world import KEY, Agent

PLAIN = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale in which file names are ASCII."""

SERVER = (sys.executable, "-m", "wanx_mcp")
_LIMITED = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


def ascii_names() -> bool:
    """Whether this platform's file names go by the locale at all."""
    code = "import sys; print(sys.getfilesystemencoding())"
    told = subprocess.run([sys.executable, "-c", code], env={**os.environ, **PLAIN}, capture_output=True, check=True)
    return told.stdout.strip() != b"utf-8"


def limited(most: int, *arguments: str) -> tuple[str, ...]:
    """Python with these arguments, in a process that can write no file longer than `most` bytes."""
    return (sys.executable, "-c", _LIMITED, str(most), *arguments)


def cramped(folder: Path, kilobytes: int) -> tuple[str, ...]:
    """The server in a mount namespace of its own, with a disk of that size in the place of `folder`."""
    script = f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(folder), *SERVER)


@asynccontextmanager
async def running(
    provider: str, folder: Path, command: Sequence[str] = SERVER, **environment: str
) -> AsyncIterator[Agent]:
    """An agent in front of a server process with its provider at that address, and its ledger in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    ours = {"PIAPI_API_KEY": KEY, "PIAPI_BASE_URL": provider, "WANX_STATE_DIR": str(folder), "WANX_AUTO_SAVE": "false"}
    parameters = StdioServerParameters(command=command[0], args=list(command[1:]), env=inherited | ours | environment)
    async with Client(stdio_client(parameters)) as client:
        yield Agent(client)


async def finished(agent: Agent, **order: str) -> str:
    """The id of a task whose video is there; the provider's clock is that of life, its speed need not be."""
    task_id = str((await agent.order(**order))["task_id"])
    with anyio.fail_after(120):
        while (await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=2))["status"] != "completed":
            pass
    return task_id
