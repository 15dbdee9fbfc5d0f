"""`wanx-mcp ledger --check`: compares the ledger with the provider's history, and changes neither."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from wanx_mcp.catalog import CATALOG
from wanx_mcp.clock import RealClock
from wanx_mcp.errors import WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.limits import LOOK_UP_SECONDS
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Task
from wanx_mcp.quoting import quote
from wanx_mcp.settings import read_settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.opening import open_account
from wanx_mcp.studio.orders.bill import Bill, Unlisted, check


def compare(*, days: int) -> int:
    """Print where the ledger and the provider differ on the orders of the last `days`. Returns the exit code: 0 if
    everything could be compared and agrees."""
    import anyio

    settings = read_settings(os.environ)

    async def work() -> tuple[int, str]:
        async with anyio.create_task_group() as group:
            async with open_account(settings, CATALOG, RealClock(), group) as account:
                answer = await compared(account, days)
            group.cancel_scope.cancel()
        return answer

    path = settings.ledger_path
    if not path.exists():
        print(f"wanx-mcp ledger: there is no ledger at {path} that could be checked", file=sys.stderr)
        return 1
    try:
        code, words = anyio.run(work)
    except WanxError as error:
        print(f"wanx-mcp ledger: {error}", file=sys.stderr)
        return 1
    print(words)
    return code


async def compared(account: Account, days: int) -> tuple[int, str]:
    """The exit code and the words of a check. Raises the errors of a read, NotConfigured and LedgerUnusable."""
    await account.provider.account(within=LOOK_UP_SECONDS)  # sets the provider's time, and reports a wrong key first
    bill = await check(account, account.moment() - timedelta(days=days))
    secrets = account.settings.secrets

    def say(text: str) -> str:
        return quote(text, 60, secrets)

    return (0 if bill.clean else 1), "\n".join(_lines(bill, days, say))


def _lines(bill: Bill, days: int, say: Callable[[str], str]) -> list[str]:
    tasks = f"{bill.agreed} {_plural(bill.agreed, 'order')}"
    lines = [f"The provider and this ledger agree on {tasks} of the last {days} days, {_usd(bill.points)} charged."]
    if bill.unlisted:
        lines += [
            "",
            "The provider has these, and this ledger does not:",
            *(_unlisted(one, say) for one in bill.unlisted),
        ]
    if bill.differing:
        lines += ["", "These differ:", *(_differing(entry, task) for entry, task in bill.differing)]
    if bill.denied:
        lines += ["", "The provider does not know these any more:", *(_order(entry) for entry in bill.denied)]
    if bill.unread:
        lines += ["", f"{bill.unread} {_plural(bill.unread, 'order')} could not be read at the provider just now."]
    if bill.problem:
        lines += ["", f"The history is not complete ({bill.problem}): there may be more. Try again later."]
    return lines


def _unlisted(found: Unlisted, say: Callable[[str], str]) -> str:
    row, task = found.row, found.task
    prompt = say(str(task.input.get("prompt") or "")) if task else ""
    status = (task or row).status.value
    line = f"  {_when(row.created_at)}  {status:<10}  {say(row.task_type or '?')}  {_usd(found.points)}"
    line += f"  {row.task_id or 'an id that cannot be read'}"
    line += f'  "{prompt}"' if prompt else ""
    if found.order is not None:
        number = found.order.number
        return f"{line}\n    may be order {number}: wanx-mcp ledger --settle {number} --task-id {row.task_id}"
    return f"{line}\n    asks for the same as {found.twin}: perhaps one order, paid twice" if found.twin else line


def _differing(entry: Entry, task: Task) -> str:
    charged = "charge unknown" if entry.charged is None else f"{_usd(entry.charged)} charged"
    theirs = "charge unknown" if task.charged_points is None else f"{_usd(task.charged_points)} charged"
    return (
        f"{_order(entry)}\n    ledger: {entry.status}, {charged}, {_usd(entry.booked)} booked; "
        f"provider: {task.status.value}, {theirs}"
    )


def _order(entry: Entry) -> str:
    return f"  {_when(entry.placed_at)}  order {entry.number}  {entry.task_type}  {entry.task_id}"


def _when(moment: datetime | None) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else "no date         "


def _usd(points: int | None) -> str:
    return "price unknown" if points is None else dollars(to_usd(points))


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"
