"""The table of task types as one object, with its look-ups."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from wanx_mcp.catalog.tasks import ROWS, TaskType
from wanx_mcp.money import dollars

LONGEST_NAME = 64
"""Characters of a mistyped name that are compared. Comparing takes quadratic time."""


@dataclass(frozen=True)
class Catalog:
    """All task types that can be ordered."""

    rows: tuple[TaskType, ...] = ROWS

    def find(self, name: str) -> TaskType | None:
        """The row called `name`."""
        return next((row for row in self.rows if row.name == name), None)

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Every argument that some row takes, in the order of the table."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.allowed))

    def fitting(self, given: Iterable[str], *, near: str) -> TaskType | None:
        """The row that takes every known argument in `given`: the fewest missing, then the likeliest by name."""
        wanted = {name for name in given if name in self.arguments}
        fits = [row for row in self.rows if wanted <= set(row.allowed)]

        def order(row: TaskType) -> tuple[int, float]:
            missing = len(set(row.needed) - wanted)
            return missing, -difflib.SequenceMatcher(None, near[:LONGEST_NAME], row.name).ratio()

        return min(fits, key=order, default=None)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the rows name in their requests."""
        return tuple(dict.fromkeys(row.model for row in self.rows))

    @property
    def lowest_price(self) -> Decimal | None:
        """The lowest published price of an order, in US dollars."""
        return min((ends[0] for row in self.rows if (ends := row.price.extremes())), default=None)

    @property
    def highest_price(self) -> Decimal | None:
        """The highest published price of an order, in US dollars."""
        return max((ends[1] for row in self.rows if (ends := row.price.extremes())), default=None)


def price_words(price: Decimal | None) -> str:
    """The price of one order in words."""
    return "price unpublished" if price is None else dollars(price)


CATALOG = Catalog()
