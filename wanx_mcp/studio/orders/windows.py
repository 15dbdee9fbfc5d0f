"""Which stretches of the provider's history are read for the orders that are searched for (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wanx_mcp.ledger import Entry
from wanx_mcp.studio.orders.nearness import Witness, hull, near

BEFORE = timedelta(minutes=5)
AFTER = timedelta(minutes=12)
"""How far a window reaches beyond the rows that could be its orders: it ends 15 minutes after the last one."""

CANARY_BEFORE = timedelta(hours=6)
"""A task of ours this much older than an order is no canary for it."""

INSIDE = timedelta(minutes=1)
"""A task of ours must be shown if it lies this far inside the window."""

LENGTH = timedelta(hours=2)
"""Orders further apart than this are looked up in readings of their own."""

MOST = 3
"""Readings of one round."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Orders that one reading looks for, and the stretch that it reads, as the dates of tasks go. `asked`: the same,
    wide enough for a filter that goes by another clock than the dates. `witnesses`: orders that show how tasks are
    dated."""

    entries: tuple[Entry, ...]
    since: datetime
    until: datetime
    asked: tuple[datetime, datetime]
    witnesses: tuple[Witness, ...]


def windows(entries: Sequence[Entry], beside: Sequence[Entry], latest: Sequence[Entry]) -> list[Window]:
    """The windows of a round: that of the newest orders, then those that were not read for the longest time, so that
    none waits for ever. `beside`: orders of ours that were answered before and after; `latest`: our newest tasks."""
    left = sorted(entries, key=lambda entry: entry.moment, reverse=True)
    groups: list[list[Entry]] = []
    while left:
        newest = left[0].moment
        groups.append([entry for entry in left if newest - entry.moment <= LENGTH])
        left = [entry for entry in left if newest - entry.moment > LENGTH]
    rested = sorted(groups[1:], key=lambda group: min(entry.looked_at or _NEVER for entry in group))
    witnesses = tuple(Witness(entry, entry.placed_at) for entry in beside if entry.placed_at)
    return [_window(group, witnesses, [*beside, *latest]) for group in (*groups[:1], *rested)[:MOST]]


def _window(entries: Sequence[Entry], witnesses: tuple[Witness, ...], ours: Sequence[Entry]) -> Window:
    """It reaches to tasks of ours before and after that can vouch."""
    wide = hull([near(entry, witnesses).possible for entry in entries])
    since, until = (wide.since or _NEVER) - BEFORE, (wide.until or _NEVER) + AFTER
    numbers = [entry.number for entry in entries]
    placed = [(entry.number, entry.placed_at) for entry in ours if entry.placed_at and entry.gone_at is None]
    later = [date for number, date in placed if number > max(numbers)]
    earlier = [date for number, date in placed if number < max(numbers) and date >= since - CANARY_BEFORE]
    until = max([until, *(date + INSIDE for date in later)])
    since = min(since, max(earlier) - 2 * INSIDE) if earlier else since
    plain = [(entry.moment - BEFORE, (entry.sent_at or entry.moment) + AFTER) for entry in entries]
    asked = min(since, *(early for early, _ in plain)), max(until, *(late for _, late in plain))
    return Window(tuple(entries), since, until, asked, witnesses)
