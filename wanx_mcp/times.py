"""Moments as text: ISO 8601 in UTC, the one form for results, errors and task handles."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal


def iso(moment: datetime, to: Literal["minutes", "seconds", "milliseconds"] = "seconds") -> str:
    """A moment in UTC, such as 2026-01-02T03:04:05Z, cut to whole units of `to`."""
    return moment.isoformat(timespec=to).replace("+00:00", "Z")


def whole_minute(moment: datetime) -> datetime:
    """`moment`, rounded up to a whole minute: what is promised for then has happened."""
    cut = moment.replace(second=0, microsecond=0)
    return cut if cut == moment else cut + timedelta(minutes=1)
