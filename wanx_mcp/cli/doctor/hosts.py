"""Checks of the hosts' configuration files on this machine: whether they start this installation, and correctly."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from wanx_mcp.cli.config import HOSTS, Host
from wanx_mcp.cli.config.files import read
from wanx_mcp.cli.config.formats import Unreadable
from wanx_mcp.cli.config.launch import KEY, PLACEHOLDER, this_command
from wanx_mcp.cli.doctor.checks import Check, Finding, Installation, ok, warning, wrong

_DOWNLOADERS = ("uvx", "pipx", "npx")
"""Commands that download a package by its name."""


def host_checks(environment: Mapping[str, str]) -> list[Check]:
    """A row for each host that is configured here, or one row that says that none is."""
    existing = [(host, path) for host in HOSTS for path in host.main.file.candidates(environment) if path.is_file()]
    rows = [Check(host.title, partial(_host, host, path)) for host, path in existing if _mentions(path)]
    return rows or [Check("hosts", _none)]


async def _none(_installation: Installation) -> Finding:
    choices = ", ".join(host.name for host in HOSTS)
    return ok(f"no host is configured yet: wanx-mcp config HOST --write adds this server to one ({choices})")


async def _host(host: Host, path: Path, _installation: Installation) -> Finding:
    command = f"wanx-mcp config {host.name} --write"
    again = f"{command} puts the right entry there."
    try:
        text = read(path)
        document = host.main.file.format.parse(text.text)
    except Unreadable as error:
        found = f"{path} cannot be read: {error}. {host.title} cannot start servers from it."
        return wrong(found, f"Correct the file by hand, then: {command}", "invalid_file")
    except OSError as error:
        return warning(f"{path} cannot be read: {error.strerror}", again, "unreadable_file")
    if text.encoding:
        found = f"{path} is {text.encoding}, which {host.title} may not be able to read"
        return warning(found, f"{again} It also makes the file plain UTF-8.", "encoding")
    entries = [entry for entry in _entries(document, host.main.file.servers or "") if _is_ours(entry)]
    if not entries:
        return ok(f"{path} mentions wanx, but has no entry for this server: wanx-mcp config {host.name}")
    findings = [_entry(host, path, entry, again) for entry in entries]
    return next((finding for finding in findings if finding.fix), findings[0])


def _entry(host: Host, path: Path, entry: Mapping[str, Any], again: str) -> Finding:
    command, *args = _words(entry)
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
        return b"wanx" in path.read_bytes().replace(b"\0", b"").lower()  # it may be UTF-16
    except OSError:
        return False


def _entries(document: Any, key: str) -> Iterator[Mapping[str, Any]]:
    """The entry of every server, including those that Claude Code keeps for single projects."""
    if not isinstance(document, dict):
        return
    servers = document.get(key)
    entries = servers.values() if isinstance(servers, dict) else servers if isinstance(servers, list) else ()
    yield from (entry for entry in entries if isinstance(entry, dict))
    projects = document.get("projects")
    for project in projects.values() if isinstance(projects, dict) else ():
        yield from _entries(project, key)


def _words(entry: Mapping[str, Any]) -> list[str]:
    """The command and its arguments, which some hosts keep in one list."""
    command, args = entry.get("command"), entry.get("args")
    first = command if isinstance(command, list) else [command] if isinstance(command, str) else []
    return [str(word) for word in (*first, *(args if isinstance(args, list) else ()))]


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return any(mark in word for word in _words(entry) for mark in ("wanx-mcp", "wanx_mcp"))


def _env(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    env = entry.get("env", entry.get("environment"))
    return env if isinstance(env, dict) else {}
