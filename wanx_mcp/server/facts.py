"""Completes the text of a reply: every fact of the structured result that the words leave out is listed by its name.
Some hosts show the model only the text, others only the result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from wanx_mcp.money import dollars

TRUE_IN_WORDS: Mapping[str, str] = {
    "reused": "Already ordered",
    "dry_run": "Nothing was sent or spent",
    "cancelled": "Cancelled",
    "simulated": "[simulated]",
    "has_sound": "with sound",
}
"""How a text says that a field is true. A field that is false needs no words."""

NEXT = " Next: "
ROW = "- "


def completed(text: str, facts: Mapping[str, Any]) -> str:
    """`text` with the facts that it does not contain: those of a row in the row's line, the others before the next
    step."""
    lines = text.split("\n")
    rows = [row for value in facts.values() if isinstance(value, list) for row in value if isinstance(row, dict)]
    shown = [number for number, line in enumerate(lines) if line.startswith(ROW)]
    if len(shown) == len(rows):
        for number, row in zip(shown, rows, strict=True):
            lines[number] += _missing(lines[number], row)
    before, mark, after = "\n".join(lines).rpartition(NEXT)
    whole = before + mark + after
    rest = {name: value for name, value in facts.items() if not isinstance(value, list)}
    return f"{before}{_missing(whole, rest)}{mark}{after}" if mark else whole + _missing(whole, rest)


def _missing(text: str, facts: Mapping[str, Any]) -> str:
    """The facts that `text` does not contain, in brackets."""
    missing = [f"{name} {said}".lstrip() for name, said in spoken(facts) if not says(text, said)]
    return f" ({'; '.join(dict.fromkeys(missing))})" if missing else ""


def says(text: str, fact: str) -> bool:
    """Whether `text` contains `fact` as words or a number of its own."""
    return re.search(rf"(?<![\w.-]){re.escape(fact)}(?![\w-]|\.\d)", text) is not None


def spoken(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each fact with its name, as a text says it; of one that is true, the words alone."""
    for name, value in facts.items():
        match value:
            case dict():
                yield from spoken(value)
            case bool():
                if value:
                    yield "", TRUE_IN_WORDS.get(name, name)
            case float() if name.endswith("_usd"):
                yield name, dollars(Decimal(str(value)))
            case float():
                yield name, f"{value:.2f}"
            case _:
                yield name, str(value)
