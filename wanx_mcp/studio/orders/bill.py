"""The bill: the ledger beside the provider's history. Reads both and changes neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wanx_mcp.catalog import CATALOG
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.errors import TaskNotFound, WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.ledger.sameness import normal
from wanx_mcp.provider import HistoryRow, Task
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.orders.matching import Fit, fit

BILL_HISTORY_SECONDS = 120.0
BILL_TASK_SECONDS = 10.0

MOST_READ = 100
"""Tasks of one check that are read in full."""

TWINS = timedelta(minutes=15)
"""Two tasks that ask for the same video and were created this close to each other may be one order, paid twice."""

EDGE = timedelta(minutes=1)
"""The history is read this far beyond the orders that are compared."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A task of the account that the ledger does not have. `task`: None if it could not be read in full. `order`: the
    order of unknown outcome that it may be; `twin`: the id of a task that may be the same order, paid twice."""

    row: HistoryRow
    task: Task | None = None
    order: Entry | None = None
    twin: str | None = None

    @property
    def points(self) -> int | None:
        """What the provider shows for it: consumed, else frozen."""
        return self.task.shown_points if self.task else self.row.usage_points


@dataclass(frozen=True, slots=True)
class Bill:
    """What a check found. `agreed`: orders on which both say the same, and `points` what these cost; `denied`: orders
    of tasks that the provider does not know; `unread`: orders that could not be compared; `other`: tasks of other
    services of the provider; `problem`: why tasks may be missing in the history, or an empty text."""

    agreed: int
    points: int
    differing: tuple[tuple[Entry, Task], ...]
    unlisted: tuple[Unlisted, ...]
    denied: tuple[Entry, ...]
    unread: int
    other: int
    problem: str

    @property
    def clean(self) -> bool:
        """Whether everything was compared, and agrees."""
        return not (self.differing or self.unlisted or self.denied or self.unread or self.problem)


@dataclass(frozen=True, slots=True)
class _Compared:
    """Orders, by what the provider says of them by their ids."""

    agreed: tuple[Entry, ...]
    differing: tuple[tuple[Entry, Task], ...]
    denied: tuple[Entry, ...]
    unread: tuple[Entry, ...]


async def check(account: Account, since: datetime) -> Bill:
    """Compare the orders placed after `since` (the provider's time). Raises the errors of a read, NotConfigured and
    LedgerUnusable."""
    until = account.moment()
    reading = await account.provider.history(since - EDGE, until + EDGE, within=BILL_HISTORY_SECONDS)
    ours = await account.accepted(since, until + EDGE)
    rows = {row.task_id: row for row in reading.rows}
    compared = await _compared(account, ours, rows)
    owned, _ = await account.claims([row.task_id for row in reading.rows if row.task_id])
    strange = [row for row in reading.rows if row.task_id not in owned]
    unlisted = await _unlisted(account, [row for row in strange if _may_be_ours(row, since)])
    doubts = [entry for entry in await account.doubts() if not account.in_flight(entry)]
    return Bill(
        agreed=len(compared.agreed),
        points=sum(entry.charged or 0 for entry in compared.agreed),
        differing=compared.differing,
        unlisted=tuple(_explained(found, ours, doubts, unlisted) for found in unlisted),
        denied=compared.denied,
        unread=len(compared.unread),
        other=len(strange) - len(unlisted),
        problem=reading.problem,
    )


async def _compared(account: Account, ours: Sequence[Entry], rows: Mapping[str | None, HistoryRow]) -> _Compared:
    """`ours` beside their rows, and those on which that is not enough beside their tasks in full."""
    agreed, differing, denied, unread = [], [], [], []
    asked = 0
    for entry in ours:
        row = rows.get(entry.task_id)
        if row is not None and _agree(entry, row):
            agreed.append(entry)
            continue
        asked += 1
        try:
            task = await _task(account, entry.task_id) if asked <= MOST_READ else None
        except TaskNotFound:
            denied.append(entry)
            continue
        if task is None:
            unread.append(entry)
        elif _differ(entry, task):
            differing.append((entry, task))
        else:
            agreed.append(entry)
    return _Compared(tuple(agreed), tuple(differing), tuple(denied), tuple(unread))


async def _unlisted(account: Account, rows: Sequence[HistoryRow]) -> list[Unlisted]:
    """`rows` with their tasks in full; those of another service are left out."""
    found = []
    for number, row in enumerate(rows):
        try:
            task = await _task(account, row.task_id) if number < MOST_READ else None
        except TaskNotFound:
            task = None
        task_type = (task or row).task_type
        if task_type is None or _is_our_type(task_type):
            found.append(Unlisted(row, task))
    return found


async def _task(account: Account, task_id: str | None) -> Task | None:
    """The task in full, None if it cannot be read now. Raises TaskNotFound."""
    if task_id is None:
        return None
    try:
        return await account.provider.get(task_id, within=BILL_TASK_SECONDS)
    except TaskNotFound:
        raise
    except WanxError:
        return None


def _may_be_ours(row: HistoryRow, since: datetime) -> bool:
    """Whether the row can be a video of a task type that this server orders, from the stretch that was asked for."""
    if row.created_at is not None and row.created_at < since - EDGE:
        return False
    models = {model.casefold() for model in CATALOG.models}
    return _is_our_type(row.task_type) or row.model is None or row.model.strip().casefold() in models


def _is_our_type(task_type: str | None) -> bool:
    return task_type is not None and CATALOG.find(task_type) is not None


def _agree(entry: Entry, row: HistoryRow) -> bool:
    """Whether the row by itself shows that nothing differs: an open task, or an ended one with the same charge."""
    if row.open or entry.open:
        return row.open and entry.open
    return row.usage_points is not None and row.usage_points == entry.charged and row.status == entry.status


def _differ(entry: Entry, task: Task) -> bool:
    """Whether the task read in full says something else of state or charge than the ledger."""
    if task.charged_points is None:
        return task.status.final and task.status.value != entry.status
    return task.charged_points != entry.charged


def _explained(
    found: Unlisted, ours: Sequence[Entry], doubts: Sequence[Entry], unlisted: Sequence[Unlisted]
) -> Unlisted:
    """`found` with the order or the other task that it may be."""
    task = found.task
    if task is None:
        return found
    created = task.created_at or found.row.created_at
    order = next((entry for entry in doubts if fit(entry, task) > Fit.NONE), None)
    twins = [entry for entry in ours if _close(entry.placed_at, created) and fit(entry, task) is Fit.EXACT]
    if order is not None or twins:
        return Unlisted(found.row, task, order, None if order else twins[0].task_id)
    same = [
        other.row.task_id
        for other in unlisted
        if other.task and other.task is not task and _close(other.row.created_at, created) and _same(other.task, task)
    ]
    return Unlisted(found.row, task, None, same[0] if same else None)


def _close(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= TWINS


def _same(one: Task, other: Task) -> bool:
    """Whether two tasks ask for the same video, as far as their echoes tell."""
    asked = [{name: normal(value) for name, value in from_wire(task.input).items()} for task in (one, other)]
    return asked[0] == asked[1] and bool(asked[0].get("prompt")) and one.task_type == other.task_type
