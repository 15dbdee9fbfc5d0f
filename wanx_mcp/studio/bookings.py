"""An account's orders in the ledger: each verb of the ledger, bound to this account and to the provider's time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from wanx_mcp.catalog import Order
from wanx_mcp.errors import LedgerUnusable, NotConfigured
from wanx_mcp.ledger import Accepted, Answer, Draft, Entry, Figure, Observation, Spending, State
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.limits import UNSENT_SECONDS
from wanx_mcp.media.naming import spellable
from wanx_mcp.provider import Task
from wanx_mcp.studio.access import Access

if TYPE_CHECKING:
    from wanx_mcp.studio.orders.proof import Evidence

LATEST = 10
"""So many of our newest accepted orders can vouch for a reading of the history."""


class AccountOrders(Access):
    """Orders placed with this account."""

    async def spending(self, asked: int = 0) -> Spending:
        """The last 24 hours, and whether an order of the points `asked` fits. Raises LedgerUnusable."""
        moment, limit = self.moment(), self.limit
        return await self.ask(lambda book: book.spending(moment, limit, asked))

    async def earlier(self, order: Order, kept: Mapping[str, Any], request_id: str) -> tuple[Draft, Entry] | None:
        """The order that has this request_id, beside the draft that would ask for it. None where there is none, or the
        ledger cannot be used. Nothing is written."""
        if not self.ledger.path.exists():
            return None
        try:
            name, now, moment = await self.name(), self._clock.now(), self.moment()
            draft = Draft(name, order.row.name, kept, request_id, 0, now, ordered_at=moment)
            found = await self.ask(lambda book: book.earlier(draft))
        except (NotConfigured, LedgerUnusable):
            return None
        return (draft, found) if found is not None and found.request_id == request_id else None

    async def last_figure(self, kind: str) -> Figure | None:
        """What was last shown for an order of that kind, None where the ledger has nothing or cannot be used."""
        try:
            name, moment = await self.name(), self.moment()
            return await self.ask(lambda book: book.last_figure(name, kind, moment))
        except (NotConfigured, LedgerUnusable):
            return None

    async def draft(
        self,
        order: Order | str,
        kept: Mapping[str, Any],
        request_id: str | None,
        *,
        price: int,
        least: int | None = None,
        waited: bool = False,
        save_as: str | None = None,
    ) -> Draft:
        """An order as the ledger is asked to take it, at this moment; for a probe, its task type alone.

        Raises NotConfigured and LedgerUnusable.
        """
        task_type, kind = (order, order) if isinstance(order, str) else (order.row.name, order.terms.kind)
        skew = self.skew
        return Draft(
            account=await self.name(),
            origin=self.upstream.origin,
            task_type=task_type,
            kind=kind,
            arguments=kept,
            request_id=request_id,
            price=price,
            least=least,
            created_at=self._clock.now(),
            ordered_at=self.moment(),
            skew=skew.ahead if skew else None,
            skew_error=skew.error if skew else None,
            sender=await self._hold_sender(),
            waited=waited,
            save_to=self._save_to(),
            save_as=save_as,
        )

    def _save_to(self) -> str | None:
        """The folder into which the video of an order that is placed now is saved by itself."""
        try:
            folder = str(self._settings.output_folder) if self._settings.auto_save else ""
        except NotConfigured:  # an order needs no folder
            return None
        return folder if folder and spellable(folder) else None

    async def _hold_sender(self) -> str:
        try:
            with usable(self.ledger.path):
                return await anyio.to_thread.run_sync(self.sender.hold)
        except LedgerUnusable:
            await self.ask(lambda _book: None)  # where the whole folder is gone, the ledger says so better
            raise

    async def intend(self, draft: Draft) -> Answer:
        """Write the intention, unless something stands against it. Raises LedgerUnusable."""
        limit = self.limit
        return await self.ask(lambda book: book.intend(draft, limit))

    async def depart(self, number: int) -> bool:
        """The last check of an order before it leaves; the attempt is noted. Raises LedgerUnusable."""
        now, moment = self._clock.now(), self.moment()
        return await self.ask(lambda book: book.depart(number, now, moment))

    async def deliver(self, number: int, delivered: Mapping[str, str]) -> None:
        """Note the digests of the pictures that are really sent. Raises LedgerUnusable."""
        await self.ask(lambda book: book.deliver(number, delivered))

    async def accept(self, number: int, task: Task) -> Accepted:
        """The provider has answered the order with `task`. Raises LedgerUnusable."""
        seen = self.observation(task, by_get=False)
        return await self.ask(lambda book: book.accept(number, seen))

    async def conclude(self, number: int, state: State) -> None:
        """Note the outcome of an order that was not accepted. Raises LedgerUnusable."""
        await self.ask(lambda book: book.conclude(number, state))

    # Orders in doubt

    async def doubts(self) -> list[Entry]:
        """The orders to search for: of unknown outcome, and released ones that may still turn up."""
        name, moment = await self.name(), self.moment()
        return await self.ask(lambda book: book.doubts(name, moment))

    async def latest_accepted(self) -> list[Entry]:
        """Our newest accepted orders."""
        name = await self.name()
        return await self.ask(lambda book: book.latest_accepted(name, LATEST))

    async def accepted(self, since: datetime, until: datetime) -> list[Entry]:
        """Our tasks that the provider dates between two moments, the newest first."""
        name = await self.name()
        return await self.ask(lambda book: book.accepted(name, placed_from=since, placed_to=until))

    async def recall(self, number: int) -> bool:
        """A released order is in doubt again; False if it was not released by a proof."""
        return await self.ask(lambda book: book.recall(number))

    async def claims(self, ids: Sequence[str]) -> tuple[set[str], list[Entry]]:
        """At this moment: those of `ids` that have an owner in this ledger, and the orders that are in doubt and could
        own one, whichever key of perhaps the same account placed them."""
        name, moment = await self.name(), self.moment()
        return await self.ask(
            lambda book: ({task_id for task_id in ids if book.knows(task_id)}, book.rivals(name, moment))
        )

    async def neighbours(self, entries: Sequence[Entry]) -> list[Entry]:
        """Our orders that the provider answered next before and next after each of `entries`."""
        name = await self.name()
        return await self.ask(
            lambda book: [found for entry in entries for found in book.neighbours(name, entry.number)]
        )

    async def adopt(self, number: int, seen: Observation) -> bool:
        """The order is the one of that task; False if either has an owner by now."""
        return await self.ask(lambda book: book.adopt(number, seen))

    async def entry(self, number: int) -> Entry | None:
        """The order of that number, whoever's. Raises LedgerUnusable."""
        return await self.ask(lambda book: book.entry(number))

    async def settle(self, number: int, seen: Observation) -> bool:
        """A person says that the order is the one of that task; False if that has another owner."""
        return await self.ask(lambda book: book.settle(number, seen))

    async def settle_absent(self, number: int) -> None:
        """A person says that the order was never placed."""
        moment = self.moment()
        await self.ask(lambda book: book.settle_absent(number, moment))

    async def release(self, number: int) -> bool:
        """The order is proved absent."""
        moment = self.moment()
        return await self.ask(lambda book: book.release(number, moment))

    async def note_absence(self, number: int, evidence: Evidence | None) -> None:
        """Note the first of two readings that prove the order absent, or that there is no such proof any more."""
        at, noted, canary = (
            (evidence.read_at, evidence.noted_at, evidence.canary_at) if evidence else (None, None, None)
        )
        await self.ask(lambda book: book.absent(number, at, noted, canary))

    async def note_look(self, number: int, words: str) -> None:
        """The order was searched for just now, with this result."""
        moment = self.moment()
        await self.ask(lambda book: book.looked(number, moment, words))

    async def shows_unfinished(self) -> bool:
        """Whether this account's history has ever shown one of our tasks before it had ended."""
        name = await self.name()
        return await self.ask(lambda book: book.shows_unfinished(name))

    async def unshown(self) -> datetime | None:
        """When our newest open order was placed, while the history has shown none that had not ended."""
        name = await self.name()
        return await self.ask(lambda book: book.unshown(name))

    async def note_unfinished(self) -> None:
        """The history has shown one of our unfinished tasks."""
        name = await self.name()
        await self.ask(lambda book: book.note_unfinished(name))

    def in_flight(self, entry: Entry) -> bool:
        """Whether a living process may still send `entry`, or hear its answer."""
        if entry.state is not State.INTENDED:
            return False
        if entry.sender is not None:
            return self.sender.alive(entry.sender)
        return abs((self._clock.now() - entry.created_at).total_seconds()) < UNSENT_SECONDS

    def observation(self, task: Task, *, by_get: bool) -> Observation:
        """`task`, as the provider showed it just now, in the ledger's terms."""
        return Observation(
            task_id=task.task_id,
            status=task.status.value,
            video_url=task.video_url,
            error_message=task.error_message if task.status == "failed" else None,
            started_at=task.started_at,
            ended_at=task.ended_at,
            charged=task.charged_points,
            shown=task.shown_points,
            placed_at=task.created_at,
            asked_at=self.moment(),
            by_get=by_get,
        )
