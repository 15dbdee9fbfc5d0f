"""Dollars and points: exact in both directions, and written as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.world import World
from wanx_mcp.money import POINTS_PER_USD, dollars, to_points, to_usd


@pytest.mark.parametrize(
    ("usd", "points"),
    [("0", 0), ("0.0000001", 1), ("0.12", 1_200_000), ("0.28", 2_800_000), ("0.32", 3_200_000), ("1", POINTS_PER_USD)],
)
def test_dollars_are_whole_points_and_back(usd: str, points: int) -> None:
    assert to_points(Decimal(usd)) == points
    assert to_usd(points) == Decimal(usd)


@pytest.mark.parametrize("usd", ["0.00000001", "0.00000015", "1.99999999"])
def test_a_fraction_of_a_point_is_an_error_and_never_rounded(usd: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number of points"):
        to_points(Decimal(usd))


@pytest.mark.parametrize(
    ("usd", "words"),
    [("0.28", "$0.28"), ("0.280", "$0.28"), ("5", "$5.00"), ("0.125", "$0.125"), ("0.0000001", "$0.0000001")],
)
def test_an_amount_shows_cents_and_more_places_only_where_there_are_any(usd: str, words: str) -> None:
    assert dollars(Decimal(usd)) == words


@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["WANX_DAILY_BUDGET_USD", "WANX_ASSUMED_PRICE_USD"])
async def test_a_setting_finer_than_a_point_refuses_orders(variable: str) -> None:
    world = World({variable: "1.00000001"})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="wan22-txt2video-14b", prompt="a boat")
    assert error.startswith(f"not_configured: {variable} must be")
    assert not world.line.sent("POST")
