"""What an order holds of the budget, as a pure function of what the provider showed of it (design, rules of money)."""

from __future__ import annotations

from wanx_mcp.ledger.entry import OPEN, Entry, Observation

COMPLETED = "completed"


def booking(entry: Entry, seen: Observation) -> int:
    """Points that `entry` holds of the budget after `seen`.

    While open: the larger of what it held or reserved and what is shown. Completed: what it cost, but no less than half
    its price where it cost less than `least`, since such a figure is not believed. Failed or cancelled: nothing, if a
    GET says so and shows nothing frozen or consumed. Where the provider is silent nothing changes.
    """
    shown = seen.shown or 0
    if seen.status in OPEN:
        return max(entry.booked, entry.reserved, shown)  # one that had failed may be open again
    if seen.charged is None:
        return max(entry.booked, shown)
    if seen.charged > 0:
        believed = seen.charged >= entry.least
        return max(seen.charged, shown, 0 if believed else half(entry.price))
    free = seen.status != COMPLETED and seen.by_get and shown == 0
    return 0 if free else max(entry.booked, shown)


def half(points: int) -> int:
    """Half of `points`, rounded up."""
    return (points + 1) // 2
