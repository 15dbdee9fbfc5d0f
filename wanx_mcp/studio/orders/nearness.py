"""Which rows of the provider's history could be an order, by their dates alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from wanx_mcp.ledger import Entry
from wanx_mcp.provider import HistoryRow

BEFORE = timedelta(seconds=5)
AFTER = timedelta(minutes=3)
"""A row is near an order if it was created between BEFORE the intention and AFTER the last attempt."""

UNKNOWN_ERROR = timedelta(hours=2)
"""How far our clock may be off where the provider's was not known: only an exact echo can then tell."""

ANSWERED_WITHIN = timedelta(seconds=90)
"""A task is dated this long after its order left, at most, if both clocks agree."""

SAME_CLOCK = timedelta(seconds=5)
"""Two clocks that differ by no more than this agree."""

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, both ends included; None: without end."""

    since: datetime | None
    until: datetime | None

    def meets(self, other: Span) -> bool:
        """Whether the two have a moment in common."""
        late = self.since and other.until and self.since > other.until
        early = self.until and other.since and self.until < other.since
        return not (late or early)


@dataclass(frozen=True, slots=True)
class Witness:
    """An order of ours that the provider answered, and how its task is dated."""

    entry: Entry
    dated: datetime


@dataclass(frozen=True, slots=True)
class Near:
    """When the provider would date the task of an order.

    `likely`: by the provider's own clock; only a row in it is adopted. `possible`: wherever one of the clocks may have
    been wrong; any row in it stands against a release. `sure`: the clocks agree well enough that a row which lies in
    `likely` needs no exact echo.
    """

    likely: Span
    possible: Span
    sure: bool


# Two clocks say when an order was placed: the provider's Date, by which `ordered_at` and `sent_at` are kept, and our
# own, by which `created_at` is. Either can be wrong: a Date can come out of a cache, our clock can be set. The orders
# that were answered next before and next after show how the dates of tasks run against both.
def near(entry: Entry, witnesses: Sequence[Witness]) -> Near:
    """When the task of `entry` would be dated, as the tasks of `witnesses` are."""
    beside = _beside(entry, witnesses)
    shifts = [_by_date(witness) for witness in beside] or [(NOTHING, NOTHING)]
    by_clock = [_moved(shift, _jump(entry, witness)) for shift, witness in zip(shifts, beside, strict=False)]
    error = UNKNOWN_ERROR if entry.error is None else entry.error
    agree = max(low for low, _ in shifts) <= min(high for _, high in shifts) + SAME_CLOCK
    sure = entry.error is not None and error <= SAME_CLOCK and agree
    return Near(_span(entry, shifts, error), _span(entry, [*shifts, *by_clock], error), sure)


def _beside(entry: Entry, witnesses: Sequence[Witness]) -> list[Witness]:
    """The witnesses placed next before and next after `entry`."""
    before = [witness for witness in witnesses if witness.entry.number < entry.number]
    after = [witness for witness in witnesses if witness.entry.number > entry.number]
    key = lambda witness: witness.entry.number  # noqa: E731
    return [*sorted(before, key=key)[-1:], *sorted(after, key=key)[:1]]


def _by_date(witness: Witness) -> tuple[timedelta, timedelta]:
    """By how much the dates of tasks are ahead of the provider's Date, at least and at most: some are in local time
    without saying so. Nothing where the two agree."""
    ahead = witness.dated - (witness.entry.sent_at or witness.entry.moment)
    error = witness.entry.error or NOTHING
    if -(BEFORE + error) <= ahead <= ANSWERED_WITHIN + error:
        return NOTHING, NOTHING
    return ahead - ANSWERED_WITHIN - error, ahead + error


def _jump(entry: Entry, witness: Witness) -> timedelta:
    """By how much the Date has run away from our clock between the two orders: one of the two was wrong."""
    jump = timedelta(milliseconds=(witness.entry.skew or 0) - (entry.skew or 0))
    errors = (entry.error or NOTHING) + (witness.entry.error or NOTHING)
    return jump if abs(jump) > SAME_CLOCK + errors else NOTHING


def _moved(shift: tuple[timedelta, timedelta], by: timedelta) -> tuple[timedelta, timedelta]:
    return shift[0] + by, shift[1] + by


def _span(entry: Entry, shifts: Sequence[tuple[timedelta, timedelta]], error: timedelta) -> Span:
    low, high = min(low for low, _ in shifts), max(high for _, high in shifts)
    return Span(entry.moment + low - BEFORE - error, (entry.sent_at or entry.moment) + high + AFTER + error)


def hull(spans: Sequence[Span]) -> Span:
    """The stretch from the first beginning to the last end of spans that have both."""
    since = [span.since for span in spans if span.since]
    until = [span.until for span in spans if span.until]
    return Span(min(since), max(until))


def spans(rows: Sequence[HistoryRow]) -> list[Span]:
    """When each row was created: its date, or where it has none what its neighbours leave open."""
    dates = [row.created_at for row in rows if row.created_at]
    rising = all(one <= other for one, other in pairwise(dates))
    falling = all(one >= other for one, other in pairwise(dates))
    ordered = rising != falling  # in no order, or too few to tell one: a place says nothing
    found = []
    for index, row in enumerate(rows):
        if row.created_at is not None:
            found.append(Span(row.created_at, row.created_at))
            continue
        before = next((row.created_at for row in reversed(rows[:index]) if row.created_at), None)
        after = next((row.created_at for row in rows[index + 1 :] if row.created_at), None)
        span = Span(before, after) if rising else Span(after, before)
        found.append(span if ordered else Span(None, None))
    return found
