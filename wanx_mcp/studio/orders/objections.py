"""Why an order was not placed, in errors that say what is known and what to do."""

from __future__ import annotations

from wanx_mcp.errors import BudgetExceeded, Charged, InvalidOrder, OutcomeUnknown, ProviderFault, WanxError
from wanx_mcp.ledger import Draft, Entry, Figure, Spending
from wanx_mcp.limits import FIGURE_COUNTS
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.studio.orders.departure import Departure
from wanx_mcp.times import iso, whole_minute


def late(departure: Departure | None) -> WanxError:
    """What a create is answered whose time is up: "maybe" only if its order may have left this machine."""
    if departure is None or departure.forbid():
        what = "this order could not be placed within the time of one call; nothing was sent"
        return ProviderFault(what, advice="make the same call again; nothing is booked")
    return OutcomeUnknown("the provider has not answered the order yet; it is still on its way")


def over_budget(spending: Spending) -> BudgetExceeded:
    """The error for an order that the budget has no room for."""
    asked, limit = dollars(to_usd(spending.asked)), dollars(to_usd(spending.limit or 0))
    why = f" ({figure_words(spending.figure)})" if spending.figure else ""
    left, missing = dollars(to_usd(spending.remaining or 0)), dollars(to_usd(spending.missing))
    used = f"{dollars(to_usd(spending.booked))} of the {limit} daily budget is already used"
    short = f", {missing} too little" if spending.missing else ""
    what = f"this order needs {asked}{why}; {used}, {left} is left{short}{room_words(spending)}"
    never = spending.figure is None and spending.limit is not None and spending.asked > spending.limit
    advice = "tell the user; only they can raise WANX_DAILY_BUDGET_USD, which is less than this one order"
    return BudgetExceeded(what, advice=advice if never else None)


def room_words(spending: Spending) -> str:
    """When there will be room for the order that was asked for; empty if it fits, or never will."""
    if spending.room_at is None:
        return ""
    return f"; room returns at {whole_minute(spending.room_at):%H:%M} UTC"


def figure_words(figure: Figure) -> str:
    """Why an order books more than its price."""
    shown, until = iso(figure.at, "minutes"), iso(figure.at + FIGURE_COUNTS, "minutes")
    return (
        f"the provider showed {dollars(to_usd(figure.points))} for the last order of this kind at {shown}, which "
        f"counts until {until}"
    )


def check_same(draft: Draft, earlier: Entry) -> None:
    """Raises InvalidOrder where a request_id was used before for other arguments."""
    if by_key(draft, earlier) and earlier.content != draft.content:
        raise InvalidOrder(
            "request_id was used before, for an order with other arguments",
            advice="set request_id to a new value; then order again",
        )


def by_key(draft: Draft, earlier: Entry) -> bool:
    """Whether `earlier` has the request_id of `draft`."""
    return draft.request_id is not None and draft.request_id == earlier.request_id


def of_another_key(entry: Entry) -> OutcomeUnknown:
    """An identical order of another key, perhaps of the same account."""
    task = f" as task {entry.task_id}" if entry.task_id else ", and its outcome is unknown"
    what = (
        f"the same order was sent at {iso(entry.moment)} with another API key{task}; whether that key belongs to "
        "the same account could not be found out, so this call has sent nothing"
    )
    advice = "ask the user; a new request_id places another order beside one that is open, not beside an unknown one"
    return OutcomeUnknown(what, charged=Charged.NO, advice=advice)
