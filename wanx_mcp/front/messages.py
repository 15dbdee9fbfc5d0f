"""A line of the wire as a message, unless something in it could be read in two ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

TYPE_CHECKING = False  # `typing` itself takes longer to import than everything here
if TYPE_CHECKING:
    from typing import Any, NoReturn

LONGEST_LINE = 65_536
"""Bytes. Longer lines carry pictures; they wait for the SDK in any case."""

_MOST_BRACKETS = 100
"""Each reader of JSON has a depth beyond which it refuses, the SDK's at 200; so many brackets cannot be as deep."""

_MOST_DIGITS = 15
"""Integers up to here are the same in every JSON reader."""


class Message:
    """A request, or a notification if it has no id. `line` is the message as it came."""

    __slots__ = ("id", "line", "method", "params")

    def __init__(self, line: bytes, id_: str | int | None, method: str, params: dict[str, Any] | None) -> None:
        self.line = line
        self.id = id_
        self.method = method
        self.params = params

    @property
    def meta(self) -> dict[str, Any]:
        """`_meta` of the parameters, empty if there is none."""
        meta = (self.params or {}).get("_meta")
        return meta if isinstance(meta, dict) else {}

    def renamed(self, id_: str) -> bytes:
        """The line of the same request with another id."""
        body = {"jsonrpc": "2.0", "id": id_, "method": self.method}
        return dump(body if self.params is None else {**body, "params": self.params}) + b"\n"


def dump(value: object) -> bytes:
    """`value` as the SDK writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read(line: bytes) -> Message | None:
    """The message in `line`, which ends with its newline. None: only the SDK can say what it means."""
    body = line.removesuffix(b"\n").removesuffix(b"\r")
    # To the SDK a carriage return ends a line too. Escaped surrogates are refused by some JSON readers only.
    if len(line) > LONGEST_LINE or any(odd in body for odd in (b"\r", b"\\ud", b"\\uD")):
        return None
    if body.count(b"{") + body.count(b"[") > _MOST_BRACKETS:
        return None
    try:
        found = _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.pop("jsonrpc", None) != "2.0" or not found.keys() <= _KEYS:
        return None
    given, method, params = found.get("id", 0), found.get("method"), found.get("params", {})
    if type(given) not in (int, str) or type(method) is not str or type(params) is not dict:
        return None
    return Message(line, found.get("id"), method, found.get("params"))


_KEYS = {"id", "method", "params"}


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS or digits == "-0":
        raise ValueError("not the same number in every JSON reader")
    return int(digits)


def _refused(kind: str, _text: str) -> NoReturn:
    raise ValueError(f"{kind} in a message that needs none")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=partial(_refused, "a fraction"),
    parse_constant=partial(_refused, "a constant"),
)
