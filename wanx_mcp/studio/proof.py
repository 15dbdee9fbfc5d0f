"""When an order counts as proved absent: two readings of the history, each vouched for by a task of ours (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from wanx_mcp.ledger import Entry

FIRST_READING = timedelta(minutes=10)
"""A reading proves nothing before the order is this old: a history may lag."""

APART = timedelta(minutes=5)
"""So far apart lie the two readings, at least."""


class Step(Enum):
    """What a reading that does not show an order makes of it."""

    NOTHING = "nothing"
    FIRST = "first"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A complete reading without a row that could be the order. `read_at` is the provider's time of it, `canary_at` the
    date of the newest task of ours that it shows; None where there is none."""

    read_at: datetime | None
    canary_at: datetime | None


def next_step(entry: Entry, seen: Evidence) -> Step:
    """What `seen` proves of `entry`. The canary of each of the two readings is not earlier than the order by more than
    the readings lie apart: a history that lags by less would show the order in the second one."""
    error = entry.error
    if error is None or seen.read_at is None or seen.canary_at is None:
        return Step.NOTHING
    if seen.read_at - entry.moment < FIRST_READING + error:
        return Step.NOTHING
    if entry.absent_at is None or entry.canary_at is None:
        return Step.FIRST
    apart = seen.read_at - entry.absent_at
    if apart >= APART and min(entry.canary_at, seen.canary_at) >= entry.moment + error - apart:
        return Step.RELEASE
    better = seen.canary_at >= entry.moment + error > entry.canary_at
    return Step.FIRST if better else Step.NOTHING
