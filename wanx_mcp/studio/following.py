"""Looking at a task and waiting for it, with what the ledger knows where the provider has forgotten."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from wanx_mcp.catalog import Catalog, TaskType
from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, ProviderError, TaskNotFound
from wanx_mcp.ledger import Entry
from wanx_mcp.provider import Status, Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.pace import Pace

READ_SECONDS = 15.0
LATE_LINK_SECONDS = 2.5
"""Between looks at a task that is completed and has no link yet."""

LAST_LOOK_SECONDS = 3.0
"""What the last look of a wait may take beyond the time that was asked for."""

MEMORY_SECONDS = 2.0
"""A task that was read this short a time ago is not read again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """A task as it stands. `pace` is None once it has ended; `forgotten`: only the ledger still knows it."""

    task: Task
    row: TaskType | None
    elapsed: float | None
    pace: Pace | None
    saved_path: str | None = None
    forgotten: bool = False

    @property
    def settled(self) -> bool:
        """Whether waiting longer brings nothing: the video is there, or there will be none."""
        over = self.task.status in (Status.FAILED, Status.CANCELLED)
        return over or self.forgotten or self.task.video_url is not None


Report = Callable[[Sight], Awaitable[None]]


class Following:
    """Reads tasks, and writes home what it has seen."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, account: Account) -> None:
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._account = account
        self._seen: dict[str, tuple[float, Sight]] = {}

    def pace(self, row: TaskType | None, elapsed: float = 0.0) -> Pace:
        """The estimate for a task of that row."""
        usual = row.usual_seconds if row else max(row.usual_seconds for row in self._catalog.rows)
        return Pace(usual / self._settings.simulate_speed if self._settings.simulate else usual, elapsed)

    async def wait(self, task_id: str, seconds: float, report: Report) -> Sight:
        """The task after at most `seconds`. A read that fails while an earlier one is known is no error."""
        deadline = self._clock.seconds() + min(seconds, self._settings.max_wait_seconds)
        sight = await self.look(task_id)
        while not sight.settled and (left := deadline - self._clock.seconds()) > 0:
            await report(sight)
            await self._clock.sleep(min(left, sight.pace.next_look if sight.pace else LATE_LINK_SECONDS))
            with suppress(ProviderError):
                sight = await self.look(task_id, within=max(LAST_LOOK_SECONDS, deadline - self._clock.seconds()))
        return sight

    async def look(self, task_id: str, *, within: float = READ_SECONDS) -> Sight:
        """The task, from memory if it was read just now."""
        read_at, sight = self._seen.get(task_id, (float("-inf"), None))
        if sight is not None and self._clock.seconds() - read_at < MEMORY_SECONDS:
            return sight
        return await self.look_afresh(task_id, within=within)

    def forget(self, task_id: str) -> None:
        """The next look reads the task again: something has changed on our side."""
        self._seen.pop(task_id, None)

    async def look_afresh(self, task_id: str, *, within: float = READ_SECONDS) -> Sight:
        """The task as the provider tells it now. Raises TaskNotFound if neither it nor the ledger knows the task."""
        provider = self._account.provider
        known = await self._known(task_id)
        try:
            task = await provider.get(task_id, within=min(within, READ_SECONDS))
        except TaskNotFound:
            if known is None:
                raise
            return self._remembered(known)
        try:
            await self._account.observe(task, known)
        except LedgerUnusable as error:
            log.warning("what was read could not be kept: %s", error.what)
        now = self._clock.seconds()
        sight = self._sight(task, known)
        self._seen = {name: seen for name, seen in self._seen.items() if now - seen[0] < MEMORY_SECONDS}
        self._seen[task_id] = (now, sight)
        return sight

    async def _known(self, task_id: str) -> Entry | None:
        try:
            return await self._account.find(task_id)
        except LedgerUnusable as error:  # a read works without the ledger
            log.warning("the ledger could not be read: %s", error.what)
            return None

    def _sight(self, task: Task, known: Entry | None) -> Sight:
        row = self._catalog.find(known.task_type if known else task.task_type or "")
        created_at = task.created_at or (known.created_at if known else None)
        elapsed = None
        if created_at is not None:
            until = task.ended_at if task.status.final and task.ended_at else self._clock.now()
            elapsed = max(0.0, (until - created_at).total_seconds())
        pace = None if task.status.final else self.pace(row, elapsed or 0.0)
        return Sight(replace(task, created_at=created_at), row, elapsed, pace, known.saved_path if known else None)

    def _remembered(self, known: Entry) -> Sight:
        status = Status(known.status or Status.PENDING)
        task = Task(
            task_id=known.task_id or "",
            status=status,
            provider_status=status.value,
            task_type=known.task_type,
            created_at=known.created_at,
            started_at=known.started_at,
            ended_at=known.ended_at,
            video_url=known.video_url,
            error_message=known.error_message,
            consumed_points=known.charged,
        )
        return replace(self._sight(task, known), forgotten=True, pace=None)
