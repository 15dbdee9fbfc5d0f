"""Parses single fields of an answer. Tolerant: a field of the wrong shape counts as absent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from wanx_mcp.limits.provider import DATE_CHARACTERS, FIELD_CHARACTERS, MOST_FIELD_LEVELS, MOST_FIELD_TEXTS


def as_text(value: Any) -> str | None:
    """A text, stripped; None if there is none."""
    return value.strip()[:FIELD_CHARACTERS] or None if isinstance(value, str) else None


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def first_text(*values: Any) -> str | None:
    """The first of the `values` that is text."""
    return next((text for value in values if (text := as_text(value))), None)


def as_count(value: Any) -> int | None:
    """A non-negative whole number; None for anything else, fractions and booleans included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**15:
        return None
    return int(value) if value == int(value) else None


def read_date(value: Any) -> datetime | None:
    """A date, with or without nanoseconds, with an offset or in UTC. None for the year 0001, which means "not yet"
    [contract 5.6]."""
    text = as_text(value)
    if text is None or len(text) > DATE_CHARACTERS:
        return None
    try:
        date = datetime.fromisoformat(text)
        if date.year <= 1:
            return None
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def texts(value: Any) -> Iterator[str]:
    """The first texts anywhere in `value`, in order."""
    return islice(_texts(value, 0), MOST_FIELD_TEXTS)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > MOST_FIELD_LEVELS:
        return
    if text := as_text(value):
        yield text
    for inner in value.values() if isinstance(value, dict) else as_list(value):
        yield from _texts(inner, depth + 1)
