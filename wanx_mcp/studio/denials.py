"""When the provider's denials of an unfinished task of ours are believed: over minutes, and not by their word alone."""

from __future__ import annotations

import logging
from datetime import timedelta

from wanx_mcp.errors import LedgerUnusable, WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.studio.account import Account

LASTING = timedelta(minutes=10)
"""Denials count once they span this long."""

WITNESSES = 2
"""So many other tasks of ours are asked for, to see that the provider still tells of any."""

SECONDS = 5.0
AROUND = timedelta(minutes=10)
log = logging.getLogger(__name__)


class Denials:
    """The provider's denials, each noted in the ledger; the first in a row counts."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def for_good(self, order: Entry) -> bool:
        """Whether the task of `order`, which the provider has just denied, is lost: denied over LASTING, while another
        task of ours is still told and the history does not show this one. Then that is noted."""
        if order.gone_at is not None:
            return True
        task_id = order.task_id or ""
        try:
            await self._account.deny(task_id)
            since = order.denied_at
            if since is None or self._account.moment() - since < LASTING:
                return False
            if await self._another_is_told(task_id) and await self._history_lacks(order):
                await self._account.lose(task_id)
                return True
        except LedgerUnusable as error:
            log.info("a denial could not be noted: %s", error.what)
        except WanxError as error:
            log.info("a denial could not be checked: %s", error.code)
        return False

    async def _another_is_told(self, task_id: str) -> bool:
        others = [entry.task_id for entry in await self._account.latest_accepted() if entry.task_id != task_id]
        for other in others[:WITNESSES]:
            try:
                await self._account.provider.get(other or "", within=SECONDS)
            except WanxError:
                continue
            return True
        return False

    async def _history_lacks(self, order: Entry) -> bool:
        placed = order.placed_at or order.moment
        reading = await self._account.provider.history(placed - AROUND, placed + AROUND, within=SECONDS)
        return reading.complete and all(row.task_id != order.task_id for row in reading.rows)
