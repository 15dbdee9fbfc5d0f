"""Whose orders: the provider, the ledger, and the name under which the ledger knows this key."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, NotConfigured
from wanx_mcp.ledger import Copy, Entry, Ledger, Observation, Spending
from wanx_mcp.money import to_points
from wanx_mcp.provider import Provider, Task, Upstream
from wanx_mcp.settings import Settings, Stops

if TYPE_CHECKING:
    from wanx_mcp.ledger.book import Book

_MEND = (
    "ask the user to mend that setting of this server and restart it, or to set WANX_SIMULATE=1 to try everything free "
    "of charge"
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
    """The one account that this process orders for."""

    def __init__(
        self, settings: Settings, clock: Clock, ledger: Ledger, upstream: Upstream | None, provider: Provider | None
    ) -> None:
        self.ledger = ledger
        self._settings = settings
        self._clock = clock
        self._upstream = upstream
        self._provider = provider
        self._name: str | None = None
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
        """Raises NotConfigured while a setting forbids orders."""
        self._refuse(Stops.ORDERS)

    @property
    def limit(self) -> int | None:
        """The budget in points, None if unlimited."""
        budget = self._settings.daily_budget
        return None if budget is None else to_points(budget)

    async def name(self) -> str:
        """This account in the ledger. Raises NotConfigured and LedgerUnusable."""
        if self._name is None:
            upstream = self.upstream
            self._name = await self.ledger.ask(lambda book: book.account(upstream.origin, upstream.key))
        return self._name

    async def spending(self) -> Spending:
        """The last 24 hours. Raises LedgerUnusable."""
        now, limit = self._clock.now(), self.limit
        return await self.ledger.ask(lambda book: book.spending(now, limit))

    async def find(self, task_id: str) -> Entry | None:
        """What the ledger knows of that task. Raises LedgerUnusable."""
        name = await self.name()
        found = await self.ledger.ask(lambda book: book.find(name, task_id))
        return found and (await self.present([found]))[0]

    async def glance(self, task_id: str) -> Glance:
        """The doubtful orders, and what is known of that task, in one question. Raises LedgerUnusable."""
        name = await self.name()

        def question(book: Book) -> tuple[list[Entry], Entry | None, Copy | None]:
            doubts, order = book.glance(name, task_id)
            elsewhere = order is None and task_id != ""
            return doubts, order, book.copy_of(name, task_id) if elsewhere else None

        doubts, order, copy = await self.ledger.ask(question)
        return Glance(tuple(doubts), await self._known(task_id, order, copy))

    async def known(self, task_id: str) -> Known:
        """What is known of that task; where the ledger cannot be used, what this process remembers."""
        order, copy = None, None
        try:
            name = await self.name()
            order, copy = await self.ledger.ask(lambda book: (book.find(name, task_id), book.copy_of(name, task_id)))
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
        """Keep what was just read, if the ledger has the task and it is news. Raises LedgerUnusable."""
        if known is None or not _is_news(known, task):
            return
        seen = replace(observation(task), task_id=known.task_id or task.task_id)
        await self.ledger.ask(lambda book: book.observe(known.account, seen))

    async def copy_of(self, task_id: str) -> Copy | None:
        """The copy of the video as it was noted, wherever the task was ordered; the file may be gone."""
        if task_id in self._unbooked:
            return self._unbooked[task_id]
        try:
            name = await self.name()
            return await self.ledger.ask(lambda book: book.copy_of(name, task_id))
        except LedgerUnusable as error:
            log.warning("the ledger could not be read: %s", error.what)
            return None

    async def keep_copy(self, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note a saved video, wherever it was ordered; the answer is another process's copy if that was noted first.
        What the ledger cannot take is remembered while this process lives."""
        try:
            name = await self.name()
            standing = await self.ledger.ask(lambda book: book.keep_copy(name, task_id, copy, instead))
        except LedgerUnusable as error:
            log.warning("a saved video could not be noted: %s", error.what)
            self._unbooked[task_id] = copy
            return copy
        self._unbooked.pop(task_id, None)
        return standing

    def _refuse(self, least: Stops) -> None:
        if hindrances := self._settings.hindrances(least):
            wrong = "; ".join(map(str, hindrances))
            raise NotConfigured(wrong, advice=_MEND)


def observation(task: Task) -> Observation:
    """`task` in the ledger's terms."""
    return Observation(
        task_id=task.task_id,
        status=task.status.value,
        video_url=task.video_url,
        error_message=task.error_message if task.status == "failed" else None,
        started_at=task.started_at,
        ended_at=task.ended_at,
        charged=task.charged_points,
        placed_at=task.created_at,
    )


def _present(entry: Entry) -> Entry:
    gone = entry.saved_path is not None and not os.path.isfile(entry.saved_path)
    return replace(entry, saved_path=None) if gone else entry


def _is_news(known: Entry, task: Task) -> bool:
    seen = observation(task)
    pairs = (
        (seen.video_url, known.video_url),
        (seen.error_message, known.error_message),
        (seen.charged, known.charged),
    )
    return known.status != seen.status or any(new is not None and new != old for new, old in pairs)
