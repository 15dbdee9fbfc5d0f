"""Time as a thing that is handed in, so that tests can drive it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import anyio.lowlevel


class Clock(Protocol):
    """Wall time for dates, monotonic seconds for spans, and the only way to wait."""

    def now(self) -> datetime: ...
    def seconds(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class VirtualClock:
    """A clock that stands still until somebody sleeps or advances it: sleeping costs no real time.

    Sleepers that began at the same instant overlap as they would in life, since each moves the
    time to its own deadline and never back.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def seconds(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds` (not negative)."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        deadline = self._elapsed + max(0.0, seconds)
        await anyio.lowlevel.checkpoint()
        self._elapsed = max(self._elapsed, deadline)
