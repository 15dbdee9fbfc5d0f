"""What a schedule of looks costs, exactly: expected reads and mean delay, and the best that any schedule can do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Schedule = Callable[[float], float]
"""From the seconds that a task has taken to the gap until the next look."""

ROOT = math.sqrt(2)


@dataclass(frozen=True)
class Truth:
    """Log-normal durations with sigma 0.3, and 3 % stragglers of three times the length."""

    median: float

    def ended(self, seconds: float) -> float:
        """The share of tasks that have ended by then."""
        if seconds <= 0:
            return 0.0
        parts = ((0.97, self.median), (0.03, 3 * self.median))
        return sum(share * math.erfc(-math.log(seconds / middle) / 0.3 / ROOT) / 2 for share, middle in parts)

    def quantile(self, share: float) -> float:
        """The seconds by which that share of the tasks has ended."""
        low, high = 0.0, 30 * self.median
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if self.ended(middle) < share else (low, middle)
        return high


@dataclass(frozen=True)
class Cost:
    """Mean reads of a task, and mean seconds between its end and the look that sees it."""

    reads: float
    delay: float


def every(gap: float) -> Schedule:
    """A fixed interval."""
    return lambda _at: gap


def cost(schedule: Schedule, truth: Truth) -> Cost:
    """The exact cost, by integration over the distribution."""
    at = reads = delay = 0.0
    while (open_share := 1 - truth.ended(at)) > 1e-7:
        gap = schedule(at)
        pieces = max(2, round(gap * 2))
        before, width = truth.ended(at), gap / pieces
        delay += sum(truth.ended(at + (piece + 0.5) * width) - before for piece in range(pieces)) * width
        reads += open_share
        at += gap
    return Cost(reads, delay)


def optimum(truth: Truth, reads: float) -> Cost:
    """The least delay that any schedule reaches with so many reads: dynamic programming over a fine grid."""
    low, high = 0.001, 100.0
    best = Cost(math.inf, math.inf)
    for _ in range(16):
        price = math.sqrt(low * high)
        best = _cheapest(truth, price)
        low, high = (price, high) if best.reads > reads else (low, price)
    return best


def _cheapest(truth: Truth, price: float) -> Cost:
    """The schedule with the least delay + price * reads."""
    width = truth.median / 130
    count = int(6 * truth.median / width)
    ended = [truth.ended(index * width) for index in range(count + 1)]
    area = [0.0] * (count + 1)
    for index in range(count):
        area[index + 1] = area[index] + (ended[index] + ended[index + 1]) / 2 * width
    value = [0.0] * (count + 1)
    costs = [Cost(0.0, 0.0)] * (count + 1)
    reach = int(0.8 * truth.median / width)
    for index in range(count - 1, -1, -1):
        choices = range(index + 1, min(count, index + reach) + 1)
        waits = {to: area[to] - area[index] - ended[index] * (to - index) * width for to in choices}
        to = min(choices, key=lambda to: waits[to] + value[to])
        share = 1 - ended[index]
        value[index] = price * share + waits[to] + value[to]
        costs[index] = Cost(share + costs[to].reads, waits[to] + costs[to].delay)
    return costs[0]
