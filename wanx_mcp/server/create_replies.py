"""The replies to create_wanx_task: an order placed, or only priced."""

from __future__ import annotations

import json

from wanx_mcp.catalog import price_words
from wanx_mcp.ledger import Entry, Spending
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.server.formatting import budget, budget_words, number, usd_number
from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import CreateResult
from wanx_mcp.studio import Placement, Quotation
from wanx_mcp.studio.orders.objections import room_words
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.times import iso
from wanx_mcp.toolnames import GET


def quoted(quotation: Quotation, spending: Spending | None) -> Reply:
    """The reply to a dry run."""
    if quotation.earlier is not None:
        return _already(quotation, quotation.earlier, spending)
    row, price = quotation.order.row, quotation.order.terms.price
    needs = dollars(to_usd(quotation.booked))
    fits = spending is None or spending.allows(quotation.booked)
    step = "to place this order, make the same call without dry_run"
    if spending is not None and not fits:
        step = _too_dear(needs, spending)
    step += _note_words(quotation.notes)
    result = CreateResult(
        task_type=row.name,
        price_usd=number(price),
        booked_usd=usd_number(quotation.booked),
        reused=False,
        dry_run=True,
        budget=spending and budget(spending),
        next_step=step,
    )
    spent = f" {budget_words(spending)}" if spending else ""
    order = f"{row.name}, {price_words(price)}, needs {needs}"
    head = f"Valid order: {order} of the budget." if fits or spending is None else _over(order, spending)
    return f"{head} Nothing was sent or spent.{spent} Next: {step}.", result


def _over(order: str, spending: Spending) -> str:
    """The head of a dry run that the budget has no room for."""
    left = f"{dollars(to_usd(spending.remaining or 0))} is left of WANX_DAILY_BUDGET_USD"
    missing = f", {dollars(to_usd(spending.missing))} is missing" if spending.missing else ""
    return f"Over the budget: {order}; {left}{missing}{room_words(spending)}."


def _too_dear(needs: str, spending: Spending) -> str:
    more = f"{dollars(to_usd(spending.missing))} more" if spending.missing else "more"
    return (
        f"tell the user that this order needs {needs}, {more} than the budget has left; only they can raise "
        "WANX_DAILY_BUDGET_USD"
    )


def _already(quotation: Quotation, earlier: Entry, spending: Spending | None) -> Reply:
    """The reply to a dry run whose request_id has an order already."""
    row, price = quotation.order.row, quotation.order.terms.price
    if earlier.task_id is None:
        is_now = "an order whose outcome is not known yet"
        step = (
            "make the same call without dry_run to look for it; nothing is placed unless the order of "
            f"{iso(earlier.moment)} is proved absent"
        )
    else:
        is_now = f"task {earlier.task_id}, last seen {earlier.status}"
        step = f"call {GET} with task_id {json.dumps(earlier.task_id)}; another take needs a new request_id"
    result = CreateResult(
        task_id=earlier.task_id,
        status=earlier.status if earlier.task_id else "unknown",
        task_type=row.name,
        price_usd=number(price),
        booked_usd=usd_number(earlier.booked),
        reused=True,
        dry_run=True,
        budget=spending and budget(spending),
        next_step=step,
    )
    booked = dollars(to_usd(earlier.booked))
    spent = f" {budget_words(spending)}" if spending else ""
    text = (
        f"Already ordered: this request_id has {is_now} ({row.name}, {price_words(price)}, {booked} booked). Ordering "
        f"with it again costs nothing. Nothing was sent or spent.{spent}"
    )
    return f"{text} Next: {step}.", result


def placed(
    placement: Placement, spending: Spending | None, pace: Pace, longest_wait: int, *, saves: bool = False
) -> Reply:
    """The reply to an order that was placed, now or by an earlier call. `saves`: its video will be saved by itself."""
    row, price, reused = placement.order.row, placement.order.terms.price, placement.reused
    step = _followed(placement, longest_wait, saves=saves)
    warned = f"; warning: {placement.warning}" if placement.warning else ""
    result = CreateResult(
        task_id=placement.task_id,
        status=placement.status,
        task_type=row.name,
        price_usd=number(price),
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
    text = f"{did}: {row.name}, {price_words(price)}. Task {placement.task_id} {state}; {booked} is booked for it."
    warning = f" Warning: {placement.warning}." if placement.warning else ""
    spent = f" {budget_words(spending)}" if spending else ""
    return f"{text}{spent}{warning} Next: {step}.", result


def _followed(placement: Placement, longest_wait: int, *, saves: bool) -> str:
    """The next step after an order."""
    step = f"call {GET} with task_id {json.dumps(placement.task_id)} and wait_seconds {longest_wait}"
    step += " until it has ended; the video is saved by itself" if saves else ""
    if placement.lost:
        step = "tell the user that this task is lost; ordering it again needs a new request_id and costs money again"
    elif placement.reused:
        step += "; for another take of the same order, order again with a new request_id"
    return step + _note_words(placement.notes)


def _note_words(notes: tuple[str, ...]) -> str:
    """Notes about the pictures, added to the next step so that text and result both have them."""
    return f"; note: {'; '.join(notes)}" if notes else ""
