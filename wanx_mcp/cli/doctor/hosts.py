"""Checks of the hosts' configuration files on this machine: whether they start this installation, and correctly."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from wanx_mcp.cli.config import HOSTS, Host
from wanx_mcp.cli.config.launch import KEY, PLACEHOLDER, this_command
from wanx_mcp.cli.doctor.checks import Check, Finding, Installation, ok, warning, wrong

_DOWNLOADERS = ("uvx", "pipx", "npx")
"""Commands that download a package by its name."""


def host_checks(environment: Mapping[str, str]) -> list[Check]:
    """A row for each host that is configured here, or one row that says that none is."""
    existing = [(host, path) for host in HOSTS if (path := host.file(environment)) is not None and path.is_file()]
    rows = [Check(host.title, partial(_host, host, path)) for host, path in existing if _mentions(path)]
    return rows or [Check("hosts", _none)]


async def _none(_installation: Installation) -> Finding:
    choices = ", ".join(host.name for host in HOSTS)
    return ok(f"no host is configured yet: wanx-mcp config HOST prints the configuration ({choices})")


async def _host(host: Host, path: Path, _installation: Installation) -> Finding:
    again = f"wanx-mcp config {host.name} prints the right entry."
    try:
        document = _read(path)
    except ValueError as error:
        found = f"{path} cannot be read as {path.suffix[1:].upper()}: {error}"
        if host.comments and path.suffix == ".json":
            return warning(f"{found} (comments are allowed there; this check cannot read them)", again, "invalid_file")
        return wrong(f"{found}. {host.title} cannot start servers from it.", again, "invalid_file")
    except OSError as error:
        return warning(f"{path} cannot be read: {error.strerror}", again, "unreadable_file")
    entries = [entry for servers in _servers(document, host.servers) for entry in servers.values() if _is_ours(entry)]
    if not entries:
        return ok(f"{path} mentions wanx, but has no entry for this server: wanx-mcp config {host.name}")
    findings = [_entry(host, path, entry, again) for entry in entries]
    return next((finding for finding in findings if finding.fix), findings[0])


def _entry(host: Host, path: Path, entry: Mapping[str, Any], again: str) -> Finding:
    command, args = str(entry["command"]), [str(word) for word in entry.get("args") or ()]
    name = Path(command.replace("\\", "/")).stem.lower()
    if name in _DOWNLOADERS or (name == "uv" and "tool" in args):
        found = f"{path} downloads the package by name, but it is not published: {command}"
        return wrong(found, f"Start this installation instead: {again}", "fetched_by_name")
    if not os.path.isabs(command):
        found = f'{path} starts "{command}", which {host.title} may not find: desktop programs search few folders'
        return warning(found, f"Use the full path: {again}", "relative_command")
    if shutil.which(command) is None:
        return wrong(f"{path} starts {command}, which does not exist.", again, "missing_command")
    if _env(entry).get(KEY) == PLACEHOLDER:
        return wrong(f"{path} still has {PLACEHOLDER} instead of the key.", "Replace it with your PiAPI key.", "no_key")
    if (command, *args) not in ((*this_command(),), (*_module(),)):
        found = f"{path} starts another installation: {' '.join((command, *args))[:200]}"
        return warning(found, f"If that is not intended: {again}", "other_installation")
    return ok(f"{path} starts this installation")


def _module() -> tuple[str, ...]:
    """This installation as `python -m wanx_mcp`."""
    folder = Path(this_command()[0]).parent
    python = next((path for name in ("python", "python3", "python.exe") if (path := folder / name).exists()), folder)
    return str(python), "-m", "wanx_mcp"


def _mentions(path: Path) -> bool:
    try:
        return b"wanx" in path.read_bytes().lower()
    except OSError:
        return False


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)


def _servers(document: Any, key: str) -> Iterator[Mapping[str, Any]]:
    """Every table of servers, including those that Claude Code keeps for single projects."""
    if isinstance(document, dict):
        if isinstance(found := document.get(key), dict):
            yield found
        projects = document.get("projects")
        for project in projects.values() if isinstance(projects, dict) else ():
            yield from _servers(project, key)


def _is_ours(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("command"), str):
        return False
    args = entry.get("args")
    words = [entry["command"], *(args if isinstance(args, list) else ())]
    return any(mark in str(word) for word in words for mark in ("wanx-mcp", "wanx_mcp"))


def _env(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    env = entry.get("env")
    return env if isinstance(env, dict) else {}
