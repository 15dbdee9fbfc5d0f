"""JSON with comments: read with the place of every value, so that a change leaves the rest of the text as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]+")
_SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null')


@dataclass(slots=True)
class Node:
    """A value of the text, from `start` to `end`. An object has `members`, an array has `items`."""

    start: int
    end: int
    value: Any
    members: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    """Where each member begins, by its key."""

    items: list[Node] = field(default_factory=list)


def read(text: str, *, comments: bool) -> Node:
    """The value of `text`. With `comments`, comments and trailing commas are allowed. Raises ValueError."""
    reader = _Reader(text, comments)
    try:
        node = reader.value()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    reader.skip()
    if reader.at < len(text):
        raise reader.wrong("more text than one value")
    return node


class _Reader:
    def __init__(self, text: str, comments: bool) -> None:
        self.text, self.comments, self.at = text, comments, 0

    def wrong(self, what: str) -> ValueError:
        line = self.text.count("\n", 0, self.at) + 1
        return ValueError(f"line {line}: {what}")

    def skip(self) -> None:
        """Go past spaces and comments."""
        while self.at < len(self.text):
            if found := _SPACE.match(self.text, self.at):
                self.at = found.end()
            elif found := _COMMENT.match(self.text, self.at):
                if not self.comments:
                    raise self.wrong("a comment, which this file may not have")
                self.at = found.end()
            else:
                return

    def next(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def value(self) -> Node:
        match self.next():
            case "{":
                return self.object()
            case "[":
                return self.array()
        return self.scalar()

    def scalar(self) -> Node:
        found = _SCALAR.match(self.text, self.at)
        if not found:
            raise self.wrong("a value is missing")
        try:
            node = Node(found.start(), found.end(), json.loads(found[0]))
        except ValueError:
            raise self.wrong(f"{found[0][:40]} is not a value") from None
        self.at = found.end()
        return node

    def object(self) -> Node:
        node = Node(self.at, self.at, {})
        self.at += 1
        while self.next() != "}":
            key = self.scalar()
            if not isinstance(key.value, str):
                raise self.wrong("a name in quotation marks is missing")
            if self.next() != ":":
                raise self.wrong("a colon is missing")
            self.at += 1
            member = self.value()
            node.members[key.value], node.keys[key.value] = member, key.start
            node.value[key.value] = member.value
            self.separator("}")
        self.at += 1
        node.end = self.at
        return node

    def array(self) -> Node:
        node = Node(self.at, self.at, [])
        self.at += 1
        while self.next() != "]":
            item = self.value()
            node.items.append(item)
            node.value.append(item.value)
            self.separator("]")
        self.at += 1
        node.end = self.at
        return node

    def separator(self, closing: str) -> None:
        found = self.next()
        if found == ",":
            self.at += 1
            if self.next() == closing and not self.comments:
                raise self.wrong("a comma in front of the end")
        elif found != closing:
            raise self.wrong("a comma is missing")
