"""Clocks: the real one, and a virtual one that tests can drive."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Wall time for dates, two monotonic counters for spans, and the only ways to wait.

    `seconds()` stops while the machine is suspended, `boot()` does not; both begin anywhere.
    """

    def now(self) -> datetime: ...
    def seconds(self) -> float: ...
    def boot(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...
    async def idle(self, seconds: float) -> None: ...


class RealClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return time.monotonic()

    def boot(self) -> float:
        """Seconds since some fixed moment, suspension included."""
        # Linux counts suspension in CLOCK_BOOTTIME; macOS counts it in CLOCK_MONOTONIC, but not in time.monotonic().
        if sys.platform != "win32":
            for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
                if (source := getattr(time, name, None)) is not None:
                    try:
                        return time.clock_gettime(source)
                    except OSError:  # known to Python, unknown to this kernel
                        continue
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        """Wait; the same as `sleep` here (see VirtualClock)."""
        await anyio.sleep(seconds)


REAL_PAUSE = 0.005
"""Real seconds that a short virtual sleep lasts: time for the threads of another server in the same test."""

SHORT = 1.0
"""Virtual seconds up to which a sleep is short: one that waits for somebody else's work."""


class VirtualClock:
    """A clock that stands still until somebody sleeps or advances it: sleeping costs next to no real time.

    Sleepers that began at the same instant overlap as they would in life, since each moves the time to its own
    deadline and never back. It may be advanced from any thread. `pause`: real seconds that a short sleep lasts.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, pause: float = REAL_PAUSE) -> None:
        self._lock = threading.Lock()
        self._pause = pause
        self._start = start
        self._elapsed = 0.0
        self._suspended = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.boot())

    def seconds(self) -> float:
        return self._elapsed

    def boot(self) -> float:
        return self._elapsed + self._suspended

    def advance(self, seconds: float) -> None:
        """Move the time on by `seconds` (not negative)."""
        with self._lock:
            self._elapsed += _forwards(seconds)

    def suspend(self, seconds: float) -> None:
        """Sleep as a machine does: the wall clock and boot() move on by `seconds`, seconds() does not."""
        with self._lock:
            self._suspended += _forwards(seconds)

    def shift(self, seconds: float) -> None:
        """Set the wall clock forward (or back, if negative) by `seconds`; seconds() and boot() stay."""
        with self._lock:
            self._start += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        deadline = self._elapsed + max(0.0, seconds)
        await anyio.sleep(self._pause if 0 < seconds <= SHORT else 0)
        with self._lock:
            self._elapsed = max(self._elapsed, deadline)

    async def idle(self, seconds: float) -> None:
        """Wait until others have moved the time on by `seconds`. Never the reason that time passes."""
        deadline = self._elapsed + seconds
        while self._elapsed < deadline:  # noqa: ASYNC110  # another thread may advance it, and cannot set an event
            await anyio.sleep(REAL_PAUSE)


def _forwards(seconds: float) -> float:
    if seconds < 0:
        raise ValueError("a clock does not run backwards")
    return seconds
