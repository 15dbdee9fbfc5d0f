"""The one account that this process orders for: its provider, its orders and videos, and the provider's time."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.ledger import Copy, Entry, FilmNote, Ledger, Origin
from wanx_mcp.provider import Provider, Task, Upstream
from wanx_mcp.settings import Settings
from wanx_mcp.studio.leases import FollowedOrders

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownTask:
    """What is known here of one task: its order if that was made here, and where its video is on this machine. A task
    that was ordered elsewhere can have a video here, never an order."""

    order: Entry | None = None
    saved_path: str | None = None

    @property
    def task_type(self) -> str | None:
        return self.order.task_type if self.order else None


class Account(FollowedOrders):
    """The account's ledger, with each verb bound to this account, and its provider."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        ledger: Ledger,
        upstream: Upstream | None,
        provider: Provider | None,
    ) -> None:
        super().__init__(settings, clock, ledger, upstream, provider)
        self._unbooked: dict[str, Copy] = {}

    async def find(self, task_id: str) -> Entry | None:
        """What the ledger knows of that task. Raises LedgerUnusable."""
        name = await self.name()
        found = await self.ask(lambda book: book.find(name, task_id))
        return found and (await self.present([found]))[0]

    async def known(self, task_id: str) -> KnownTask:
        """What is known of that task; where the ledger cannot be used, what this process remembers."""
        order, copy = None, None
        try:
            name = await self.name()
            order, copy = await self.ask(lambda book: (book.find(name, task_id), book.copy_of(name, task_id)))
        except LedgerUnusable as error:  # looking and saving work without the ledger
            log.warning("the ledger could not be read: %s", error.what)
        return await self._known(task_id, order, copy)

    async def _known(self, task_id: str, order: Entry | None, copy: Copy | None) -> KnownTask:
        copy = self._unbooked.get(task_id) or copy
        noted = (copy.path, copy.moving_to) if copy else (order.saved_path if order else None,)
        paths = [path for path in noted if path is not None]
        there = paths and await anyio.to_thread.run_sync(lambda: [path for path in paths if os.path.isfile(path)])
        return KnownTask(order, there[0] if there else None)

    async def present(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries without the paths of saved files that have been removed since."""
        if not any(entry.saved_path for entry in entries):
            return list(entries)
        return await anyio.to_thread.run_sync(lambda: [_present(entry) for entry in entries])

    async def observe(self, task: Task, known: Entry | None) -> None:
        """Keep what a GET has just shown, if the ledger has the task and it is new. Raises LedgerUnusable."""
        if known is None or not _is_news(known, task):
            return
        seen = replace(self.observation(task, by_get=True), task_id=known.task_id or task.task_id)
        await self.ask(lambda book: book.observe(known.account, seen))

    async def page(self, statuses: Sequence[str], below: int | None, limit: int) -> list[Entry]:
        """Up to `limit` orders of this account, newest first, numbered under `below`. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: book.page(name, statuses, below, limit))

    async def durations(self, kind: str, limit: int) -> list[float]:
        """Seconds that the last completed tasks of that kind took. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: book.durations(name, kind, limit))

    async def deny(self, task_id: str) -> None:
        """The provider denies a task of ours. Raises LedgerUnusable."""
        name, moment = await self.name(), self.moment()
        await self.ask(lambda book: book.deny(name, task_id, moment))

    async def lose(self, task_id: str) -> None:
        """A task of ours is denied for good. Raises LedgerUnusable."""
        name, moment = await self.name(), self.moment()
        await self.ask(lambda book: book.lose(name, task_id, moment))

    # Lineage and films

    async def links(self, task_id: str) -> int:
        """How many videos the chain has that ends with that task. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: book.links(name, task_id))

    async def origins(self, task_ids: Sequence[str]) -> list[list[Origin]]:
        """For each task the frames that its video was made from. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: [book.origins(name, task_id) for task_id in task_ids])

    async def film(self, film_id: str) -> FilmNote | None:
        """The film of that id. Raises LedgerUnusable."""
        name = await self.name()
        return await self.ask(lambda book: book.film(name, film_id))

    async def keep_film(self, film: FilmNote) -> None:
        """Note a film. Raises LedgerUnusable."""
        name = await self.name()
        await self.ask(lambda book: book.keep_film(name, film))

    # Saved videos

    async def copy_of(self, task_id: str) -> Copy | None:
        """The copy of the video as it was noted, wherever the task was ordered; the file may be gone."""
        if task_id in self._unbooked:
            return self._unbooked[task_id]
        try:
            name = await self.name()
            return await self.ask(lambda book: book.copy_of(name, task_id))
        except LedgerUnusable as error:
            log.warning("the ledger could not be read: %s", error.what)
            return None

    async def keep_copy(self, task_id: str, copy: Copy, instead: Copy | None) -> Copy:
        """Note a saved video, wherever it was ordered; the answer is another process's copy if that was noted first.
        What the ledger cannot take is remembered while this process lives."""
        try:
            name = await self.name()
            standing = await self.ask(lambda book: book.keep_copy(name, task_id, copy, instead))
        except LedgerUnusable as error:
            log.warning("a saved video could not be noted: %s", error.what)
            self._unbooked[task_id] = copy
            return copy
        self._unbooked.pop(task_id, None)
        return standing


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
