"""The replies to create_wanx_task: an order placed, or only priced."""

from __future__ import annotations

import json

from wanx_mcp.catalog import price_words
from wanx_mcp.ledger import Spending
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.server.formatting import budget, budget_words, number, usd_number
from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import CreateResult
from wanx_mcp.studio import Placement, Quotation
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.toolnames import GET


def quoted(quotation: Quotation, spending: Spending | None) -> Reply:
    """The reply to a dry run."""
    row = quotation.order.row
    booked = dollars(to_usd(quotation.booked))
    fits = spending is None or spending.allows(quotation.booked)
    step = "to place this order, make the same call without dry_run"
    if not fits:
        step = f"tell the user that this order needs {booked}, more than the budget has left; only they can raise it"
    step += _note_words(quotation.notes)
    result = CreateResult(
        task_type=row.name,
        price_usd=number(row.price),
        booked_usd=usd_number(quotation.booked),
        reused=False,
        dry_run=True,
        budget=spending and budget(spending),
        next_step=step,
    )
    spent = f" {budget_words(spending)}" if spending else ""
    text = f"Valid order: {row.name}, {price_words(row.price)}, books {booked}. Nothing was sent or spent.{spent}"
    return f"{text} Next: {step}.", result


def placed(placement: Placement, spending: Spending | None, pace: Pace, longest_wait: int) -> Reply:
    """The reply to an order that was placed, now or by an earlier call."""
    row, reused = placement.order.row, placement.reused
    step = f"call {GET} with task_id {json.dumps(placement.task_id)} and wait_seconds {longest_wait}"
    if placement.lost:
        step = "tell the user that this task is lost; ordering it again needs a new request_id and costs money again"
    elif reused:
        step += "; for another take of the same order, order again with a new request_id"
    step += _note_words(placement.notes)
    warned = f"; warning: {placement.warning}" if placement.warning else ""
    result = CreateResult(
        task_id=placement.task_id,
        status=placement.status,
        task_type=row.name,
        price_usd=number(row.price),
        booked_usd=usd_number(placement.booked),
        reused=reused,
        dry_run=False,
        budget=spending and budget(spending),
        poll_after_seconds=None if placement.lost else pace.absence,
        next_step=step + warned,
    )
    did = "Already ordered, nothing new was placed or charged" if reused else "Ordered"
    state = f"was last seen {placement.status}" if placement.lost else f"is {placement.status}"
    booked = dollars(to_usd(placement.booked))
    text = f"{did}: {row.name}, {price_words(row.price)}. Task {placement.task_id} {state}; {booked} is booked for it."
    warning = f" Warning: {placement.warning}." if placement.warning else ""
    spent = f" {budget_words(spending)}" if spending else ""
    return f"{text}{spent}{warning} Next: {step}.", result


def _note_words(notes: tuple[str, ...]) -> str:
    """Notes about the pictures, added to the next step so that text and result both have them."""
    return f"; note: {'; '.join(notes)}" if notes else ""
