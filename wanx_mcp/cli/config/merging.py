"""What a host's document looks like with this server in it: what a person has set there is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wanx_mcp.cli.config.formats import Document
from wanx_mcp.cli.config.launch import FREE, PLACEHOLDER, SERVER

_START = ("type", "command", "args")
"""The members of an entry that say how the server is started: ours replace those that were there."""

_ENVIRONMENTS = ("env", "environment")
_ADDRESSES = ("url", "httpUrl", "serverUrl")
"""An entry with one of these is a server elsewhere, and is replaced as a whole."""


class Conflict(Exception):
    """The host's servers are not where they should be; the message names the key."""


def merged(old: Document, fragment: Document, servers: str | None) -> Document:
    """`old` with the `fragment` of this server, whose entry is in `servers`. Raises Conflict."""
    new = dict(old)
    for key, value in fragment.items():
        new[key] = _servers(old.get(key), value, key) if key == servers else _kept(old.get(key), value)
    return new


def _servers(old: Any, ours: Any, key: str) -> Any:
    """The servers of the host, with our entry: a table by name, or a list of entries that have a name."""
    if old is not None and not isinstance(old, type(ours)):
        raise Conflict(f'"{key}" is not a {"table" if isinstance(ours, dict) else "list"} there')
    if isinstance(ours, dict):
        there = old or {}
        return {**there, SERVER: _entry(there.get(SERVER), ours[SERVER])}
    (entry,) = ours
    there = old or []
    named = [each for each in there if isinstance(each, dict) and each.get("name") == SERVER]
    if not named:
        return [*there, entry]
    return [_entry(each, entry) if each is named[0] else each for each in there]


def _entry(old: Any, ours: Mapping[str, Any]) -> Document:
    if not isinstance(old, dict) or any(name in old for name in _ADDRESSES):
        return dict(ours)
    new = {name: value for name, value in old.items() if name not in _START or name in ours}
    for name, value in ours.items():
        if name in _ENVIRONMENTS:
            new[name] = _environment(old.get(name), value)
        elif name in _START or name not in old:
            new[name] = value
        elif isinstance(value, dict):
            new[name] = _kept(old[name], value)
    return new


def _environment(old: Any, ours: Mapping[str, str]) -> Document:
    """The variables with ours; a key stays where ours has no key itself, and the simulator goes unless asked for."""
    there = {name: value for name, value in old.items() if name not in FREE} if isinstance(old, dict) else {}
    added = {name: value for name, value in ours.items() if not (_is_no_key(value) and there.get(name))}
    return {**there, **added}


def _is_no_key(value: str) -> bool:
    """Whether `value` stands for a key: the placeholder, or a reference that the host fills in."""
    return value == PLACEHOLDER or value.startswith("${")


def _kept(old: Any, ours: Any) -> Any:
    """`old` where a person has decided, with what is missing from `ours`."""
    if old is None:
        return ours
    if isinstance(old, dict) and isinstance(ours, dict):
        decided = [one for value in old.values() if isinstance(value, list) for one in value]
        return {**old, **{name: _united(old.get(name), value, decided) for name, value in ours.items()}}
    return _united(old, ours, old if isinstance(old, list) else [])


def _united(old: Any, ours: Any, decided: Iterable[Any]) -> Any:
    if isinstance(ours, list) and (old is None or isinstance(old, list)):
        return [*(old or ()), *(one for one in ours if not _is_decided(one, decided))]
    return _kept(old, ours) if old is None or (isinstance(old, dict) and isinstance(ours, dict)) else old


def _is_decided(ours: Any, decided: Iterable[Any]) -> bool:
    """Whether `ours`, a tool or a table with an id, is among `decided`, or a pattern there covers it."""
    for one in decided:
        if isinstance(ours, dict) and isinstance(one, dict):
            if ours.get("id") == one.get("id"):
                return True
        elif one == ours or (isinstance(one, str) and isinstance(ours, str) and _covers(one, ours)):
            return True
    return False


def _covers(pattern: str, tool: str) -> bool:
    """Whether a rule for a whole server, such as mcp__wanx or mcp__wanx__*, is about `tool`."""
    head = pattern.removesuffix("*").rstrip("_")
    return head.endswith(SERVER) and tool.startswith(f"{head}_")
