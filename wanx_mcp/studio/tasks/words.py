"""What the ledger knows of a task, in a sentence for people and models."""

from __future__ import annotations

from wanx_mcp.money import dollars, to_usd
from wanx_mcp.studio.account import KnownTask
from wanx_mcp.times import iso


def words_of(known: KnownTask) -> str:
    """The last known state of the task, its money and its file; empty where nothing is known."""
    order = known.order
    saved = f"its video is saved at {known.saved_path}" if known.saved_path else ""
    if order is None:
        return saved and f"Known of this task: {saved}"
    seen = iso(order.seen_at or order.moment, "seconds")
    if order.charged is None:
        money = f"{dollars(to_usd(order.booked))} is booked for it"
    else:
        money = f"it cost {dollars(to_usd(order.charged))}"
    parts = [f"{order.status or order.state} at {seen}", money, saved]
    return f"Known of this task: {', '.join(part for part in parts if part)}"
