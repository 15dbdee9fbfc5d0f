"""How long a task still takes, and when it is worth looking again: pure arithmetic over what is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from wanx_mcp.studio.durations import Durations

FREQUENCY = 30.5
"""Fixes how many looks a task costs: about as many as one every ten seconds would, for the usual durations."""

COLD_FREQUENCY = 45.0
"""The same while no ended task has confirmed the catalog's guess."""

SURE_EVIDENCE = 5
"""After so many ended tasks the estimate is taken for sure."""

SHORTEST_LOOK = 1.0
SHORTEST_SLEEP = 0.2
"""However fast the simulator runs, the server does not read it more often (seconds)."""

LONGEST_LOOK_SHARE = 0.25
"""No look is further away than this share of the usual duration."""

UNSURE_LOOK, UNSURE_EVIDENCE = 9.5, 3
UNSURE_FROM, UNSURE_UNTIL = 0.3, 2.5
"""With little evidence, no look is further away than this (seconds) between these shares of the usual duration."""

LONGEST_ABSENCE = 30
_HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """The estimate for one unfinished task. `elapsed` and every answer are seconds of a clock that runs while tasks
    take `speed` times less than in life; `durations` are those of life."""

    durations: Durations
    elapsed: float
    speed: float = 1.0

    @property
    def remaining(self) -> float:
        """What is still to go, never nothing."""
        return self.durations.remaining(self.elapsed * self.speed) / self.speed

    @property
    def percent(self) -> float:
        """The share of the expected time that is over: below 100 until the end."""
        return 100 * self.elapsed / (self.elapsed + self.remaining)

    @property
    def next_look(self) -> float:
        """Seconds until a waiting server reads again."""
        return max(interval(self.durations, self.elapsed * self.speed) / self.speed, SHORTEST_SLEEP)

    @property
    def absence(self) -> int:
        """Whole seconds for which asking again is not worth it."""
        return round(min(max(self.remaining / 2, 1), LONGEST_ABSENCE))

    def later(self, seconds: float) -> Pace:
        """The estimate after `seconds` more without news."""
        return replace(self, elapsed=self.elapsed + seconds)


def interval(durations: Durations, elapsed: float) -> float:
    """Seconds of life from a look at `elapsed` to the next.

    The square-root rule (Keller, "Optimum checking schedules for systems subject to random failure", 1974): the gap
    is inverse to the root of the hazard in its middle, so that looks are dense where the end is likely.
    """
    sure = min(1.0, durations.evidence / SURE_EVIDENCE)
    frequency = FREQUENCY * sure + COLD_FREQUENCY * (1 - sure)
    low, high = SHORTEST_LOOK, max(SHORTEST_LOOK, durations.usual * LONGEST_LOOK_SHARE)
    for _ in range(_HALVINGS):
        gap = (low + high) / 2
        wide = gap * gap * durations.hazard(elapsed + gap / 2) * durations.usual > 2 * frequency
        low, high = (low, gap) if wide else (gap, high)
    return min((low + high) / 2, _unsure(durations, elapsed))


def _unsure(durations: Durations, elapsed: float) -> float:
    begin, end = durations.usual * UNSURE_FROM, durations.usual * UNSURE_UNTIL
    if durations.evidence >= UNSURE_EVIDENCE or elapsed >= end:
        return math.inf
    return max(UNSURE_LOOK, begin - elapsed)
