"""Price rules: what an order costs, as a function of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from wanx_mcp.money import dollars


class PriceRule(Protocol):
    """How the price of a row's orders is found, in US dollars."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The arguments that the price, and the time an order takes, depend on."""

    def price(self, arguments: Mapping[str, Any]) -> Decimal | None:
        """The price of an order with these arguments; None where it is unpublished or they do not determine it."""

    def extremes(self) -> tuple[Decimal, Decimal] | None:
        """The lowest and the highest price of an order; None where it is unpublished."""

    def words(self) -> str:
        """The rule as part of a sentence."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same price for each order."""

    usd: Decimal
    depends_on: tuple[str, ...] = ()

    def price(self, arguments: Mapping[str, Any]) -> Decimal | None:  # noqa: ARG002  # the same for all
        return self.usd

    def extremes(self) -> tuple[Decimal, Decimal] | None:
        return self.usd, self.usd

    def words(self) -> str:
        return dollars(self.usd)


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The provider publishes no price. `reported` is what third parties say, which nothing is computed from."""

    reported: Decimal | None = None
    depends_on: tuple[str, ...] = ()

    def price(self, arguments: Mapping[str, Any]) -> Decimal | None:  # noqa: ARG002  # unknown for all
        return None

    def extremes(self) -> tuple[Decimal, Decimal] | None:
        return None

    def words(self) -> str:
        reported = f" (third parties report {dollars(self.reported)})" if self.reported is not None else ""
        return f"price unpublished{reported}"


@dataclass(frozen=True, slots=True)
class PerSecond:
    """Dollars per second of video, by resolution. `seconds` are the lengths that can be ordered."""

    rates: tuple[tuple[str, Decimal], ...]
    seconds: tuple[int, ...]
    depends_on: tuple[str, ...] = ("duration", "resolution")

    def price(self, arguments: Mapping[str, Any]) -> Decimal | None:
        rate, seconds = dict(self.rates).get(arguments.get("resolution", "")), arguments.get("duration")
        known = rate is not None and not isinstance(seconds, bool) and seconds in self.seconds
        return rate * int(seconds) if known and rate is not None and seconds is not None else None

    def extremes(self) -> tuple[Decimal, Decimal] | None:
        rates = [rate for _, rate in self.rates]
        return min(rates) * min(self.seconds), max(rates) * max(self.seconds)

    def words(self) -> str:
        dearest, rate = max(self.rates, key=lambda pair: pair[1])
        each = " or ".join(f"{dollars(rate)} at {name}" for name, rate in self.rates)
        longest = max(self.seconds)
        return f"{each} a second, so {longest} s at {dearest} is {dollars(rate * longest)}"


def span_words(rules: list[PriceRule]) -> str:
    """The lowest and highest price under these rules, e.g. "$0.12 to $0.28"; empty where none is published."""
    ends = [ends for rule in rules if (ends := rule.extremes())]
    if not ends:
        return ""
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return dollars(low) if low == high else f"{dollars(low)} to {dollars(high)}"
