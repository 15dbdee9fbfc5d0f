"""The account's orders that are followed: who follows which, and what is still to be saved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio.to_thread

from wanx_mcp.ledger import Copy, Entry, Totals
from wanx_mcp.limits import FOLLOWED_FOR, LEASE_SECONDS
from wanx_mcp.studio.bookings import AccountOrders


class FollowedOrders(AccountOrders):
    """Leases and notes of this account. The process is known in the ledger by the name of its sender's lock, so that
    others on this machine see at once when it has died."""

    async def to_follow(self) -> list[Entry]:
        """The orders of which something is still to come. Raises LedgerUnusable."""
        name, since = await self.name(), self.moment() - FOLLOWED_FOR
        return await self.ask(lambda book: book.to_follow(name, since))

    async def unattended(self, orders: Sequence[Entry]) -> list[Entry]:
        """Those of `orders` that no living process follows, this one included."""
        dead, now = await self._dead(orders), self._clock.now()
        return [
            entry
            for entry in orders
            if entry.follower is None or entry.follower in dead or (entry.lease_ends_at or now) <= now
        ]

    async def lease(self, orders: Sequence[Entry], *, saves: bool = False) -> set[int]:
        """Take or extend the leases of `orders`. Returns the numbers of those that this process has now."""
        holder, dead = await self._hold_sender(), await self._dead(orders)
        now, numbers = self._clock.now(), [entry.number for entry in orders]
        ends = now + timedelta(seconds=LEASE_SECONDS)
        return await self.ask(lambda book: book.lease(numbers, holder, now, ends, dead=dead, saves=saves))

    async def _dead(self, orders: Sequence[Entry]) -> set[str]:
        """The processes that hold leases of `orders`, and have died."""
        holders = {entry.follower for entry in orders if entry.follower is not None}
        return await anyio.to_thread.run_sync(lambda: {name for name in holders if not self.sender.alive(name)})

    async def let_go(self, numbers: Sequence[int]) -> None:
        """Give those leases up. Raises LedgerUnusable."""
        holder = self.sender.name
        await self.ask(lambda book: book.let_go(numbers, holder))

    async def land(self, number: int, copy: Copy) -> bool:
        """The video of that order is about to be put at this path. False if another process has its lease."""
        holder = self.sender.name
        return await self.ask(lambda book: book.land(number, holder, copy))

    async def in_place(self, task_id: str) -> None:
        """The video of that task is on disk."""
        name = await self.name()
        await self.ask(lambda book: book.in_place(name, task_id))

    async def move(self, task_id: str, path: str | None) -> None:
        """The saved video of that task is about to be renamed; None: it will not be."""
        name = await self.name()
        await self.ask(lambda book: book.move(name, task_id, path))

    async def moved(self, task_id: str, old: str, new: str) -> None:
        """The saved video of that task has been renamed."""
        name = await self.name()
        await self.ask(lambda book: book.moved(name, task_id, old, new))

    async def fail_to_save(self, number: int, problem: str, again_at: datetime | None) -> None:
        """Saving that order's video by itself has failed once more."""
        await self.ask(lambda book: book.fail_to_save(number, problem, again_at))

    async def totals(self) -> Totals:
        """What the last 24 hours of the budget are made of. Raises LedgerUnusable."""
        moment = self.moment()
        return await self.ask(lambda book: book.totals(moment))

    async def count(self) -> int:
        """How many orders the account has. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: book.count(name))
