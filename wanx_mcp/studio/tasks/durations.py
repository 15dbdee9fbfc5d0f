"""How long tasks of one type take: a distribution over what the catalog guesses and the ledger has seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

SPREAD = 0.3
"""Sigma of the log-normal durations of one type."""

STRAGGLERS, STRAGGLER_LENGTH = 0.03, 3.0
"""The share of tasks that take several times as long, and how many times."""

DOUBT = 0.67
"""How much of a first guess stands for its being wrong by a factor of 0.5 or 2; each ended task lessens it."""

UNSURE_EVIDENCE = 3
"""With fewer ended tasks than these, the guess is only that."""

LEAST_DOUBT = 0.01
DOUBT_SPREAD = 0.35
BELIEVED = 10.0
"""A duration further from the guess than by this factor is taken for a wrong date."""

_TINY = 1e-12
_HALVINGS = 16


@dataclass(frozen=True, slots=True)
class Part:
    """One log-normal piece of a distribution: its weight, its median in seconds, its sigma."""

    weight: float
    median: float
    sigma: float


@dataclass(frozen=True)
class Durations:
    """The durations of one task type: `usual` is their median in seconds, `evidence` the ended tasks behind it."""

    usual: float
    evidence: int = 0

    @property
    def unsure(self) -> bool:
        """Whether too little is known to place looks by it."""
        return self.evidence < UNSURE_EVIDENCE

    @property
    def doubt(self) -> float:
        """The probability that the usual duration is far from the truth."""
        return max(LEAST_DOUBT, DOUBT / (1 + self.evidence) ** 2)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The mixture: the usual ones, the stragglers, and the doubt to both sides."""
        doubt, usual = self.doubt, self.usual
        sigma = SPREAD * math.sqrt(1 + 1 / (1 + self.evidence) / 2)
        return (
            Part((1 - STRAGGLERS) * (1 - doubt), usual, sigma),
            Part(STRAGGLERS, STRAGGLER_LENGTH * usual, DOUBT_SPREAD),
            Part(doubt / 2, usual / 2, DOUBT_SPREAD),
            Part(doubt / 2, usual * 2, DOUBT_SPREAD),
        )

    @cached_property
    def _slopes(self) -> tuple[tuple[float, float, float], ...]:
        """Weight, logarithm of the median and scale of each part."""
        whole = 2 * sum(part.weight for part in self.parts)
        return tuple((part.weight / whole, math.log(part.median), part.sigma * math.sqrt(2)) for part in self.parts)

    def surviving(self, seconds: float) -> float:
        """The share of tasks that take longer than `seconds`."""
        if seconds <= 0:
            return 1.0
        left, age = 0.0, math.log(seconds)
        for weight, middle, scale in self._slopes:
            left += weight * math.erfc((age - middle) / scale)
        return left

    def hazard(self, seconds: float) -> float:
        """The chance in the next second that a task ends which has taken `seconds`; 0 where hardly any are left."""
        if seconds <= 0:
            return 0.0
        left = density = 0.0
        for part in self.parts:
            score = _score(part, seconds)
            left += part.weight * _tail(score)
            density += part.weight * math.exp(-score * score / 2) / (part.sigma * math.sqrt(math.tau))
        return density / seconds / left if left > _TINY else 0.0

    def remaining(self, elapsed: float) -> float:
        """The median of what is still to go after `elapsed` seconds, never nothing."""
        return _remaining(self, elapsed)


@lru_cache(maxsize=256)
def _remaining(durations: Durations, elapsed: float) -> float:
    """Kept, since one answer asks for it several times."""
    half = durations.surviving(elapsed) / 2
    if half < _TINY:
        return durations.usual
    low, high = 0.0, durations.usual * STRAGGLER_LENGTH * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if durations.surviving(elapsed + middle) > half else (low, middle)
    return high


def learned(guess: float, seen: Iterable[float]) -> Durations:
    """The durations of a type after `seen` (seconds of ended tasks): their median, the guess being one of few."""
    trusted = [math.log(seconds) for seconds in seen if guess / BELIEVED < seconds < guess * BELIEVED]
    logs = sorted(trusted if len(trusted) >= UNSURE_EVIDENCE else [*trusted, math.log(guess)])
    middle = (logs[(len(logs) - 1) // 2] + logs[len(logs) // 2]) / 2
    return Durations(math.exp(middle), len(trusted))


def _score(part: Part, seconds: float) -> float:
    return math.log(seconds / part.median) / part.sigma


def _tail(score: float) -> float:
    return math.erfc(score / math.sqrt(2)) / 2
