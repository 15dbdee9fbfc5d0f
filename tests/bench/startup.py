"""From the start of the process to the answer of tools/list, and to that of the first call behind it.

Beside it a hello-world server on the same SDK, and this server without its front. Both with and without compiled files.
Peers from the Python package index are measured too where they are installed: `--peer "command with arguments"`.
Targets: tools/list at most 0.10 of hello-world, the first call at most 1.05 of that without the front.
"""

from __future__ import annotations

import compileall
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

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
NO_FRONT = "import gc; gc.disable(); from wanx_mcp.cli.serve import serve; serve(None, lambda: None)"
OPENING = [
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
ORDER = {"task_type": "txt2video-1.3b", "prompt": "a paper boat", "dry_run": True}
CALL = {
    "jsonrpc": "2.0",
    "id": 3,
    "method": "tools/call",
    "params": {"name": "create_wanx_task", "arguments": ORDER},
}


@dataclass
class Measured:
    """A server: how it is started, whether its first call counts, and the seconds that it took."""

    command: list[str]
    call: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    spans: list[float] = field(default_factory=list)

    def once(self) -> None:
        """Start it, and wait for its answer."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
        with tempfile.TemporaryDirectory() as folder:
            own = {"WANX_SIMULATE": "1", "WANX_STATE_DIR": folder, **self.environment}
            begun = time.perf_counter()
            with subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=inherited | own,
            ) as process:
                self._converse(process)
                self.spans.append(time.perf_counter() - begun)
                process.kill()

    def _converse(self, process: subprocess.Popen[bytes]) -> None:
        _send(process, *OPENING)
        _await(process, 2)
        if self.call:
            _send(process, CALL)
            _await(process, 3)


def _send(process: subprocess.Popen[bytes], *messages: object) -> None:
    assert process.stdin
    process.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
    process.stdin.flush()


def _await(process: subprocess.Popen[bytes], number: int) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith(b"{") and json.loads(line).get("id") == number:  # some peers write other things there too
            return
    raise SystemExit(f"no answer from {process.args!r}")


def main() -> None:
    compileall.compile_dir(next(iter(wanx_mcp.__path__)), quiet=1)  # as an installer does
    hello, ours, bare = ([sys.executable, *rest] for rest in (("-c", HELLO), ("-m", "wanx_mcp"), ("-c", NO_FRONT)))
    with tempfile.TemporaryDirectory() as empty:
        uncompiled = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": empty}
        servers = {
            "hello-world": Measured(hello),
            "wanx-mcp": Measured(ours),
            "hello-world, no .pyc": Measured(hello, environment=uncompiled),
            "wanx-mcp, no .pyc": Measured(ours, environment=uncompiled),
            "first call, no front": Measured(bare, call=True),
            "first call": Measured(ours, call=True),
        }
        peers = [shlex.split(sys.argv[index + 1]) for index, word in enumerate(sys.argv) if word == "--peer"]
        servers |= {f"peer {' '.join(peer)[-40:]}": Measured(peer) for peer in peers}
        for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine meets them all
            for server in servers.values():
                server.once()
    report(servers)


def report(servers: Mapping[str, Measured]) -> None:
    print(f"{ROUNDS} rounds, medians; load {os.getloadavg()[0]:.1f}")
    middle = {name: statistics.median(server.spans) for name, server in servers.items()}
    base = "hello-world"
    for name, server in servers.items():
        base = name if name.startswith("hello") or name == "first call, no front" else base
        base = "hello-world" if name.startswith("peer") else base
        ratios = f"{middle[name] / middle[base]:.2f} of {base}"
        best = min(server.spans) / min(servers[base].spans)
        print(f"{name:>21}: {middle[name] * 1000:6.0f} ms, {ratios} (of the best {best:.2f})")


if __name__ == "__main__":
    main()
