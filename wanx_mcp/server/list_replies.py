"""The reply to list_wanx_tasks: a page of the ledger, and what the budget's window is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wanx_mcp.catalog import Catalog
from wanx_mcp.ledger import Entry, Spending, Totals
from wanx_mcp.limits import BUDGET_WINDOW
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Status
from wanx_mcp.quoting import quote
from wanx_mcp.server.formatting import budget, budget_words, number, usd_number
from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import ListedTask, ListResult
from wanx_mcp.studio import Page
from wanx_mcp.times import iso
from wanx_mcp.toolnames import CREATE, GET, LIST

PROMPT_CHARACTERS = 60
"""Of each prompt in a list."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The budget, and what its bookings are made of."""

    spending: Spending
    totals: Totals

    @property
    def room_at(self) -> datetime | None:
        """When the oldest booking leaves the budget; None where nothing is booked, or there is no budget."""
        oldest = self.totals.oldest
        return None if oldest is None or self.spending.limit is None else oldest + BUDGET_WINDOW

    def words(self) -> str:
        """In a sentence or two."""
        parts = {"charged": self.totals.charged, "reserved": self.totals.reserved, "unknown": self.totals.unknown}
        made_of = ", ".join(f"{dollars(to_usd(points))} {name}" for name, points in parts.items())
        remaining = self.spending.remaining
        left = "" if remaining is None else f" Left: {dollars(to_usd(remaining))}."
        room = f" Room returns at {iso(self.room_at)}." if self.room_at else ""
        return f"{budget_words(self.spending)} Of that {made_of}.{left}{room}"


def listed(page: Page, sums: Sums, status: str | None, catalog: Catalog, secrets: Iterable[str]) -> Reply:
    """The reply to a list; `status` is the filter. The `secrets` are removed from the prompts."""
    tasks = [_listed(entry, catalog, secrets) for entry in page.entries]
    step = _next(tasks, page, status)
    remaining = sums.spending.remaining
    result = ListResult(
        tasks=tasks,
        next_cursor=None if page.cursor is None else str(page.cursor),
        budget=budget(sums.spending),
        charged_usd=usd_number(sums.totals.charged),
        reserved_usd=usd_number(sums.totals.reserved),
        unknown_usd=usd_number(sums.totals.unknown),
        remaining_usd=None if remaining is None else usd_number(remaining),
        room_at=iso(sums.room_at) if sums.room_at else None,
        next_step=step,
    )
    lines = [_line(task, entry) for task, entry in zip(tasks, page.entries, strict=True)]
    more = [f'More with cursor "{result.next_cursor}".'] if result.next_cursor else []
    return "\n".join([_head(tasks, page, status), *lines, *more, f"{sums.words()} Next: {step}."]), result


def _head(tasks: list[ListedTask], page: Page, status: str | None) -> str:
    if tasks:
        return f"{len(tasks)} {'order' if len(tasks) == 1 else 'orders'}, newest first."
    return f"No {status} orders; {_others(page)}." if status else "No orders."


def _others(page: Page) -> str:
    return "1 other" if page.all == 1 else f"{page.all} others"


def _next(tasks: list[ListedTask], page: Page, status: str | None) -> str:
    steps = []
    if any(task.task_id for task in tasks):
        steps.append(f"call {GET} with a task_id to see its current state")
    if any(task.status == "unknown" for task in tasks):
        steps.append(
            "an unknown order may have been charged: call again later, since each call looks for it in the provider's "
            "history; until it is found, repeating its create call with the same arguments places nothing"
        )
    if not tasks and status:
        steps.append(
            f"tell the user that there are no {status} orders, {_others(page)}; {LIST} without status shows them"
        )
    return "; ".join(steps) or f"order with {CREATE}"


def _line(task: ListedTask, entry: Entry) -> str:
    money = f"{dollars(to_usd(entry.booked))} booked"
    money += "" if entry.charged is None else f", {dollars(to_usd(entry.charged))} charged"
    key = f", request_id {task.request_id}" if task.request_id else ""
    state = f"{task.status} as of {task.as_of}" if task.as_of else task.status
    return (
        f"- {task.task_id or 'no task id'}: {state}, {task.task_type}, {money}, ordered {task.created_at}{key}, "
        f'"{task.prompt}"{f" {task.video_url}" if task.video_url else ""}'
        f"{f' saved at {task.saved_path}' if task.saved_path else ''}"
    )


def _listed(entry: Entry, catalog: Catalog, secrets: Iterable[str]) -> ListedTask:
    row = catalog.find(entry.task_type)
    known_at = entry.looked_at if entry.state.doubtful else entry.seen_at
    return ListedTask(
        task_id=entry.task_id,
        request_id=entry.request_id,
        task_type=entry.task_type,
        status="unknown" if entry.state.doubtful else entry.status or Status.PENDING.value,
        prompt=quote(str(entry.arguments.get("prompt", "")), PROMPT_CHARACTERS, secrets),
        price_usd=number(row.terms(entry.arguments).price if row else None),
        booked_usd=usd_number(entry.booked),
        charged_usd=None if entry.charged is None else usd_number(entry.charged),
        created_at=iso(entry.created_at),
        as_of=iso(known_at or entry.moment),
        video_url=entry.video_url,
        saved_path=entry.saved_path,
    )
