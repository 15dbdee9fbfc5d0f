"""Money in the ledger, in points (10,000,000 to the US dollar): what a day holds, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """Points that the provider last showed for an order of some kind, frozen or consumed, and when (its time)."""

    points: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Spending:
    """What the last 24 hours hold, in points; `limit` is None where there is none."""

    booked: int
    limit: int | None
    asked: int = 0
    """What an order that was refused would have booked."""

    figure: Figure | None = None
    """What the last order of its kind was shown to cost, if that is why `asked` is more than the price."""

    room_at: datetime | None = None
    """When older orders will have left enough room for `asked` (the provider's time); None if it fits or never will."""

    @property
    def missing(self) -> int:
        """Points by which `asked` exceeds what is left."""
        return 0 if self.remaining is None else max(0, self.asked - self.remaining)

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.booked)

    def allows(self, points: int) -> bool:
        """Whether `points` more may be booked. Where nothing is left nothing may be, whatever it costs."""
        return self.limit is None or (self.booked < self.limit and self.booked + points <= self.limit)


@dataclass(frozen=True, slots=True)
class Totals:
    """What the bookings of the last 24 hours are made of, in points: what ended orders cost, what unknown ones hold,
    and the rest. `oldest`: when the oldest booking was made (the provider's time); it leaves the budget a day later."""

    charged: int = 0
    reserved: int = 0
    unknown: int = 0
    oldest: datetime | None = None
