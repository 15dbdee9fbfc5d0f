"""From the start of the process to the answer of tools/list, against a hello-world server on the same SDK.

Peers from the Python package index are measured too where they are installed: `--peer "command with arguments"`.
Target: at most 0.95 of hello-world.
"""

from __future__ import annotations

import compileall
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

import wanx_mcp

ROUNDS = 25
HELLO = """
from mcp.server import MCPServer
server = MCPServer("hello")
@server.tool()
async def hello(name: str) -> str:
    "Say hello."
    return name
server.run("stdio")
"""
CALLS = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}},
]


def once(command: list[str]) -> float:
    """Seconds until the answer to tools/list."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    begun = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=quiet
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"".join(json.dumps(call).encode() + b"\n" for call in CALLS))
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith(b"{") and json.loads(line).get("id") == 2:  # some peers write other things there too
                break
        else:
            raise SystemExit(f"no answer from {command}")
        span = time.perf_counter() - begun
        process.kill()
    return span


def main() -> None:
    compileall.compile_dir(next(iter(wanx_mcp.__path__)), quiet=1)  # as an installer does
    servers = {
        "hello-world": [sys.executable, "-c", HELLO],
        "wanx-mcp": [sys.executable, "-m", "wanx_mcp"],
    }
    peers = [shlex.split(sys.argv[index + 1]) for index, word in enumerate(sys.argv) if word == "--peer"]
    servers |= {f"peer {' '.join(peer)[-40:]}": peer for peer in peers}
    spans: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine meets them all
        for name, command in servers.items():
            spans[name].append(once(command))
    base = spans["hello-world"]
    for name, measured in spans.items():
        middle, best = statistics.median(measured), min(measured)
        ratios = f"ratio {middle / statistics.median(base):.2f} (of the best {best / min(base):.2f})"
        print(f"{name:>20}: {middle * 1000:6.0f} ms, {ratios}")


if __name__ == "__main__":
    main()
