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
        """The row that takes every known argument in `given`: the fewest missing, then the likeliest by name, above all
        one whose name begins with `near`."""
        wanted = {name for name in given if name in self.arguments}
        fits = [row for row in self.rows if wanted <= set(row.allowed)]

        def order(row: TaskType) -> tuple[int, bool, float]:
            missing = len(set(row.needed) - wanted)
            likeness = difflib.SequenceMatcher(None, near[:LONGEST_NAME], row.name).ratio()
            return missing, not row.name.startswith(near or " "), -likeness

        return min(fits, key=order, default=None)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the rows name in their requests."""
        return tuple(dict.fromkeys(row.model for row in self.rows))

    def model_of(self, task_type: str) -> str:
        """The model that an order of this type names; for a type that is not in the table, the first row's."""
        row = self.find(task_type)
        return row.model if row else self.rows[0].model

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
