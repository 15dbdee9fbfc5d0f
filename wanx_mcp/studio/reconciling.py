"""Orders of unknown outcome against the provider's history: found and adopted, or proven absent and released."""

from __future__ import annotations

import logging
from collections import OrderedDict
from datetime import datetime, timedelta

import anyio

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, ProviderFault, TaskNotFound, WanxError
from wanx_mcp.ledger import Entry, State
from wanx_mcp.provider import Status, Task
from wanx_mcp.provider.rows import HistoryRow
from wanx_mcp.studio.account import Account, Glance, observation
from wanx_mcp.studio.digests import may_be_same, same_order

MARGIN = timedelta(minutes=5)
PROOF_AGE = timedelta(minutes=10)
READINGS = 2
"""An order is released when this many complete readings, all at least PROOF_AGE after it, have not shown it."""

SECONDS = 5.0
"""How long a call may be held up by this."""

PAUSE = 10.0
"""So many seconds lie between two readings of the history for the same orders, unless a create has to know."""

KEPT = 2000
"""Tasks of other hands that are remembered, so that they are read once."""

log = logging.getLogger(__name__)


class Reconciling:
    """Settles doubtful orders. Never places one."""

    def __init__(self, account: Account, catalog: Catalog, clock: Clock) -> None:
        self._account = account
        self._catalog = catalog
        self._clock = clock
        self._reading: anyio.Event | None = None
        self._readings = 0
        self._sought = set[int]()
        self._sought_at = 0.0
        self._read: OrderedDict[str, Task | None] = OrderedDict()
        self.under_way: set[int] = set()
        """Numbers of the orders that this very process has on the wire: their answer is still to come."""

    async def settle(self, task_id: str = "", *, now: bool = False) -> Glance | None:
        """Look doubtful orders up, unless that was done just now and the call can do without. What cannot be read
        stays in doubt; that is no error of the call.

        Calls that come while a reading is under way wait for its end instead of making their own. The answer is
        what the same question to the ledger told of `task_id`, None if that may have changed since.
        """
        glance = None
        with anyio.move_on_after(SECONDS):
            while self._reading is not None:
                before = self._readings
                await self._reading.wait()
                if not now or self._readings > before:
                    return None
            self._reading = anyio.Event()
            try:
                glance = await self._account.glance(task_id)
                doubts = [entry for entry in glance.doubts if entry.number not in self.under_way]
                if doubts and (now or self._due(doubts)):
                    glance = None
                    self._sought = {entry.number for entry in doubts}
                    self._sought_at = self._clock.seconds()
                    try:
                        await self._settle(doubts)
                    finally:
                        self._readings += 1
            except NotConfigured:
                return None
            except WanxError as error:
                log.info("the history could not be read: %s", error.code)
            except Exception:
                log.exception("looking up unknown orders met an unexpected fault")
            finally:
                self._reading.set()
                self._reading = None
        return glance

    def _due(self, doubts: list[Entry]) -> bool:
        """Whether the history is to be read for `doubts`: the last reading is a while ago, or was not for all."""
        rested = self._clock.seconds() - self._sought_at >= PAUSE
        return rested or any(entry.number not in self._sought for entry in doubts)

    async def _settle(self, doubts: list[Entry]) -> None:
        read_at = self._clock.now()
        rows = await self._unowned(await self._history(doubts, read_at))
        tasks = {row.task_id: await self._task(row) for row in rows}
        for entry in doubts:
            owner = await self._adopt_best(entry, [task for task in tasks.values() if task])
            if owner is not None:
                del tasks[owner.task_id]
            elif read_at - entry.created_at >= PROOF_AGE and not self._may_be_among(entry, rows, tasks):
                await self._count_absence(entry)

    async def _history(self, doubts: list[Entry], read_at: datetime) -> list[Task]:
        """Everything since the oldest doubtful order. If the answer shows that the provider's clock is further off
        than was known, the window was wrong, and it is read again."""
        provider = self._account.provider
        while True:
            skew = abs(provider.ahead)
            since = min(entry.created_at for entry in doubts) - MARGIN - skew
            until = max(read_at, *(entry.created_at for entry in doubts)) + MARGIN + skew
            reading = await provider.history(since, until, within=SECONDS)
            if not reading.complete or any(row.task_id is None for row in reading.rows):
                raise ProviderFault(f"the task history is incomplete: {reading.problem or 'a row has no id'}")
            if abs(provider.ahead) <= skew + MARGIN / 2:
                return [_task(row) for row in reading.rows]

    async def _unowned(self, rows: list[Task]) -> list[Task]:
        """The rows that are nobody's yet: a task that is in the ledger is nobody's candidate."""
        ids = [row.task_id for row in rows]
        known = await self._account.ledger.ask(lambda book: {task_id for task_id in ids if book.knows(task_id)})
        return [row for row in rows if row.task_id not in known]

    async def _task(self, row: Task) -> Task | None:
        """The row's task in full, None if the provider has forgotten it. Raises if it cannot be read now."""
        if row.task_id not in self._read:
            try:
                self._read[row.task_id] = await self._account.provider.get(row.task_id, within=SECONDS)
            except TaskNotFound:
                self._read[row.task_id] = None
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        return self._read[row.task_id]

    async def _adopt_best(self, entry: Entry, tasks: list[Task]) -> Task | None:
        matching = [task for task in tasks if _matches(entry, task)]
        matching.sort(key=lambda task: abs((task.created_at or entry.created_at) - entry.created_at))
        for task in matching:
            seen = observation(task)
            if await self._account.ledger.ask(lambda book, seen=seen: book.adopt(entry.number, seen)):  # type: ignore[misc]
                return task
        return None

    def _may_be_among(self, entry: Entry, rows: list[Task], tasks: dict[str, Task | None]) -> bool:
        """Whether one of the unowned rows could be the order after all, however little of it can be seen."""
        return any(row.task_id in tasks and self._possible(entry, row, tasks[row.task_id]) for row in rows)

    def _possible(self, entry: Entry, row: Task, task: Task | None) -> bool:
        kind = (task and task.task_type) or row.task_type or ""
        if kind != entry.task_type and self._catalog.find(kind) is not None:
            return False
        return task is None or may_be_same(entry.arguments, from_wire(task.input))

    async def _count_absence(self, entry: Entry) -> None:
        ledger = self._account.ledger
        if await ledger.ask(lambda book: book.absent(entry.number)) >= READINGS:
            await ledger.ask(lambda book: book.conclude(entry.number, State.RELEASED))


def _task(row: HistoryRow) -> Task:
    return Task(row.task_id or "", Status.PENDING, row.provider_status, row.task_type, row.created_at)


def _matches(entry: Entry, task: Task) -> bool:
    if task.task_type not in (None, entry.task_type):
        return False
    return same_order(entry.arguments, from_wire(task.input))
