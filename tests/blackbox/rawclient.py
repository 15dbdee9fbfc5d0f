"""A raw MCP client: newline-delimited JSON-RPC over the pipes of a real process, in every protocol revision, with no SDK."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
ERAS = (*LEGACY, MODERN)
CLIENT = {"name": "blackbox", "version": "1"}
PATIENCE = 120.0
"""Seconds after which something counts as never happening; nothing here asserts how quickly it happens."""


Json = dict[str, Any]


def command() -> list[str]:
    """The command under test: WANX_MCP_COMMAND, split as a shell would, or this Python's `-m wanx_mcp`."""
    return shlex.split(os.environ.get("WANX_MCP_COMMAND", "")) or [sys.executable, "-m", "wanx_mcp"]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without any setting of the server or any proxy, then `settings`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PIAPI_", "WANX_")) and not name.upper().endswith("_PROXY")
    }
    return {**kept, **settings}


@dataclass(frozen=True)
class ToolAnswer:
    """The result of tools/call as a client sees it."""

    result: Json

    @property
    def is_error(self) -> bool:
        return bool(self.result.get("isError", False))

    @property
    def text(self) -> str:
        return "\n".join(block["text"] for block in self.result["content"] if block["type"] == "text")

    @property
    def structured(self) -> Json:
        assert not self.is_error, self.text
        return self.result["structuredContent"]  # type: ignore[no-any-return]


class Refused(Exception):
    """A JSON-RPC error instead of a result."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.code = error.get("code")


class Pending:
    """A request on its way."""

    def __init__(self, server: StdioServer, request_id: int, token: str | None) -> None:
        self._server, self.request_id, self._token = server, request_id, token

    def result(self, seconds: float = PATIENCE) -> Json:
        message = self._server.answer_to(self.request_id, seconds)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]  # type: ignore[no-any-return]

    def tool_answer(self, seconds: float = PATIENCE) -> ToolAnswer:
        return ToolAnswer(self.result(seconds))

    def progress(self) -> list[Json]:
        return [
            note["params"]
            for note in self._server.notifications
            if note["method"] == "notifications/progress" and note["params"].get("progressToken") == self._token
        ]

    def cancel(self) -> None:
        self._server.notify(
            "notifications/cancelled", {"requestId": self.request_id, "reason": "the user changed their mind"}
        )


class StdioServer:
    """The process under test. `lines` is all it wrote to stdout, `stderr` all it wrote there."""

    def __init__(
        self, settings: Mapping[str, str], cwd: Path, era: str = "2025-11-25", arguments: tuple[str, ...] = ()
    ) -> None:
        self.era = era
        self.lines: list[str] = []
        self.notifications: list[Json] = []
        self.called: dict[int, str] = {}
        self._answers: dict[int, Json] = {}
        self._news = threading.Condition()
        self._ids = itertools.count(1)
        self._stderr: list[bytes] = []
        self._closed = False
        self._process = subprocess.Popen(
            [*command(), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(settings), cwd=cwd,
        )  # fmt: skip
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_stdout, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    # --- conversation ----------------------------------------------------------------------------------------------

    def open(self, capabilities: Json | None = None) -> Json:
        """The handshake of the era; its result."""
        self._capabilities = capabilities or {}
        if self.era == MODERN:
            return self.request("server/discover").result()
        hello = {"protocolVersion": self.era, "capabilities": self._capabilities, "clientInfo": CLIENT}
        result = self.request("initialize", hello).result()
        self.notify("notifications/initialized")
        return result

    def request(self, method: str, params: Json | None = None, progress: bool = False) -> Pending:
        request_id = next(self._ids)
        token = f"progress-{request_id}" if progress else None
        meta = self._envelope() | ({"progressToken": token} if token else {})
        full = {**(params or {}), **({"_meta": meta} if meta else {})}
        self._send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": full})
        return Pending(self, request_id, token)

    def notify(self, method: str, params: Json | None = None) -> None:
        meta = self._envelope()
        self._send(
            {"jsonrpc": "2.0", "method": method, "params": {**(params or {}), **({"_meta": meta} if meta else {})}}
        )

    def start_call(self, tool: str, progress: bool = False, /, **arguments: Any) -> Pending:
        pending = self.request("tools/call", {"name": tool, "arguments": arguments}, progress)
        self.called[pending.request_id] = tool
        return pending

    def call(self, tool: str, /, **arguments: Any) -> ToolAnswer:
        return self.start_call(tool, **arguments).tool_answer()

    def tools(self) -> list[Json]:
        return self.request("tools/list").result()["tools"]  # type: ignore[no-any-return]

    def answer_to(self, request_id: int, seconds: float) -> Json:
        with self._news:
            arrived = self._news.wait_for(lambda: request_id in self._answers or self._closed, seconds)
            if request_id in self._answers:
                return self._answers[request_id]
        state = "closed its stdout" if arrived else f"said nothing for {seconds:g} s"
        raise AssertionError(f"request {request_id} was not answered: the server {state}.\n{self.stderr[-2000:]}")

    def structured_answers(self) -> list[tuple[str, Json]]:
        """Every structured result so far, with the tool that gave it."""
        with self._news:
            results = [(tool, self._answers.get(number, {}).get("result", {})) for number, tool in self.called.items()]
        return [(tool, result["structuredContent"]) for tool, result in results if "structuredContent" in result]

    def answered(self, request_id: int) -> bool:
        with self._news:
            return request_id in self._answers

    def send_line(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    # --- life and death --------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stderr(self) -> str:
        return b"".join(self._stderr).decode(errors="replace")

    def close_stdin(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and no more."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def wait_for_exit(self, limit: float = PATIENCE) -> None:
        """Waits for the end of the process; fails when it goes on."""
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the process still runs after {limit:g} s.\n{self.stderr[-2000:]}") from None

    def stop(self) -> None:
        """Leaves nothing behind, whatever state the process is in."""
        self.close_stdin()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        for reader in self._readers:
            reader.join(PATIENCE)

    # --- pipes -----------------------------------------------------------------------------------------------------

    def _envelope(self) -> Json:
        if self.era != MODERN:
            return {}
        prefix = "io.modelcontextprotocol/"
        return {
            f"{prefix}protocolVersion": MODERN,
            f"{prefix}clientInfo": CLIENT,
            f"{prefix}clientCapabilities": self._capabilities,
        }

    def _send(self, message: Json) -> None:
        self.send_line(json.dumps(message))

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            with self._news:
                self.lines.append(line)
                with contextlib.suppress(ValueError, AttributeError):
                    self._sort(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _sort(self, message: Json) -> None:
        if "method" not in message and "id" in message:
            self._answers[message["id"]] = message
        elif "method" in message and "id" not in message:
            self.notifications.append(message)

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while piece := self._process.stderr.read1(65536):  # type: ignore[attr-defined]
            self._stderr.append(piece)
