"""One edit of a module's bytes: what every mutation comes down to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutants.source import Source


@dataclass(frozen=True, slots=True)
class Edit:
    """The bytes from `start` to `end` become `text`; `kind` names the rule for people."""

    start: int
    end: int
    text: str
    kind: str


def replaced(source: Source, node: ast.AST, text: str, kind: str) -> Edit:
    """The edit that puts `text` in the place of `node`."""
    return Edit(source.start(node), source.end(node), text, kind)


def within(source: Source, start: int, end: int, pattern: str, text: str, kind: str) -> Iterator[Edit]:
    """An edit for the first match of `pattern` between two places, if there is one."""
    if found := re.search(pattern.encode(), source.data[start:end]):
        yield Edit(start + found.start(), start + found.end(), text, kind)
