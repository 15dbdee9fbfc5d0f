"""Outcomes of orders that the ledger could not take when they were known: booked as soon as it can."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.limits import BOOK_AGAIN_SECONDS
from wanx_mcp.studio.errands import Errands

Booking = Callable[[], Awaitable[None]]
log = logging.getLogger(__name__)


class Outcomes:
    """Books outcomes, one after the other. Until one is booked its order holds its money, which is the careful side."""

    def __init__(self, clock: Clock, errands: Errands) -> None:
        self._clock = clock
        self._errands = errands
        self._waiting: list[Booking] = []
        self._lock = anyio.Lock()
        self._trying = False

    async def book(self, work: Booking) -> str | None:
        """Do `work`; where the ledger cannot be used, go on trying in the background. Returns what is wrong."""
        try:
            await work()
        except LedgerUnusable as unusable:
            log.warning("the outcome of an order could not be booked yet: %s", unusable.what)
            self._waiting.append(work)
            if not self._trying:
                self._trying = True
                self._errands.send(self._try_again)
            return unusable.what
        except Exception as fault:
            log.exception("booking the outcome of an order failed unexpectedly")
            return f"an unexpected fault, {type(fault).__name__}"
        return None

    async def catch_up(self) -> None:
        """Book what the ledger could not take before, if it can by now. Raises nothing."""
        if not self._waiting:
            return
        async with self._lock:  # an outcome that is booked twice would undo what was seen in between
            while self._waiting:
                try:
                    await self._waiting[0]()
                except LedgerUnusable as unusable:
                    log.info("the outcome of an order still cannot be booked: %s", unusable.what)
                    return
                except Exception:
                    log.exception("booking the outcome of an order failed unexpectedly")
                self._waiting.pop(0)

    async def _try_again(self) -> None:
        try:
            while self._waiting:
                await self._clock.idle(BOOK_AGAIN_SECONDS)
                await self.catch_up()
        finally:
            self._trying = False
