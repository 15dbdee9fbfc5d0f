"""What each host needs in its files: the entry of this server, and which tools run without a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wanx_mcp.cli.config.formats import Document
from wanx_mcp.cli.config.launch import KEY, SERVER, Launch

HOST_START_SECONDS = 60
"""A first start compiles hundreds of modules."""

HOST_CALL_SECONDS = 90
"""No call of this server takes longer than 50 s."""

PROMPT = "piapi_key"


def mcp_servers(launch: Launch) -> Document:
    """The form that most hosts have taken over from Claude Desktop."""
    return {"mcpServers": {SERVER: _entry(launch)}}


def vscode(launch: Launch) -> Document:
    """VS Code asks for the key at the first start, and stores it."""
    server = {"type": "stdio", **_entry(launch)}
    if not launch.prompts:
        return {"servers": {SERVER: server}}
    ask = {"type": "promptString", "id": PROMPT, "description": "PiAPI key for WanX videos", "password": True}
    server["env"] = {KEY: f"${{input:{PROMPT}}}", **launch.env}
    return {"inputs": [ask], "servers": {SERVER: server}}


def claude_code(launch: Launch) -> Document:
    """What `claude mcp add --scope user` writes."""
    entry = _entry(launch)
    return {"mcpServers": {SERVER: {"type": "stdio", "command": launch.command, "args": [], **entry}}}


def claude_code_permissions(_launch: Launch) -> Document:
    """Claude Code asks before every tool that is not listed here."""
    # No `ask` rule for orders: it would also beat what a person allows on the command line for `claude -p`.
    return {"permissions": {"allow": [f"mcp__{SERVER}__{name}" for name in _free_tools()]}}


def codex(launch: Launch) -> Document:
    """Without `required`, `codex exec` begins before a server has listed its tools (measured: after 1.1 s)."""
    start = {"startup_timeout_sec": HOST_START_SECONDS, "tool_timeout_sec": HOST_CALL_SECONDS, "required": True}
    command, env = _entry(launch), dict(launch.env)
    del command["env"]
    tools = {name: {"approval_mode": "approve"} for name in _free_tools()}
    tools |= {name: {"approval_mode": "prompt"} for name in _asking_tools()}
    return {"mcp_servers": {SERVER: {**command, **start, "env": env, "tools": tools}}}


def gemini(launch: Launch) -> Document:
    """Gemini CLI asks before every tool that is not listed here."""
    server = {**_entry(launch), "timeout": HOST_CALL_SECONDS * 1000}
    allowed = [f"mcp_{SERVER}_{name}" for name in _free_tools()]
    return {"mcpServers": {SERVER: server}, "tools": {"allowed": allowed}}


def opencode(launch: Launch) -> Document:
    """OpenCode asks before no tool that is not listed here."""
    server = {
        "type": "local",
        "command": list(launch.words),
        "environment": dict(launch.env),
        "enabled": True,
        "timeout": HOST_CALL_SECONDS * 1000,
    }
    return {"mcp": {SERVER: server}, "permission": {f"{SERVER}_{name}": "ask" for name in _asking_tools()}}


def qwen(launch: Launch) -> Document:
    """Qwen Code asks before every tool that is not allowed; `ask` holds in its automatic mode too."""
    server = {**_entry(launch), "timeout": HOST_CALL_SECONDS * 1000}
    allow, ask = ([f"mcp__{SERVER}__{name}" for name in names] for names in (_free_tools(), _asking_tools()))
    return {"mcpServers": {SERVER: server}, "permissions": {"allow": allow, "ask": ask}}


def copilot(launch: Launch) -> Document:
    """Copilot CLI wants a type, arguments and the tools; it asks before each tool."""
    server = {"type": "local", "command": launch.command, "args": [], **_entry(launch), "tools": ["*"]}
    return {"mcpServers": {SERVER: {**server, "timeout": HOST_CALL_SECONDS * 1000}}}


def cline(launch: Launch) -> Document:
    """Cline's time limit is in seconds."""
    return {"mcpServers": {SERVER: {**_entry(launch), "timeout": HOST_CALL_SECONDS, "disabled": False}}}


def continue_config(launch: Launch) -> Document:
    """Continue has a list of servers, each with its name."""
    return {"mcpServers": [{"name": SERVER, **_entry(launch)}]}


def continue_permissions(_launch: Launch) -> Document:
    """Continue knows tools by their own names."""
    return {"allow": list(_free_tools()), "ask": list(_asking_tools())}


def _entry(launch: Launch) -> dict[str, Any]:
    args = {"args": list(launch.args)} if launch.args else {}
    return {"command": launch.command, **args, "env": dict(launch.env)}


def _free_tools() -> Iterator[str]:
    """The tools that run unasked: those that neither spend money nor end a task."""
    return (name for name, destroys in _tools() if not destroys)


def _asking_tools() -> Iterator[str]:
    """The tools before which a person should be asked."""
    return (name for name, destroys in _tools() if destroys)


def _tools() -> Iterator[tuple[str, bool]]:
    from wanx_mcp.catalog import CATALOG
    from wanx_mcp.server.tools import tool_rows

    return ((row.name, row.annotations.destructive_hint is not False) for row in tool_rows(CATALOG))
