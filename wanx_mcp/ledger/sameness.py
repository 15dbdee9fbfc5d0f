"""The one normalisation by which texts are compared: a prompt with an earlier one, an echo with what was sent."""

from __future__ import annotations

import html
import unicodedata
from typing import Any

ESCAPED_TWICE = 2
"""So many layers of HTML escapes are taken off: an echo may be escaped by more than one hand."""


def normal(value: Any) -> Any:
    """`value`, if it is text: without HTML escapes, in one Unicode form (NFKC), white space collapsed."""
    if not isinstance(value, str):
        return value
    text = value
    for _ in range(ESCAPED_TWICE):
        text = html.unescape(text)
    return " ".join(unicodedata.normalize("NFKC", text).split())


def same(one: Any, other: Any) -> bool:
    """Whether two values of an order's argument are the same after that; numbers within a billionth."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) < 1e-9
    return bool(normal(one) == normal(other))
