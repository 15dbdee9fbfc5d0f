"""`wanx-mcp ledger`: what was ordered and spent; lets a person settle an order of unknown outcome by hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from wanx_mcp.catalog import CATALOG
from wanx_mcp.clock import RealClock
from wanx_mcp.errors import NotConfigured, ProviderError, TaskNotFound, WanxError
from wanx_mcp.ledger import Entry, Observation, State
from wanx_mcp.ledger.book import Book
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.ledger.schema import holds_orders, open_file
from wanx_mcp.limits import LOOK_UP_SECONDS
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.quoting import quote
from wanx_mcp.settings import Settings, read_settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.opening import open_account
from wanx_mcp.taskid import is_task_id


def show(*, count: int) -> int:
    """Print the spending and the newest orders. Returns the exit code."""

    def shown(book: Book, settings: Settings) -> tuple[int, str]:
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

    return _with_book(shown)


def settle(number: int, *, task_id: str | None) -> int:
    """Give order `number` the provider's `task_id`, or (None) take it off the books. Returns the exit code."""
    import anyio

    settings = read_settings(os.environ)
    try:
        path = settings.ledger_path
        if not path.exists():
            code, words = 1, f"wanx-mcp ledger: there is no ledger at {path}, so there is no order {number}"
        else:
            code, words = anyio.run(_settle, settings, number, task_id)
    except WanxError as error:
        code, words = 1, f"wanx-mcp ledger: {error}"
    print(words, file=sys.stderr if code else sys.stdout)
    return code


async def _settle(settings: Settings, number: int, task_id: str | None) -> tuple[int, str]:
    import anyio

    async with anyio.create_task_group() as group:
        async with open_account(settings, CATALOG, RealClock(), group) as account:
            answer = await settled(account, number, task_id)
        group.cancel_scope.cancel()
    return answer


async def settled(account: Account, number: int, task_id: str | None) -> tuple[int, str]:
    """The exit code of settling order `number`, and the words for the person. Raises LedgerUnusable."""
    entry = await account.entry(number)
    problem, remark = _unsettleable(account, entry, number, task_id), ""
    if entry is None or problem:
        return 1, f"wanx-mcp ledger: {problem}"
    if task_id is None:
        await account.settle_absent(number)
    else:
        problem, seen, remark = await _looked_up(account, entry, task_id)
        if problem:
            return 1, f"wanx-mcp ledger: {problem}; order {number} stays as it was"
        if not await account.settle(number, seen):
            return (
                1,
                f"wanx-mcp ledger: task {task_id} belongs to another order already; order {number} stays as it was",
            )
    return 0, "\n".join(filter(None, [_line(await account.entry(number) or entry, account.settings), remark]))


def _unsettleable(account: Account, entry: Entry | None, number: int, task_id: str | None) -> str:
    """Why the order cannot be settled so; empty if it can."""
    if entry is None or entry.state is State.DECLINED:
        return f"there is no order {number} of unknown outcome"
    if not entry.can_be_settled:
        return f"order {number} is task {entry.task_id}; the provider has said so itself, so there is nothing to settle"
    if account.in_flight(entry):
        return f"order {number} may still be on its way; try again in two minutes"
    if task_id is None and entry.state is State.RELEASED:
        return f"order {number} is off the books already"
    return ""


async def _looked_up(account: Account, entry: Entry, task_id: str) -> tuple[str, Observation, str]:
    """Why that cannot be the id of a task, if it cannot; what the provider says of it; and what is left to say."""
    unseen = Observation(task_id, "pending")
    if not is_task_id(task_id):
        return "a task id is printable ASCII without blanks, at most 200 characters", unseen, ""
    unchecked = "The id was not looked up at the provider"
    try:
        task = await account.provider.get(task_id, within=LOOK_UP_SECONDS)
    except TaskNotFound:
        return f"the provider does not know a task {task_id} of this account", unseen, ""
    except (NotConfigured, ProviderError) as error:
        return "", unseen, f"{unchecked} ({error.code}); if it turns out wrong, the order can be settled again."
    if task.model is not None and task.model.casefold() != CATALOG.model_of(entry.task_type).casefold():
        return f"task {task_id} is one of another model ({quote(task.model, 60)})", unseen, ""
    return "", account.observation(task, by_get=True), ""


def _with_book(work: Callable[[Book, Settings], tuple[int, str]]) -> int:
    """What `work` tells is printed when the ledger is closed: a reader who left is no fault of the ledger."""
    settings = read_settings(os.environ)
    for complaint in settings.problems:
        print(f"wanx-mcp: {complaint}", file=sys.stderr)
    path = settings.ledger_path
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
    if not holds_orders(replace(settings, simulate=not settings.simulate).ledger_path):
        return []
    if settings.simulate:
        return ["", "Real orders are in a ledger of their own: wanx-mcp ledger without WANX_SIMULATE shows it."]
    return ["", "Simulated orders are in a ledger of their own: wanx-mcp ledger shows it where WANX_SIMULATE=1 is set."]


def _line(entry: Entry, settings: Settings) -> str:
    status = "unknown" if entry.state.doubtful else entry.status or entry.state
    charged = "" if entry.charged is None else f", charged {dollars(to_usd(entry.charged))}"
    money = f"{dollars(to_usd(entry.booked))} booked{charged}"
    prompt = quote(str(entry.arguments.get("prompt", "")), 50, settings.secrets)
    when = entry.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return f'{entry.number:>5}  {when}  {status:<10}  {entry.task_type}  {money}  {entry.task_id or "-"}  "{prompt}"'
