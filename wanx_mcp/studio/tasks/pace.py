"""How long a task still takes, and when it is worth looking again: pure arithmetic over what is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from wanx_mcp.studio.tasks.durations import Durations

USUAL_LOOK = 10.0
"""A task costs on average as many looks as one every so many seconds would; while there is little evidence it is looked
at just so often, since nothing is known that could place the looks better."""

UNSURE_LOOK, UNSURE_UNTIL = 9.5, 60.0
"""The same for a call in the first seconds of a task, which may be done much earlier than the catalog guesses."""

ROUNDED_UP = 0.8
"""Looks that do not come out even until the end of a call are rounded up from 1 - this share: a fixed interval, too,
has one more look at the end of each call."""

MOST_EVEN = 100
"""With more looks to go than this, the end is too far away to matter."""

SHORTEST_LOOK = 1.0
SHORTEST_SLEEP = 0.2
"""However fast the simulator runs, the server does not read it more often (seconds)."""

LONGEST_LOOK_SHARE = 0.4
"""No look is further away than this share of the usual duration."""

LONGEST_ABSENCE = 30
_HALVINGS = 10
_SLICES, _LENGTHS = 40, 6
_TINY = 1e-9


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

    def next_look(self, left: float) -> float:
        """Seconds until a waiting server reads again, if it waits for `left` seconds more (inf: to the task's end).

        The looks of one call keep even distances to its end, where there is a look in any case.
        """
        age, left_of_life = self.elapsed * self.speed, left * self.speed
        if self.durations.unsure:
            early = age < UNSURE_UNTIL and left_of_life < UNSURE_UNTIL
            gap = UNSURE_LOOK if early else USUAL_LOOK
        else:
            gap = interval(self.durations, age)
            looks = int(left_of_life / gap + ROUNDED_UP) if left_of_life < MOST_EVEN * gap else 0
            gap = left_of_life / looks if looks else gap
        return max(gap / self.speed, SHORTEST_SLEEP)

    @property
    def absence(self) -> int:
        """Whole seconds for which asking again is not worth it."""
        return round(min(max(self.remaining / 2, 1), LONGEST_ABSENCE))

    def later(self, seconds: float) -> Pace:
        """The estimate after `seconds` more without news."""
        return replace(self, elapsed=self.elapsed + seconds)


def interval(durations: Durations, elapsed: float) -> float:
    """Seconds of life from a look at `elapsed` to the next, in a wait without end.

    The square-root rule (Keller, "Optimum checking schedules for systems subject to random failure", 1974): the gap
    is inverse to the root of the hazard in its middle, so that looks are dense where the end is likely.
    """
    if durations.unsure:
        return USUAL_LOOK
    return _gap(durations, elapsed, price(durations))


@lru_cache(maxsize=64)
def price(durations: Durations) -> float:
    """The seconds of delay that one look has to spare to be worth it, so that a task costs the usual number of them."""
    width = durations.usual / _SLICES
    ages = [(index + 0.5) * width for index in range(_SLICES * _LENGTHS)]
    slices = [(durations.surviving(age), durations.hazard(age)) for age in ages]
    target = sum(left for left, _ in slices) / USUAL_LOOK
    longest = durations.usual * LONGEST_LOOK_SHARE
    low, high = _TINY, longest**2
    for _ in range(2 * _HALVINGS):
        worth = math.sqrt(low * high)
        gaps = (max(SHORTEST_LOOK, min(math.sqrt(2 * worth / max(hazard, _TINY)), longest)) for _, hazard in slices)
        looks = sum(left / gap for (left, _), gap in zip(slices, gaps, strict=True))
        low, high = (worth, high) if looks > target else (low, worth)
    return math.sqrt(low * high)


def _gap(durations: Durations, elapsed: float, worth: float) -> float:
    low, high = SHORTEST_LOOK, max(SHORTEST_LOOK, durations.usual * LONGEST_LOOK_SHARE)
    for _ in range(_HALVINGS):
        gap = math.sqrt(low * high)
        wide = gap * gap * durations.hazard(elapsed + gap / 2) > 2 * worth
        low, high = (low, gap) if wide else (gap, high)
    return math.sqrt(low * high)
