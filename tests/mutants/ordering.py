"""The order in which tests are run against a mutant: different ones first, since similar ones fail together."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from tests.mutants.cover import Test

SLOW_SECONDS = 5.0
MODULE_LINES = 512
"""More than any module has."""


class Cover:
    """The lines of all modules as the bits of one number."""

    def __init__(self) -> None:
        self._modules: dict[str, int] = {}

    def bits(self, test: Test) -> int:
        """All lines that `test` runs."""
        places = ((self._modules.setdefault(name, len(self._modules)), bits) for name, bits in test.lines.items())
        return sum(bits << number * MODULE_LINES for number, bits in places)


def diverse(tests: Sequence[Test]) -> list[Test]:
    """A greedy cover: in turn the test that runs the most lines, for its duration, that none before it has run."""
    cover = Cover()
    bits = [cover.bits(test) for test in tests]
    costs = [test.seconds + 0.1 for test in tests]
    queue = [(-number.bit_count() / cost, index) for index, (number, cost) in enumerate(zip(bits, costs, strict=True))]
    heapq.heapify(queue)
    chosen: list[Test] = []
    covered = 0
    while queue:
        _, index = heapq.heappop(queue)
        gain = (bits[index] & ~covered).bit_count() / costs[index]
        if queue and gain < -queue[0][0]:  # it was computed before others were chosen
            heapq.heappush(queue, (-gain, index))
        elif gain:
            covered |= bits[index]
            chosen.append(tests[index])
    return chosen


def in_order(tests: Iterable[Test]) -> list[Test]:
    """The narrow and quick ones first, alternating between files; the slow ones last."""
    found = sorted(tests, key=cost)
    files = grouped((test for test in found if test.seconds < SLOW_SECONDS), lambda test: test.file)
    return by_turns(files) + [test for test in found if test.seconds >= SLOW_SECONDS]


def cost(test: Test) -> tuple[float, str]:
    """A narrow and quick test costs least; the name decides between equals."""
    return test.breadth * (test.seconds + 0.05), test.name


def by_turns(groups: Iterable[Sequence[Test]]) -> list[Test]:
    """The first of each group, then the second of each, and so on, each test once."""
    tests = (test for row in zip_longest(*groups) for test in row if test is not None)
    return list({test.name: test for test in tests}.values())


def grouped(tests: Iterable[Test], key: Callable[[Test], object]) -> list[list[Test]]:
    """The tests of each key, in order of appearance."""
    groups: dict[object, list[Test]] = defaultdict(list)
    for test in tests:
        groups[key(test)].append(test)
    return list(groups.values())
