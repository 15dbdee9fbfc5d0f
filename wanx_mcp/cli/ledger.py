"""`wanx-mcp ledger`: what was ordered and spent; lets a person settle an order of unknown outcome by hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from wanx_mcp.errors import WanxError
from wanx_mcp.ledger import Entry, Observation, State
from wanx_mcp.ledger.book import Book
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.ledger.schema import holds_orders, open_file
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.quoting import quote
from wanx_mcp.settings import Settings, read_settings
from wanx_mcp.studio.opening import ledger_path
from wanx_mcp.studio.ordering import IN_FLIGHT


def show(*, count: int) -> int:
    """Print the spending and the newest orders. Returns the exit code."""

    def told(book: Book, settings: Settings) -> tuple[int, str]:
        budget = settings.daily_budget
        spending = book.spending(datetime.now(UTC), None if budget is None else to_points(budget))
        limit = "no limit" if budget is None else f"a budget of {dollars(budget)}"
        head = "Simulated, no money. " if settings.simulate else ""
        lines = [f"{head}Booked in the last 24 hours: {dollars(to_usd(spending.booked))} of {limit}."]
        entries = book.page(None, (), None, count)
        lines += ["", *(_line(entry, settings) for entry in entries)] if entries else []
        doubts = [entry.number for entry in entries if entry.state.doubtful]
        if doubts:
            lines += [
                "",
                f"Unknown: the server looks for these in the provider's history by itself. By hand, for {doubts[0]}:",
                f"  wanx-mcp ledger --settle {doubts[0]} --task-id ID   if the task history of the account shows it",
                f"  wanx-mcp ledger --settle {doubts[0]} --not-placed   if it certainly does not",
            ]
        return 0, "\n".join([*lines, *_elsewhere(settings)])

    return _with_book(told)


def settle(number: int, *, task_id: str | None) -> int:
    """Give order `number` the provider's `task_id`, or (None) take it off the books. Returns the exit code."""

    def settled(book: Book, settings: Settings) -> tuple[int, str]:
        entry = book.entry(number)
        if entry is None or not entry.state.doubtful:
            return 1, f"wanx-mcp ledger: order {number} is not one of unknown outcome"
        age = datetime.now(UTC) - entry.created_at
        if task_id is None and entry.state is State.INTENDED and age < IN_FLIGHT:
            return 1, f"wanx-mcp ledger: order {number} may still be on its way; try again in two minutes"
        if task_id is None:
            book.conclude(number, State.RELEASED)
        elif not book.adopt(number, Observation(task_id, "pending")):
            return 1, f"wanx-mcp ledger: task {task_id} belongs to another order already"
        return 0, _line(book.entry(number) or entry, settings)

    return _with_book(settled)


def _with_book(work: Callable[[Book, Settings], tuple[int, str]]) -> int:
    """What `work` tells is printed when the ledger is closed: a reader who left is no fault of the ledger."""
    settings = read_settings(os.environ)
    for complaint in settings.complaints:
        print(f"wanx-mcp: {complaint}", file=sys.stderr)
    path = ledger_path(settings)
    if not path.exists():
        print("\n".join([f"Nothing has been ordered: there is no ledger at {path}.", *_elsewhere(settings)]))
        return 0
    try:
        with usable(path):
            book = Book(open_file(path))
            try:
                code, words = work(book, settings)
            finally:
                book.close()
    except WanxError as error:
        print(f"wanx-mcp ledger: {error}", file=sys.stderr)
        return 1
    print(words, file=sys.stderr if code else sys.stdout)
    return code


def _elsewhere(settings: Settings) -> list[str]:
    """What to say of the other ledger, real or simulated, if it has orders."""
    if not holds_orders(ledger_path(replace(settings, simulate=not settings.simulate))):
        return []
    if settings.simulate:
        return ["", "Real orders are in a ledger of their own: wanx-mcp ledger without WANX_SIMULATE shows it."]
    return ["", "Simulated orders are in a ledger of their own: WANX_SIMULATE=1 wanx-mcp ledger shows it."]


def _line(entry: Entry, settings: Settings) -> str:
    status = "unknown" if entry.state.doubtful else entry.status or entry.state
    charged = "" if entry.charged is None else f", charged {dollars(to_usd(entry.charged))}"
    money = f"{dollars(to_usd(entry.booked))} booked{charged}"
    prompt = quote(str(entry.arguments.get("prompt", "")), 50, settings.secrets)
    when = entry.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return f'{entry.number:>5}  {when}  {status:<10}  {entry.task_type}  {money}  {entry.task_id or "-"}  "{prompt}"'
