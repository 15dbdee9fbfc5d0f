"""How long a task still takes, and when it is worth looking again: pure arithmetic over what is known."""

from __future__ import annotations

from dataclasses import dataclass

OVERDUE_SHARE = 0.15
"""A task that is later than usual is expected to need this share of its usual time more."""

LOOK_SHARE = 0.1
SHORTEST_LOOK, LONGEST_LOOK = 1.0, 10.0
LONGEST_ABSENCE = 30


@dataclass(frozen=True, slots=True)
class Pace:
    """The estimate for one unfinished task, in seconds."""

    usual: float
    elapsed: float

    @property
    def remaining(self) -> float:
        """What is still to go, never nothing."""
        return max(self.usual - self.elapsed, self.usual * OVERDUE_SHARE)

    @property
    def percent(self) -> float:
        """The share of the expected time that is over: below 100 until the end."""
        return 100 * self.elapsed / (self.elapsed + self.remaining)

    @property
    def next_look(self) -> float:
        """Seconds until a waiting server reads again."""
        return min(max(self.remaining * LOOK_SHARE, SHORTEST_LOOK), LONGEST_LOOK)

    @property
    def absence(self) -> int:
        """Whole seconds for which asking again is not worth it."""
        return round(min(max(self.remaining / 2, 1), LONGEST_ABSENCE))
