"""The hosts as rows: the format of their configuration, where it goes, and the next steps."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wanx_mcp.cli.config.launch import KEY, SERVER, Launch

HOST_START_SECONDS = 60
"""A first start compiles hundreds of modules."""

HOST_CALL_SECONDS = 90
"""No call of this server takes longer than 50 s."""

PROMPT = "piapi_key"


@dataclass(frozen=True, slots=True)
class Host:
    """One program that starts MCP servers. `files` by platform; `servers` is the key of the servers in the file."""

    name: str
    title: str
    files: Mapping[str, str]
    servers: str
    write: Callable[[Launch], str]
    steps: tuple[str, ...]
    prompts: bool = False
    opening: str = "This is the configuration for {}. It goes into:"
    comments: bool = False
    """Whether the file may contain comments, which JSON does not allow."""

    def file(self, environment: Mapping[str, str]) -> Path | None:
        """Where the host keeps its servers on this machine, None without that folder's variable or a home folder."""
        try:
            return _resolved(self.files[platform()], environment)
        except RuntimeError:  # no home folder
            return None


def platform() -> str:
    """The platform of this machine, as a key of `files`."""
    return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, "Linux")


def find_host(name: str) -> Host:
    """The row called `name`. Raises LookupError."""
    return next(host for host in HOSTS if host.name == name)


def quoted(words: tuple[str, ...], *, windows: bool) -> str:
    """`words` as one line for the platform's shell."""
    if not windows:
        return shlex.join(words)
    # PowerShell removes a bare --, but not a quoted one; cmd accepts both.
    return " ".join('"--"' if word == "--" else subprocess.list2cmdline([word]) for word in words)


def _resolved(pattern: str, environment: Mapping[str, str]) -> Path | None:
    head, _, rest = pattern.replace("\\", "/").partition("/")
    if head == "~":
        return Path.home() / rest
    if head.startswith("$"):  # for example $CODEX_HOME: a variable, and the default folder after the colon
        name, _, usual = head[1:].partition(":")
        base = environment.get(name)
        return Path(base) / rest if base else Path.home() / usual / rest
    base = environment.get(head.strip("%"))
    return Path(base) / rest if base else None


def _entry(launch: Launch) -> dict[str, Any]:
    args = {"args": list(launch.args)} if launch.args else {}
    return {"command": launch.command, **args, "env": dict(launch.env)}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)


def _mcp_servers(launch: Launch) -> str:
    return _json({"mcpServers": {SERVER: _entry(launch)}})


def _vscode(launch: Launch) -> str:
    server = {"type": "stdio", **_entry(launch)}
    if not launch.prompts:
        return _json({"servers": {SERVER: server}})
    ask = {"type": "promptString", "id": PROMPT, "description": "PiAPI key for WanX videos", "password": True}
    server["env"] = {KEY: f"${{input:{PROMPT}}}", **launch.env}
    return _json({"inputs": [ask], "servers": {SERVER: server}})


def _claude_code(launch: Launch) -> str:
    variables = [word for name, value in launch.env.items() for word in ("-e", f"{name}={value}")]
    line = ("claude", "mcp", "add", SERVER, "--scope", "user", *variables, "--", *launch.words)
    return quoted(line, windows=os.name == "nt")


def _codex(launch: Launch) -> str:
    # The first line is empty, because the last line of the file may not end with a line break.
    lines = ["", f"[mcp_servers.{SERVER}]", f"command = {_toml(launch.command)}"]
    if launch.args:
        lines.append(f"args = [{', '.join(map(_toml, launch.args))}]")
    lines += [f"startup_timeout_sec = {HOST_START_SECONDS}", f"tool_timeout_sec = {HOST_CALL_SECONDS}", ""]
    lines += [f"[mcp_servers.{SERVER}.env]", *(f"{name} = {_toml(value)}" for name, value in launch.env.items())]
    return "\n".join(lines)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_ADD = 'If the file has "{}" already, add only the entry "' + SERVER + '" to it.'

HOSTS: tuple[Host, ...] = (
    Host(
        "claude-desktop",
        "Claude Desktop",
        {
            "macOS": "~/Library/Application Support/Claude/claude_desktop_config.json",
            "Windows": "%APPDATA%\\Claude\\claude_desktop_config.json",
            "Linux": "~/.config/Claude/claude_desktop_config.json",
        },
        "mcpServers",
        _mcp_servers,
        ("Settings > Developer > Edit Config opens it.", _ADD.format("mcpServers"), "Then restart Claude Desktop."),
    ),
    Host(
        "claude-code",
        "Claude Code",
        dict.fromkeys(("macOS", "Windows", "Linux"), "~/.claude.json"),
        "mcpServers",
        _claude_code,
        (
            f"If there is one already, first: claude mcp remove {SERVER} --scope user",
            "Run the line in a terminal: it adds the server for all your projects. Then: claude mcp list",
        ),
        opening="This is the line to run for {}. It writes to:",
    ),
    Host(
        "cursor",
        "Cursor",
        dict.fromkeys(("macOS", "Windows", "Linux"), "~/.cursor/mcp.json"),
        "mcpServers",
        _mcp_servers,
        (_ADD.format("mcpServers"), "Then switch it on in Cursor's settings, under MCP."),
    ),
    Host(
        "vscode",
        "VS Code",
        {
            "macOS": "~/Library/Application Support/Code/User/mcp.json",
            "Windows": "%APPDATA%\\Code\\User\\mcp.json",
            "Linux": "~/.config/Code/User/mcp.json",
        },
        "servers",
        _vscode,
        (
            'The command "MCP: Open User Configuration" opens it; .vscode/mcp.json serves one project.',
            _ADD.format("servers") + f' The entry "{PROMPT}", if printed, belongs in its "inputs".',
        ),
        prompts=True,
        comments=True,
    ),
    Host(
        "codex",
        "Codex",
        dict.fromkeys(("macOS", "Windows", "Linux"), "$CODEX_HOME:.codex/config.toml"),
        "mcp_servers",
        _codex,
        ("Append it to that file; remove an older [mcp_servers.wanx] first. Then: codex mcp list",),
    ),
)
