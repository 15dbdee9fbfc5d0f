"""When the provider's denials of a task of ours are believed: over minutes, and not by their word alone."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.limits import (
    DENIAL_CHECK_EVERY_SECONDS,
    DENIAL_CHECK_SECONDS,
    DENIED_FOR_GOOD,
    NO_WITNESS_AFTER,
)
from wanx_mcp.studio.account import Account

WITNESSES = 2
"""So many other tasks of ours are read, to see that the provider still answers about any."""

AROUND = timedelta(minutes=10)
"""How far before and after the order the history is read for its task."""

log = logging.getLogger(__name__)


# known --denied--> denied --for DENIED_FOR_GOOD, and checked--> gone
#   ^                  |                                           |
#   +---- a read that finds the task takes everything back --------+
class Denials:
    """The provider's denials, each noted in the ledger; the first in a row counts."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._checked: dict[str, float] = {}

    async def for_good(self, order: Entry, *, within: float) -> bool:
        """Whether the task of `order`, which the provider has just denied, is lost; then that is noted.

        It is if it was denied for DENIED_FOR_GOOD, while another task of ours is still answered and the history does
        not show this one. Of an order older than NO_WITNESS_AFTER no other task needs to be left. The questions that
        this takes are asked once a minute at most, and end after `within` seconds.
        """
        if order.gone_at is not None:
            return True
        try:
            since = await self._noted(order)
            if self._account.moment() - since < DENIED_FOR_GOOD or not self._may_check(order, within):
                return False
            with anyio.move_on_after(within):
                if await self._checks_out(order, self._clock.seconds() + within):
                    await self._account.lose(order.task_id or "")
                    return True
        except LedgerUnusable as error:
            log.info("a denial could not be noted: %s", error.what)
        except WanxError as error:
            log.info("a denial could not be checked: %s", error.code)
        return False

    async def noted(self, order: Entry) -> timedelta:
        """For how long the task of `order`, which the provider has just denied, has been denied. Raises nothing."""
        try:
            return self._account.moment() - await self._noted(order)
        except LedgerUnusable as error:
            log.info("a denial could not be noted: %s", error.what)
            return timedelta(0)

    async def _noted(self, order: Entry) -> datetime:
        """When the denials began, in the provider's time; they begin now if none was noted."""
        if order.denied_at is not None:
            return order.denied_at
        await self._account.deny(order.task_id or "")
        return self._account.moment()

    def _may_check(self, order: Entry, within: float) -> bool:
        now, task_id = self._clock.seconds(), order.task_id or ""
        due = self._checked.get(task_id, float("-inf")) + DENIAL_CHECK_EVERY_SECONDS
        if now < due or within <= 0:
            return False
        self._checked[task_id] = now
        return True

    async def _checks_out(self, order: Entry, until: float) -> bool:
        if not await self._history_lacks(order, until):
            return False
        aged = self._account.moment() - order.moment >= NO_WITNESS_AFTER
        return aged or await self._another_is_answered(order.task_id or "", until)

    async def _another_is_answered(self, task_id: str, until: float) -> bool:
        others = [entry.task_id for entry in await self._account.latest_accepted() if entry.task_id != task_id]
        for other in others[:WITNESSES]:
            try:
                await self._account.provider.get(other or "", within=self._left(until), retries=False)
            except WanxError:
                continue
            return True
        return False

    async def _history_lacks(self, order: Entry, until: float) -> bool:
        placed = order.placed_at or order.moment
        reading = await self._account.provider.history(placed - AROUND, placed + AROUND, within=self._left(until))
        return reading.complete and all(row.task_id != order.task_id for row in reading.rows)

    def _left(self, until: float) -> float:
        return max(0.0, min(DENIAL_CHECK_SECONDS, until - self._clock.seconds()))
