"""The provider's time, from the `Date` headers of its answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from wanx_mcp.clock import Clock

MOST_SECONDS = 2 * 86_400.0
"""A clock that is further off than this is no clock."""

DATE_SECONDS = 1.0
"""What a Date header resolves: it is cut to whole seconds."""

DRIFT = 0.0005
"""By how much two clocks may run apart: 500 ppm is as fast as NTP corrects one."""


@dataclass(frozen=True, slots=True)
class Skew:
    """The provider's wall time is ours plus `ahead`, give or take `error`. Both in milliseconds."""

    ahead: int
    error: int


@dataclass(frozen=True, slots=True)
class _Heard:
    """One Date header, and `boot()` when its request was sent and when its answer began."""

    date: datetime
    sent: float
    received: float


class ProviderTime:
    """What the last Date header says. It is tied to boot time, so a jump of our own wall clock does not move it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: _Heard | None = None

    def hear(self, date: datetime, *, sent: float, received: float) -> None:
        """Take note of the Date of a fresh answer; `sent` and `received` are seconds of the clock's `boot()`."""
        self._last = _Heard(date, sent, received)

    @property
    def skew(self) -> Skew | None:
        """By how much the two wall clocks differ now; None if no Date was ever heard, or one too far off."""
        heard, age = self._last, self.heard_ago
        if heard is None or age is None:
            return None
        trip = (heard.received - heard.sent + DATE_SECONDS) / 2
        elapsed = self._clock.boot() - (heard.received + heard.sent) / 2
        theirs = heard.date.timestamp() + DATE_SECONDS / 2 + elapsed
        ahead = theirs - self._clock.now().timestamp()
        if abs(ahead) > MOST_SECONDS:
            return None
        return Skew(round(ahead * 1000), math.ceil((trip + DRIFT * age) * 1000))

    @property
    def heard_ago(self) -> float | None:
        """Seconds, suspension included, since the request was sent whose answer had the last Date."""
        return None if self._last is None else max(0.0, self._clock.boot() - self._last.sent)
