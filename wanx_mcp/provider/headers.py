"""Response headers about time: Date, Retry-After, and whether the answer comes from a cache."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from wanx_mcp.limits.provider import DATE_HEADER_CHARACTERS, RETRY_AFTER_SECONDS

_HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from the number or the date in Retry-After (a date is compared with the answer's own Date)."""
    value = headers.get("retry-after", "")[:DATE_HEADER_CHARACTERS]
    if not value:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return min(float(value), RETRY_AFTER_SECONDS)
    until, now = http_date(value), http_date(headers.get("date")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), RETRY_AFTER_SECONDS) if until else None


def cached(headers: Mapping[str, str]) -> bool:
    """Whether the answer comes from a cache, so that its Date and its content can be old."""
    status = headers.get("x-cache", "")[:200] + " " + headers.get("cf-cache-status", "")[:200]
    return headers.get("age", "0").strip() not in ("", "0") or _HIT.search(status) is not None


@lru_cache(maxsize=8)  # a date is parsed more than once per answer, and many answers have the same
def http_date(value: str | None) -> datetime | None:
    """The date in an HTTP header, None if there is none."""
    try:
        date = parsedate_to_datetime(value) if value and len(value) <= DATE_HEADER_CHARACTERS else None
        return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date and date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
