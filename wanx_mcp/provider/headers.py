"""Response headers that say when: Date, Retry-After, and whether the answer is fresh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

LONGEST_WAIT = 86_400.0
LONGEST_DATE = 80
"""Characters of a header that holds a date."""

_HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from Retry-After's number or date (measured from the answer's own Date)."""
    value = headers.get("retry-after", "")[:LONGEST_DATE]
    if not value:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return min(float(value), LONGEST_WAIT)
    until, now = http_date(value), http_date(headers.get("date")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT) if until else None


def cached(headers: Mapping[str, str]) -> bool:
    """Whether the answer comes out of somebody's cache, so that its Date and its content may be old."""
    said = headers.get("x-cache", "")[:200] + " " + headers.get("cf-cache-status", "")[:200]
    return headers.get("age", "0").strip() not in ("", "0") or _HIT.search(said) is not None


@lru_cache(maxsize=8)  # one answer's date is asked for more than once, and many answers share a second
def http_date(value: str | None) -> datetime | None:
    """The moment that an HTTP header names, None if it names none."""
    try:
        date = parsedate_to_datetime(value) if value and len(value) <= LONGEST_DATE else None
        return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date and date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
