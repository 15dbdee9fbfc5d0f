"""The one normalisation by which texts are compared: a prompt with an earlier one, an echo with what was sent."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

MOST_LAYERS = 10
"""So many layers of HTML escapes are taken off: an echo may be escaped by more than one hand."""


def normal(value: Any) -> Any:
    """`value`, if it is text: without HTML escapes, in one Unicode form (NFKC), white space collapsed."""
    if not isinstance(value, str):
        return value
    text = value
    for _ in range(MOST_LAYERS):
        if (plain := html.unescape(text)) == text:
            break
        text = plain
    return " ".join(unicodedata.normalize("NFKC", text).split())


def same(one: Any, other: Any) -> bool:
    """Whether two values of an order's argument are the same after that; numbers within a billionth, also as text."""
    numbers = _number(one), _number(other)
    if numbers[0] is not None and numbers[1] is not None and not (isinstance(one, str) and isinstance(other, str)):
        return abs(numbers[0] - numbers[1]) < 1e-9
    return bool(normal(one) == normal(other))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
