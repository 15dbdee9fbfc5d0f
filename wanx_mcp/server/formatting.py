"""Money as results carry it: JSON numbers of US dollars, and the budget as an object or a sentence."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from wanx_mcp.ledger import Spending
from wanx_mcp.limits import BUDGET_WINDOW
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.server.results import Budget
from wanx_mcp.times import iso, whole_minute

WINDOW_HOURS = BUDGET_WINDOW // timedelta(hours=1)


def number(usd: Decimal | None) -> float | None:
    """US dollars as a JSON number."""
    return None if usd is None else float(usd)


def usd_number(points: int) -> float:
    """Points as a JSON number of US dollars."""
    return float(to_usd(points))


def budget(spending: Spending) -> Budget:
    """The spending as a result carries it."""
    return Budget(
        spent_usd=usd_number(spending.booked),
        limit_usd=None if spending.limit is None else usd_number(spending.limit),
        remaining_usd=None if spending.remaining is None else usd_number(spending.remaining),
        window_hours=WINDOW_HOURS,
        room_at=iso(whole_minute(spending.room_at), "minutes") if spending.room_at else None,
    )


def budget_words(spending: Spending) -> str:
    """The spending as a sentence."""
    used = dollars(to_usd(spending.booked))
    if spending.limit is None or spending.remaining is None:
        return f"{used} used in the last {WINDOW_HOURS} h, no budget limit."
    limit, left = dollars(to_usd(spending.limit)), dollars(to_usd(spending.remaining))
    return f"{used} of the {limit} budget for {WINDOW_HOURS} h already used, {left} left."
