"""The one account that this process orders for: its provider, its orders in the ledger, and the provider's time."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, NotConfigured, WanxError
from wanx_mcp.ledger import (
    Accepted,
    Answer,
    Copy,
    Draft,
    Entry,
    Ledger,
    Observation,
    Sender,
    Spending,
    State,
)
from wanx_mcp.ledger.ledger import usable
from wanx_mcp.money import to_points
from wanx_mcp.provider import Provider, Skew, Task, Upstream
from wanx_mcp.settings import Settings, Stops

if TYPE_CHECKING:
    from wanx_mcp.ledger.book import Book
    from wanx_mcp.studio.proof import Evidence

ResultT = TypeVar("ResultT")

ACCOUNT_SECONDS = 4.0
"""How long the account read before an order may take; without it the order goes out all the same."""

DATE_SECONDS = 600.0
"""A provider's date older than this is heard anew before an order."""

UNSENT_SECONDS = 100.0
"""An intention without a sender's name that is older than this is in nobody's hands any more."""

LATEST = 10
"""So many of our newest accepted orders can vouch for a reading of the history."""

_MEND = (
    "ask the user to correct that setting of this server and restart it, or to set WANX_SIMULATE=1 to try everything "
    "free of charge"
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known here of one task: its order if that was made here, and where its video is on this machine. A task
    that was ordered elsewhere can have a video here, never an order."""

    order: Entry | None = None
    saved_path: str | None = None

    @property
    def task_type(self) -> str | None:
        return self.order.task_type if self.order else None


@dataclass(frozen=True, slots=True)
class Glance:
    """What one question to the ledger told: the orders in doubt, and the task that was asked for."""

    doubts: tuple[Entry, ...]
    known: Known


class Account:
    """The account's ledger, with each verb bound to this account, and its provider."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        ledger: Ledger,
        upstream: Upstream | None,
        provider: Provider | None,
    ) -> None:
        self.ledger = ledger
        self.sender = Sender(ledger.path.parent)
        self._settings = settings
        self._clock = clock
        self._upstream = upstream
        self._provider = provider
        self._name: str | None = None
        self._account_id: str | None = None
        self._asked_account_at: float | None = None
        self._unbooked: dict[str, Copy] = {}

    @property
    def provider(self) -> Provider:
        """The provider. Raises NotConfigured without a key, or with settings that make it unsafe to ask."""
        self._refuse(Stops.EVERYTHING)
        if self._provider is None:
            raise NotConfigured("there is no PIAPI_API_KEY")
        return self._provider

    @property
    def upstream(self) -> Upstream:
        """The other end. Raises NotConfigured without a key."""
        if self._upstream is None:
            raise NotConfigured("there is no PIAPI_API_KEY")
        return self._upstream

    def check_orders(self) -> None:
        """Raises NotConfigured without a key, or while a setting forbids orders."""
        self._refuse(Stops.ORDERS)
        _ = self.provider

    def check_assumed_price(self) -> None:
        """Raises NotConfigured where the price that orders without a published one need is set to nothing."""
        if self._settings.assumed_price <= 0:
            raise NotConfigured(
                "WANX_ASSUMED_PRICE_USD must be more than 0: this task type has no published price", advice=_MEND
            )

    @property
    def limit(self) -> int | None:
        """The budget in points, None if unlimited."""
        budget = self._settings.daily_budget
        return None if budget is None else to_points(budget)

    # The provider's time

    @property
    def skew(self) -> Skew | None:
        """By how much the provider's clock is ahead of this machine's, None while no date of it was heard."""
        return self._provider.skew if self._provider else None

    def moment(self) -> datetime:
        """The provider's time as far as it is known, else this machine's."""
        skew = self.skew
        return self._clock.now() + timedelta(milliseconds=skew.ahead if skew else 0)

    async def prepare(self) -> None:
        """Before an order: hear the provider's date, and learn which account the key belongs to. One free read serves
        both; that it fails does not stop the order. Raises NotConfigured and LedgerUnusable."""
        name = await self.name()
        heard = self.provider.heard_ago
        if self._account_id is None:
            self._account_id = await self._ask(lambda book: book.account_id(name))
        if heard is None or heard > DATE_SECONDS or (self._account_id is None and self._may_ask_account()):
            await self._ask_account(name)

    async def identify(self) -> None:
        """Learn which account the key belongs to, if orders of another key may turn out to be of the same one."""
        name = await self.name()
        if self._account_id is None and self._may_ask_account() and await self._ask(lambda b: b.has_strangers(name)):
            await self._ask_account(name)

    def _may_ask_account(self) -> bool:
        asked = self._asked_account_at
        return asked is None or self._clock.seconds() - asked > DATE_SECONDS

    async def _ask_account(self, name: str) -> None:
        self._asked_account_at = self._clock.seconds()
        try:
            with anyio.fail_after(ACCOUNT_SECONDS):
                account_id = (await self.provider.account(within=ACCOUNT_SECONDS)).account_id
        except TimeoutError:
            log.info("the account could not be read in time")
            return
        except WanxError as error:
            log.info("the account could not be read: %s", error.code)
            return
        if account_id is not None:
            await self._ask(lambda book: book.tie(name, account_id))
            self._account_id = account_id

    # Orders

    async def name(self) -> str:
        """The hash of this key, under which the ledger knows it. Raises NotConfigured and LedgerUnusable."""
        if self._name is None:
            upstream = self.upstream
            self._name = await self._ask(lambda book: book.account(upstream.origin, upstream.key))
        return self._name

    async def spending(self) -> Spending:
        """The last 24 hours. Raises LedgerUnusable."""
        moment, limit = self.moment(), self.limit
        return await self._ask(lambda book: book.spending(moment, limit))

    async def last_figure(self, kind: str) -> int:
        """Points last shown for an order of that kind, 0 where the ledger cannot tell."""
        try:
            name, moment = await self.name(), self.moment()
            return await self._ask(lambda book: book.last_figure(name, kind, moment))
        except (NotConfigured, LedgerUnusable):
            return 0

    async def draft(
        self,
        task_type: str,
        kept: Mapping[str, Any],
        request_id: str | None,
        *,
        price: int,
        waited: bool = False,
    ) -> Draft:
        """An order as the ledger is asked to take it, at this moment. Raises NotConfigured and LedgerUnusable."""
        skew = self.skew
        return Draft(
            account=await self.name(),
            origin=self.upstream.origin,
            task_type=task_type,
            kind=task_type,
            arguments=kept,
            request_id=request_id,
            price=price,
            created_at=self._clock.now(),
            ordered_at=self.moment(),
            skew=skew.ahead if skew else None,
            skew_error=skew.error if skew else None,
            sender=await self._hold_sender(),
            waited=waited,
        )

    async def _hold_sender(self) -> str:
        with usable(self.ledger.path):
            return await anyio.to_thread.run_sync(self.sender.hold)

    async def intend(self, draft: Draft) -> Answer:
        """Write the intention, unless something stands against it. Raises LedgerUnusable."""
        limit = self.limit
        return await self._ask(lambda book: book.intend(draft, limit))

    async def depart(self, number: int) -> bool:
        """The last check of an order before it leaves; the attempt is noted. Raises LedgerUnusable."""
        now, moment = self._clock.now(), self.moment()
        return await self._ask(lambda book: book.depart(number, now, moment))

    async def deliver(self, number: int, delivered: Mapping[str, str]) -> None:
        """Note the digests of the pictures that are really sent. Raises LedgerUnusable."""
        await self._ask(lambda book: book.deliver(number, delivered))

    async def accept(self, number: int, task: Task) -> Accepted:
        """The provider has answered the order with `task`. Raises LedgerUnusable."""
        seen = self.observation(task, by_get=False)
        return await self._ask(lambda book: book.accept(number, seen))

    async def conclude(self, number: int, state: State) -> None:
        """Note the outcome of an order that was not accepted. Raises LedgerUnusable."""
        await self._ask(lambda book: book.conclude(number, state))

    # Orders in doubt

    async def doubts(self) -> list[Entry]:
        """The orders to search for: of unknown outcome, and released ones that may still turn up."""
        name, moment = await self.name(), self.moment()
        return await self._ask(lambda book: book.doubts(name, moment))

    async def latest_accepted(self) -> list[Entry]:
        """Our newest accepted orders."""
        name = await self.name()
        return await self._ask(lambda book: book.latest_accepted(name, LATEST))

    async def accepted(self, since: datetime, until: datetime) -> list[Entry]:
        """Our tasks that the provider dates between two moments, the newest first."""
        name = await self.name()
        return await self._ask(lambda book: book.accepted(name, placed_from=since, placed_to=until))

    async def adopt(self, number: int, seen: Observation) -> bool:
        """The order is the one of that task; False if either has an owner by now."""
        return await self._ask(lambda book: book.adopt(number, seen))

    async def entry(self, number: int) -> Entry | None:
        """The order of that number, whoever's. Raises LedgerUnusable."""
        return await self._ask(lambda book: book.entry(number))

    async def settle(self, number: int, seen: Observation) -> bool:
        """A person says that the order is the one of that task; False if that has another owner."""
        return await self._ask(lambda book: book.settle(number, seen))

    async def settle_absent(self, number: int) -> None:
        """A person says that the order was never placed."""
        moment = self.moment()
        await self._ask(lambda book: book.settle_absent(number, moment))

    async def release(self, number: int) -> bool:
        """The order is proved absent."""
        moment = self.moment()
        return await self._ask(lambda book: book.release(number, moment))

    async def note_absence(self, number: int, evidence: Evidence | None) -> None:
        """Note the first of two readings that prove the order absent, or that there is no such proof any more."""
        at, noted, canary = (
            (evidence.read_at, evidence.noted_at, evidence.canary_at) if evidence else (None, None, None)
        )
        await self._ask(lambda book: book.absent(number, at, noted, canary))

    async def recall(self, number: int) -> bool:
        """A released order is in doubt again; False if it was not released by a proof."""
        return await self._ask(lambda book: book.recall(number))

    async def claims(self, ids: Sequence[str]) -> tuple[set[str], list[Entry]]:
        """At this moment: those of `ids` that have an owner in this ledger, and the orders that are in doubt and could
        own one, whichever key of perhaps the same account placed them."""
        name, moment = await self.name(), self.moment()
        return await self._ask(
            lambda book: ({task_id for task_id in ids if book.knows(task_id)}, book.rivals(name, moment))
        )

    async def neighbours(self, entries: Sequence[Entry]) -> list[Entry]:
        """Our orders that the provider answered next before and next after each of `entries`."""
        name = await self.name()
        return await self._ask(
            lambda book: [found for entry in entries for found in book.neighbours(name, entry.number)]
        )

    async def note_look(self, number: int, words: str) -> None:
        """The order was searched for just now, with this result."""
        moment = self.moment()
        await self._ask(lambda book: book.looked(number, moment, words))

    async def shows_unfinished(self) -> bool:
        """Whether this account's history has ever shown one of our tasks before it had ended."""
        name = await self.name()
        return await self._ask(lambda book: book.shows_unfinished(name))

    async def unshown(self) -> datetime | None:
        """When our newest open order was placed, while the history has shown none that had not ended."""
        name = await self.name()
        return await self._ask(lambda book: book.unshown(name))

    async def note_unfinished(self) -> None:
        """The history has shown one of our unfinished tasks."""
        name = await self.name()
        await self._ask(lambda book: book.note_unfinished(name))

    def in_flight(self, entry: Entry) -> bool:
        """Whether a living process may still send `entry`, or hear its answer."""
        if entry.state is not State.INTENDED:
            return False
        if entry.sender is not None:
            return self.sender.alive(entry.sender)
        return abs((self._clock.now() - entry.created_at).total_seconds()) < UNSENT_SECONDS

    async def find(self, task_id: str) -> Entry | None:
        """What the ledger knows of that task. Raises LedgerUnusable."""
        name = await self.name()
        found = await self._ask(lambda book: book.find(name, task_id))
        return found and (await self.present([found]))[0]

    async def glance(self, task_id: str) -> Glance:
        """The doubtful orders, and what is known of that task, in one question. Raises LedgerUnusable."""
        name, moment = await self.name(), self.moment()

        def question(book: Book) -> tuple[list[Entry], Entry | None, Copy | None]:
            doubts, order = book.glance(name, task_id, moment)
            elsewhere = order is None and task_id != ""
            return doubts, order, book.copy_of(name, task_id) if elsewhere else None

        doubts, order, copy = await self._ask(question)
        return Glance(tuple(doubts), await self._known(task_id, order, copy))

    async def known(self, task_id: str) -> Known:
        """What is known of that task; where the ledger cannot be used, what this process remembers."""
        order, copy = None, None
        try:
            name = await self.name()
            order, copy = await self._ask(lambda book: (book.find(name, task_id), book.copy_of(name, task_id)))
        except LedgerUnusable as error:  # looking and saving work without the ledger
            log.warning("the ledger could not be read: %s", error.what)
        return await self._known(task_id, order, copy)

    async def _known(self, task_id: str, order: Entry | None, copy: Copy | None) -> Known:
        copy = self._unbooked.get(task_id) or copy
        path = copy.path if copy else order.saved_path if order else None
        there = path is not None and await anyio.to_thread.run_sync(os.path.isfile, path)
        return Known(order, path if there else None)

    async def present(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries without the paths of saved files that have been removed since."""
        if not any(entry.saved_path for entry in entries):
            return list(entries)
        return await anyio.to_thread.run_sync(lambda: [_present(entry) for entry in entries])

    async def observe(self, task: Task, known: Entry | None) -> None:
        """Keep what a GET has just told, if the ledger has the task and it is news. Raises LedgerUnusable."""
        if known is None or not _is_news(known, task):
            return
        seen = replace(self.observation(task, by_get=True), task_id=known.task_id or task.task_id)
        await self._ask(lambda book: book.observe(known.account, seen))

    def observation(self, task: Task, *, by_get: bool) -> Observation:
        """`task`, told just now, in the ledger's terms."""
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

    async def page(self, statuses: Sequence[str], below: int | None, limit: int) -> list[Entry]:
        """Up to `limit` orders of this account, newest first, numbered under `below`. Raises LedgerUnusable."""
        name = await self.name()
        return await self._ask(lambda book: book.page(name, statuses, below, limit))

    async def durations(self, task_type: str, limit: int) -> list[float]:
        """Seconds that the last completed tasks of that type took. Raises LedgerUnusable."""
        name = await self.name()
        return await self._ask(lambda book: book.durations(name, task_type, limit))

    async def deny(self, task_id: str) -> None:
        """The provider denies a task of ours. Raises LedgerUnusable."""
        name, moment = await self.name(), self.moment()
        await self._ask(lambda book: book.deny(name, task_id, moment))

    async def lose(self, task_id: str) -> None:
        """A task of ours is denied for good. Raises LedgerUnusable."""
        name, moment = await self.name(), self.moment()
        await self._ask(lambda book: book.lose(name, task_id, moment))

    # Saved videos

    async def copy_of(self, task_id: str) -> Copy | None:
        """The copy of the video as it was noted, wherever the task was ordered; the file may be gone."""
        if task_id in self._unbooked:
            return self._unbooked[task_id]
        try:
            name = await self.name()
            return await self._ask(lambda book: book.copy_of(name, task_id))
        except LedgerUnusable as error:
            log.warning("the ledger could not be read: %s", error.what)
            return None

    async def keep_copy(self, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note a saved video, wherever it was ordered; the answer is another process's copy if that was noted first.
        What the ledger cannot take is remembered while this process lives."""
        try:
            name = await self.name()
            standing = await self._ask(lambda book: book.keep_copy(name, task_id, copy, instead))
        except LedgerUnusable as error:
            log.warning("a saved video could not be noted: %s", error.what)
            self._unbooked[task_id] = copy
            return copy
        self._unbooked.pop(task_id, None)
        return standing

    async def _ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        return await self.ledger.ask(question)

    def _refuse(self, least: Stops) -> None:
        if hindrances := self._settings.hindrances(least):
            wrong = "; ".join(map(str, hindrances))
            raise NotConfigured(wrong, advice=_MEND)


def _present(entry: Entry) -> Entry:
    gone = entry.saved_path is not None and not os.path.isfile(entry.saved_path)
    return replace(entry, saved_path=None) if gone else entry


def _is_news(known: Entry, task: Task) -> bool:
    """Whether a GET of `task` says anything that the ledger does not have."""
    error = task.error_message if task.status == "failed" else None
    shown = task.shown_points
    pairs = (
        (task.video_url, known.video_url),
        (error, known.error_message),
        (task.charged_points, known.charged),
        (shown if shown else None, known.figure),
    )
    undated = known.placed_at is None and task.created_at is not None
    first = undated or known.seen_at is None or known.denied_at is not None or known.gone_at is not None
    return first or known.status != task.status.value or any(new is not None and new != old for new, old in pairs)
