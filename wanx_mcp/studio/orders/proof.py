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

CLOCKS_AGREE = timedelta(minutes=1)
"""Our clock and the provider's must agree about that to within this; else one of them has jumped."""

STILL_LEAVING = timedelta(seconds=90)
"""An order may leave this long after its intention, so one intended later may have left earlier by as much."""


class Step(Enum):
    """What a reading that does not show an order makes of it."""

    NOTHING = "nothing"
    FIRST = "first"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A complete reading without a row that could be the order.

    `begun_at` and `read_at` are the provider's times of its first and last page, `noted_at` this machine's time of it;
    `canary_at` says, on the time line of the order, when the newest task of ours that it shows was placed. None where
    there is none.
    """

    begun_at: datetime | None
    read_at: datetime | None
    noted_at: datetime
    canary_at: datetime | None


def next_step(entry: Entry, seen: Evidence) -> Step:
    """What `seen` proves of `entry`. The canary of each of the two readings is not earlier than the order by more than
    the readings lie apart: a history that lags by less would show the order in the second one."""
    error = entry.error
    if error is None or seen.begun_at is None or seen.read_at is None or seen.canary_at is None:
        return Step.NOTHING
    if seen.begun_at - entry.moment < FIRST_READING + error:
        return Step.NOTHING
    if entry.absent_at is None or entry.absent_noted_at is None or entry.canary_at is None:
        return Step.FIRST
    apart, by_our_clock = seen.begun_at - entry.absent_at, seen.noted_at - entry.absent_noted_at
    if abs(apart - by_our_clock) > CLOCKS_AGREE:
        return Step.FIRST
    if min(apart, by_our_clock) >= APART and min(entry.canary_at, seen.canary_at) >= entry.moment + error - apart:
        return Step.RELEASE
    better = seen.canary_at >= entry.moment + error > entry.canary_at
    return Step.FIRST if better else Step.NOTHING


def vouches_at(entry: Entry, canary: Entry) -> datetime:
    """When `canary`, a task of ours, was placed, on the time line of `entry`. The numbers of orders need no clock; by
    clocks the earlier of two times counts, that of the provider and that of this machine."""
    error = entry.error or timedelta(0)
    if canary.number > entry.number:
        behind = (entry.sent_at or entry.moment) - (canary.sent_at or canary.moment)
        return entry.moment + error - min(max(behind, timedelta(0)), STILL_LEAVING)
    behind = max(entry.moment - canary.moment, entry.created_at - canary.created_at, timedelta(0))
    return entry.moment - behind - (canary.error or timedelta(0))
