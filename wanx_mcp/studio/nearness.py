"""Which rows of the provider's history could be an order, by their dates alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wanx_mcp.ledger import Entry, Found
from wanx_mcp.provider import HistoryRow

BEFORE = timedelta(seconds=5)
AFTER = timedelta(minutes=3)
"""A row is near an order if it was created between BEFORE the intention and AFTER the last attempt."""

UNKNOWN_ERROR = timedelta(hours=2)
"""How far our clock may be off where the provider's was not known: only an exact echo can then tell."""

ANSWERED_WITHIN = timedelta(seconds=90)
"""A task is dated this long after its order left, at most, if both clocks agree."""

NO_OFFSET = timedelta(0)


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


def creation_offset(orders: Sequence[Entry]) -> timedelta:
    """How far the provider's dates of tasks are ahead of its `Date`, from our newest order that it answered: some
    answers give local time without saying so. Nothing where the two agree."""
    for order in orders:
        if order.found is Found.ANSWER and order.placed_at is not None:
            offset = order.placed_at - (order.sent_at or order.moment)
            error = order.error or timedelta(0)
            agrees = -(BEFORE + error) <= offset <= ANSWERED_WITHIN + error
            return NO_OFFSET if agrees else offset
    return NO_OFFSET


def near(entry: Entry, offset: timedelta) -> Span:
    """When the provider would date the task of `entry`."""
    error = UNKNOWN_ERROR if entry.error is None else entry.error
    since = entry.moment + offset - BEFORE - error
    return Span(since, (entry.sent_at or entry.moment) + offset + AFTER + error)


def spans(rows: Sequence[HistoryRow]) -> list[Span]:
    """When each row was created: its date, or where it has none what its neighbours leave open."""
    found = []
    for index, row in enumerate(rows):
        if row.created_at is not None:
            found.append(Span(row.created_at, row.created_at))
            continue
        before = next((row.created_at for row in reversed(rows[:index]) if row.created_at), None)
        after = next((row.created_at for row in rows[index + 1 :] if row.created_at), None)
        rising = _rising(rows)
        found.append(Span(before, after) if rising else Span(after, before))
    return found


def _rising(rows: Sequence[HistoryRow]) -> bool:
    dates = [row.created_at for row in rows if row.created_at]
    return len(dates) > 1 and dates[0] < dates[-1]
