"""The difference between the provider's clock and ours, from the `Date` headers of its answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from wanx_mcp.clock import Clock
from wanx_mcp.limits.provider import LARGEST_SKEW_SECONDS

DATE_RESOLUTION_SECONDS = 1.0
"""A Date header is cut to whole seconds."""

DRIFT = 0.0005
"""Assumed drift between two clocks: NTP corrects a clock by at most 500 ppm."""


@dataclass(frozen=True, slots=True)
class Skew:
    """The provider's wall time is ours plus `ahead`, with an error of at most `error`. Both in milliseconds."""

    ahead: int
    error: int


@dataclass(frozen=True, slots=True)
class _DateSample:
    """One Date header, and `boot()` when its request was sent and when its answer began."""

    date: datetime
    sent: float
    received: float


class ProviderTime:
    """The provider's time by the last Date header, tied to boot time: a jump of our wall clock does not move it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: _DateSample | None = None

    def record(self, date: datetime, *, sent: float, received: float) -> None:
        """Record the Date of a fresh answer. `sent` and `received` are seconds of the clock's `boot()`."""
        self._last = _DateSample(date, sent, received)

    @property
    def skew(self) -> Skew | None:
        """By how much the two wall clocks differ now; None before the first Date, or after a wrong one."""
        sample, age = self._last, self.date_age
        if sample is None or age is None:
            return None
        trip = (sample.received - sample.sent + DATE_RESOLUTION_SECONDS) / 2
        elapsed = self._clock.boot() - (sample.received + sample.sent) / 2
        theirs = sample.date.timestamp() + DATE_RESOLUTION_SECONDS / 2 + elapsed
        ahead = theirs - self._clock.now().timestamp()
        if abs(ahead) > LARGEST_SKEW_SECONDS:
            return None
        return Skew(round(ahead * 1000), math.ceil((trip + DRIFT * age) * 1000))

    @property
    def date_age(self) -> float | None:
        """Seconds, suspension included, since the request with the last Date was sent; None before the first one."""
        return None if self._last is None else max(0.0, self._clock.boot() - self._last.sent)
