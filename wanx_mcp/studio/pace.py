"""How long a task still takes, and when it is worth looking again: pure arithmetic over what is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wanx_mcp.studio.durations import Durations

FREQUENCY, SHORT_FREQUENCY = 27.5, 360.0
"""Fix how many looks a task costs: about as many as one every ten seconds would. The second is divided by the usual
duration: the shorter a task, the more weighs the look that comes after its end."""

COLD_FREQUENCY = 45.0
"""The same while hardly any ended task has confirmed the catalog's guess."""

SHORTEST_LOOK = 1.0
SHORTEST_SLEEP = 0.2
"""However fast the simulator runs, the server does not read it more often (seconds)."""

LONGEST_LOOK_SHARE = 0.25
"""No look is further away than this share of the usual duration."""

UNSURE_LOOK, UNSURE_EVIDENCE = 9.5, 3
UNSURE_UNTIL = 2.5
"""With little evidence, no look is further away than this (seconds) until this share of the usual duration: a task
that is done much earlier than the catalog guesses is seen too."""

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
    unsure = durations.evidence < UNSURE_EVIDENCE
    frequency = COLD_FREQUENCY if unsure else FREQUENCY + SHORT_FREQUENCY / durations.usual
    low, high = SHORTEST_LOOK, max(SHORTEST_LOOK, durations.usual * LONGEST_LOOK_SHARE)
    for _ in range(_HALVINGS):
        gap = (low + high) / 2
        wide = gap * gap * durations.hazard(elapsed + gap / 2) * durations.usual > 2 * frequency
        low, high = (low, gap) if wide else (gap, high)
    gap = (low + high) / 2
    if unsure and elapsed < durations.usual * UNSURE_UNTIL:
        return min(gap, UNSURE_LOOK)
    return gap
