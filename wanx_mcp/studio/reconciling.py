"""Orders of unknown outcome against the provider's history: found and adopted, or proven absent and released."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta

import anyio

from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, TaskNotFound, WanxError
from wanx_mcp.ledger import Entry, State
from wanx_mcp.provider import Task
from wanx_mcp.studio.account import Account, observation
from wanx_mcp.studio.digests import same_order

MARGIN = timedelta(minutes=5)
PROOF_AGE = timedelta(minutes=10)
READINGS = 2
"""An order is released when this many complete readings, all at least PROOF_AGE after it, have not shown it."""

SECONDS = 6.0
log = logging.getLogger(__name__)


class Reconciling:
    """Settles doubtful orders. Never places one."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._lock = anyio.Lock()
        self.under_way: set[int] = set()
        """Numbers of the orders that this very process has on the wire: their answer is still to come."""

    async def settle(self) -> None:
        """Look doubtful orders up. What cannot be read now stays in doubt; that is no error of the call."""
        async with self._lock:
            try:
                doubts = await self._doubts()
                if doubts:
                    with anyio.move_on_after(2 * SECONDS):
                        await self._settle(doubts)
            except NotConfigured:
                return
            except WanxError as error:
                log.info("the history could not be read: %s", error.code)

    async def _doubts(self) -> list[Entry]:
        name = await self._account.name()
        doubts = await self._account.ledger.ask(lambda book: book.doubts(name))
        return [entry for entry in doubts if entry.number not in self.under_way]

    async def _settle(self, doubts: list[Entry]) -> None:
        read_at = self._clock.now()
        rows = await self._history(doubts)
        candidates = await self._candidates(rows, {entry.task_type for entry in doubts})
        for entry in doubts:
            matching = [task for task in candidates if _matches(entry, task)]
            matching.sort(key=lambda task: abs((task.created_at or entry.created_at) - entry.created_at))
            for task in matching:
                if await self._adopt(entry, task):
                    candidates.remove(task)
                    break
            else:
                if read_at - entry.created_at >= PROOF_AGE:
                    await self._count_absence(entry)

    async def _history(self, doubts: list[Entry]) -> list[Task]:
        """Everything around the doubtful orders. If the answer shows that the provider's clock is further off than
        was known, the window was wrong, and it is read again."""
        provider = self._account.provider
        while True:
            skew = abs(provider.skew)
            since = min(entry.created_at for entry in doubts) - MARGIN - skew
            until = max(entry.created_at for entry in doubts) + MARGIN + skew
            rows = await provider.history(since, until, within=SECONDS)
            if abs(provider.skew) <= skew + MARGIN / 2:
                return rows

    async def _candidates(self, rows: list[Task], task_types: set[str]) -> list[Task]:
        """The tasks in full that are nobody's yet. Raises if one of them cannot be read: then nothing is proven."""
        candidates = []
        for row in rows:
            if row.task_type is not None and row.task_type not in task_types:
                continue
            task_id = row.task_id
            if await self._account.ledger.ask(lambda book, task_id=task_id: book.knows(task_id)):  # type: ignore[misc]
                continue
            with suppress(TaskNotFound):
                candidates.append(await self._account.provider.get(task_id, within=SECONDS))
        return candidates

    async def _adopt(self, entry: Entry, task: Task) -> bool:
        seen = observation(task)
        return await self._account.ledger.ask(lambda book: book.adopt(entry.number, seen))

    async def _count_absence(self, entry: Entry) -> None:
        ledger = self._account.ledger
        if await ledger.ask(lambda book: book.absent(entry.number)) >= READINGS:
            await ledger.ask(lambda book: book.conclude(entry.number, State.RELEASED))


def _matches(entry: Entry, task: Task) -> bool:
    if task.task_type not in (None, entry.task_type):
        return False
    return same_order(entry.arguments, from_wire(task.input))
