"""Money: US dollars as Decimal for people, the provider's whole points for counting."""

from __future__ import annotations

from decimal import Decimal

POINTS_PER_USD = 10_000_000
"""The provider's unit: 10,000,000 points = 1 USD (official examples: 3200000 points for a $0.32 video)."""


def to_points(usd: Decimal) -> int:
    """`usd` in whole points. Raises ValueError for a fraction of a point."""
    points = usd * POINTS_PER_USD
    if points != points.to_integral_value():
        raise ValueError(f"{usd} USD is not a whole number of points")
    return int(points)


def to_usd(points: int) -> Decimal:
    """`points` in US dollars, exact."""
    return Decimal(points) / POINTS_PER_USD


def dollars(usd: Decimal) -> str:
    """`usd` as people write it: $0.28, and more places only where there are any."""
    cents = usd.quantize(Decimal("0.01"))
    return f"${cents}" if cents == usd else f"${usd.normalize():f}"
