"""Lengths of time in words."""

from __future__ import annotations

import math

MOST_SECONDS = 90
MOST_MINUTES = 90


def span(seconds: float) -> str:
    """`seconds` in words, rounded up: 12 s, about 5 min, about 3 h."""
    if seconds <= MOST_SECONDS:
        return f"{math.ceil(seconds)} s"
    if seconds <= 60 * MOST_MINUTES:
        return f"about {math.ceil(seconds / 60)} min"
    return f"about {math.ceil(seconds / 3600)} h"
