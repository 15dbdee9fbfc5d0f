"""Reading a task and waiting for it, with what the ledger knows where the provider has forgotten or is silent."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from datetime import timedelta

from anyio.abc import TaskGroup

from wanx_mcp.catalog import Catalog, TaskType, Terms
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.clock import Clock
from wanx_mcp.errors import LedgerUnusable, TaskNotFound
from wanx_mcp.ledger import Entry
from wanx_mcp.limits import DENIED_FOR_GOOD, MEMORY_SECONDS, READ_SECONDS
from wanx_mcp.provider import Status, Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account, KnownTask
from wanx_mcp.studio.tasks.denials import Denials
from wanx_mcp.studio.tasks.durations import Durations, learned
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.studio.tasks.poller import PASSING, Seen, Waiter
from wanx_mcp.studio.tasks.pollers import Pollers, Report
from wanx_mcp.studio.tasks.read_queue import ReadQueue
from wanx_mcp.studio.tasks.rhythm import Rhythm
from wanx_mcp.studio.tasks.view import QUIET_FAILURES, TaskView

__all__ = ["Report", "TaskReading", "TaskView"]

LEARNED_FROM = 20
"""So many of the last ended tasks of a type say how long the next one takes."""

SAME_TIME = timedelta(seconds=3)
"""Clocks that are no further apart than this are taken for equal."""

log = logging.getLogger(__name__)


class TaskReading:
    """Reads tasks, and writes home what it has seen."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, account: Account, group: TaskGroup) -> None:
        self._settings = settings
        self.catalog = catalog
        self._clock = clock
        self._account = account
        self._rhythm = Rhythm(settings.speed)
        queue = ReadQueue(settings.reads_per_minute * settings.speed)
        self._pollers = Pollers(group, clock, queue, self._rhythm, self.read)
        self._seen: dict[str, Seen] = {}
        self._denials = Denials(account, clock)
        self._distrusted: dict[str, str | None] = {}
        self._learned: dict[str, Durations] = {}

    def pace(self, terms: Terms | None, elapsed: float = 0.0) -> Pace:
        """The estimate for a task with these terms."""
        usual = terms.usual_seconds if terms else max(row.usual_seconds for row in self.catalog.rows)
        durations = self._learned.get(terms.kind) if terms else None
        return Pace(durations or Durations(usual), elapsed, self._settings.speed)

    async def get(self, task_id: str, wait: float, report: Report | None = None) -> TaskView:
        """The task as it stands, or after at most `wait` seconds of waiting for its video.

        Where the provider cannot be reached, the view is what the ledger knows. Raises TaskNotFound if neither knows
        the task, and the error of the read where the ledger knows nothing either.
        """
        now, seen = self._clock.seconds(), self._remember(task_id)
        if seen is not None and (wait <= 0 or seen[1].settled):
            return seen[1]
        until = now + (min(wait, self._settings.max_wait_seconds) if wait > 0 else READ_SECONDS)
        waiter = Waiter(until, fresh=now - MEMORY_SECONDS, once=wait <= 0)
        try:
            return await self._pollers.wait(task_id, waiter, seen, report)
        except PASSING as error:
            known = await self._account.known(task_id)
            if known.order is None and known.saved_path is None:
                raise
            return self._remembered(task_id, known).unread(error)

    async def look(self, task_id: str) -> TaskView:
        """The task as it stands, from memory if it was read just now. Raises the errors of `get`."""
        return await self.get(task_id, 0)

    async def follow(self, task_id: str, *, first_in: float) -> TaskView:
        """The task when it has ended, however long that takes. Read seldom, after the calls that wait, and not within
        `first_in` seconds unless a call does so."""
        waiter = Waiter(math.inf, follows=True, first_at=self._clock.seconds() + first_in)
        return await self._pollers.wait(task_id, waiter, self._remember(task_id))

    def share(self, orders: int) -> None:
        """So many orders of the account are followed, by all its processes."""
        self._rhythm.share(orders, self._settings.reads_per_minute)

    def forget(self, task_id: str) -> None:
        """The next look reads the task again: something has changed on our side."""
        self._seen.pop(task_id, None)
        self._pollers.forget(task_id)

    def distrust(self, task_id: str, link: str | None) -> None:
        """The media host has refused that link, fresh as it was: a look tells so while the task has no other."""
        self._distrusted[task_id] = link
        self.forget(task_id)

    async def read_now(self, task_id: str) -> TaskView:
        """The task as the provider tells it now, whatever was read before. Raises the error of the read."""
        self.forget(task_id)
        view = await self.read(task_id, within=READ_SECONDS, retries=True)
        self._pollers.take(task_id, view)
        return view

    async def read(self, task_id: str, *, within: float, retries: bool) -> TaskView:
        """One read of the task, which repeats what fails if it `retries`. What it shows is booked.

        Raises TaskNotFound if neither the provider nor the ledger knows the task.
        """
        until = self._clock.seconds() + within
        try:
            task = await self._account.provider.get(task_id, within=within, retries=retries)
        except TaskNotFound:
            known = await self._account.known(task_id)
            if known.order is None and known.saved_path is None:
                raise
            return await self._denial(self._remembered(task_id, known), known, until)
        known = await self._account.known(task_id)
        try:
            await self._account.observe(task, known.order)
        except LedgerUnusable as error:
            log.warning("what was read could not be kept: %s", error.what)
        row, order = self._row(task, known), known.order
        afresh = task.status.final and (order is None or order.status != task.status)
        await self._learn(_terms(row, task, known), afresh=afresh)
        view = self._view(task, known, row)
        self._keep(task_id, view)
        return view

    def _keep(self, task_id: str, view: TaskView) -> None:
        now = self._clock.seconds()
        self._seen = {name: seen for name, seen in self._seen.items() if now - seen[0] < MEMORY_SECONDS}
        self._seen[task_id] = (now, view)

    def _remember(self, task_id: str) -> Seen | None:
        seen = self._seen.get(task_id)
        return seen if seen is not None and self._clock.seconds() - seen[0] < MEMORY_SECONDS else None

    async def _learn(self, terms: Terms | None, *, afresh: bool) -> None:
        """Ask the ledger how long such tasks took. The simulator lives by the catalog: there is nothing to learn."""
        if terms is None or self._settings.simulate or (terms.kind in self._learned and not afresh):
            return
        try:
            seen = await self._account.durations(terms.kind, LEARNED_FROM)
        except LedgerUnusable as error:
            log.info("the ledger could not tell how long tasks take: %s", error.what)
            seen = []
        self._learned[terms.kind] = learned(terms.usual_seconds, seen)

    def _row(self, task: Task, known: KnownTask) -> TaskType | None:
        return self.catalog.find(known.task_type or task.task_type or "")

    def _view(self, task: Task, known: KnownTask, row: TaskType | None) -> TaskView:
        created_at = task.created_at or (known.order.created_at if known.order else None)
        now = self._clock.now() + (self._skew if task.created_at else timedelta(0))
        until = task.ended_at if task.status.final else now  # of one that ended nobody knows when, nothing is said
        elapsed = max(0.0, (until - created_at).total_seconds()) if until and created_at else None
        terms = _terms(row, task, known)
        pace = None if task.status.final else self.pace(terms, elapsed or 0.0)
        refused = task.video_url is not None and task.video_url == self._distrusted.get(task.task_id)
        task = replace(task, created_at=created_at)
        price, sound = (terms.price, terms.sound) if terms else (None, False)
        read_at = self._account.moment()
        view = TaskView(task, row, elapsed, pace, refused=refused, read_at=read_at, price=price, sound=sound)
        return with_file(view, known)

    @property
    def _skew(self) -> timedelta:
        """By how much the provider's dates are ahead of our clock; the second that its header leaves open is none."""
        ahead = self._account.provider.ahead
        return ahead if abs(ahead) > SAME_TIME else timedelta(0)

    async def _denial(self, last: TaskView, known: KnownTask, until: float) -> TaskView:
        """What a denial makes of what was known `last`: one of a task that ended a while ago is believed, one of an
        unfinished task must not end the wait for a paid video."""
        order = known.order
        if order is None:
            return replace(last, forgotten=True, pace=None)
        if last.settled:
            old = self._is_old(order) or await self._denials.noted(order) >= DENIED_FOR_GOOD
            return replace(last, forgotten=old, denied=not old, pace=None)
        if await self._denials.for_good(order, within=until - self._clock.seconds()):
            return replace(last, gone=True, pace=None)
        return replace(last, denied=True)

    def _is_old(self, order: Entry) -> bool:
        """Whether a finished task was last seen so long ago that the provider may have deleted it."""
        seen = order.seen_at or order.ended_at or order.moment
        return self._account.moment() - seen >= DENIED_FOR_GOOD

    def _remembered(self, task_id: str, known: KnownTask) -> TaskView:
        order = known.order
        if order is None:  # ordered elsewhere, and saved here: it was completed, and that is all we know
            task = Task(task_id, Status.COMPLETED, Status.COMPLETED.value)
        else:
            status = Status(order.status or Status.PENDING)
            task = Task(
                task_id=order.task_id or task_id,
                status=status,
                provider_status=status.value,
                task_type=order.task_type,
                started_at=order.started_at,
                ended_at=order.ended_at,
                video_url=order.video_url,
                error_message=order.error_message,
                consumed_points=order.charged,
            )
        read_at = None if order is None else order.seen_at or order.moment
        return replace(self._view(task, known, self._row(task, known)), read_at=read_at)


def with_file(view: TaskView, known: KnownTask) -> TaskView:
    """The view, with what the ledger knows of the video's file."""
    order = known.order
    noted = order is not None and order.save_to is not None and known.saved_path is None
    problem = order.save_problem if order is not None and order.save_failures >= QUIET_FAILURES else None
    saving = noted and view.task.status not in (Status.FAILED, Status.CANCELLED)
    return replace(view, saved_path=known.saved_path, saving=saving, save_problem=problem if saving else None)


def _terms(row: TaskType | None, task: Task, known: KnownTask) -> Terms | None:
    """The terms of the task's order: by what was ordered here, else by the provider's echo."""
    if row is None:
        return None
    return row.terms(known.order.arguments if known.order else from_wire(task.input))
