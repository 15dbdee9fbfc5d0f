"""Create, get, list, cancel: what the tools do, in terms of orders and tasks. `videos` has the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import anyio
from anyio.abc import TaskGroup

from wanx_mcp.catalog import Catalog, Order, parse_order
from wanx_mcp.catalog.loras import lora_doubt
from wanx_mcp.clock import Clock
from wanx_mcp.errors import CannotCancel, LedgerUnusable, ProviderFault, TaskNotFound, WanxError
from wanx_mcp.ledger import Entry, Spending, Totals
from wanx_mcp.limits import BUDGET_LINE_SECONDS, CREATE_SECONDS, FRAME_SECONDS, PREPARING_SECONDS, READ_SECONDS
from wanx_mcp.media.download import Limits
from wanx_mcp.media.naming import chosen_stem
from wanx_mcp.provider import Status, Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background
from wanx_mcp.studio.following import Following
from wanx_mcp.studio.orders.frames import OwnFrames
from wanx_mcp.studio.orders.objections import check_same, late
from wanx_mcp.studio.orders.pictures import Pictures, Prepared
from wanx_mcp.studio.orders.placement import Handover, Placement
from wanx_mcp.studio.orders.placing import Ordering
from wanx_mcp.studio.orders.reconciling import Reconciling
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.studio.tasks.pollers import Report
from wanx_mcp.studio.tasks.reading import TaskReading, TaskView
from wanx_mcp.studio.tasks.words import words_of
from wanx_mcp.studio.videos.saving import Saving
from wanx_mcp.studio.videos.videos import Videos
from wanx_mcp.toolnames import GET

RECENT = 50
"""So many orders are offered where a person picks a task."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A valid order that was not placed, what it would book (points), what is worth knowing about its pictures, and the
    order that has its request_id already."""

    order: Order
    booked: int
    notes: tuple[str, ...] = ()
    earlier: Entry | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the ledger, newest first. `cursor` leads to the next page, None at the end; `all` is how many orders
    there are without the filter, where that leaves none."""

    entries: tuple[Entry, ...]
    cursor: int | None
    all: int = 0


class Studio:
    """The use cases over one account. Raises only WanxError."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        clock: Clock,
        account: Account,
        background: Background,
        group: TaskGroup,
        limits: Limits,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self._account = account
        self._clock = clock
        self._background = background
        self._reading = TaskReading(settings, catalog, clock, account, group)
        self._reconciling = Reconciling(account, clock, background)
        self._pictures = Pictures(settings, clock)
        self._ordering = Ordering(settings, clock, account, background, self._reading, self._reconciling)
        saving = Saving(settings, clock, account, background, self._reading, self._reconciling.settle, limits)
        self.videos = Videos(settings, clock, account, background, saving)
        self._own_frames = OwnFrames(account, self.videos.frame)
        self._following = Following(settings.speed, clock, account, self._reading, saving, group)
        self._follows = False
        self._group = group
        group.start_soon(self._reconciling.keep_looking)
        if account.ledger.path.exists():
            self._reconciling.arose()
        self._complaints = [str(complaint) for complaint in settings.problems if complaint.wrong_value]

    def follow(self) -> None:
        """From now on, follow the account's orders in the background, and read those that nobody follows for lists."""
        self._follows = True
        self._group.start_soon(self._following.run)

    def stop_following(self) -> None:
        """Leave the account's orders to other processes: this one ends."""
        self._following.stop()

    def take_complaints(self) -> list[str]:
        """What is wrong with the settings, returned once: the first error carries it."""
        problems, self._complaints = self._complaints, []
        return problems

    def pace(self, order: Order) -> Pace:
        """How long such an order takes."""
        return self._reading.pace(order.terms)

    async def spending(self) -> Spending:
        """What is booked in 24 hours. Raises LedgerUnusable."""
        return await self._account.spending()

    async def budget_line(self, asked: int = 0) -> Spending | None:
        """The same beside another answer, and whether an order of the points `asked` fits: None where the ledger cannot
        tell within BUDGET_LINE_SECONDS."""
        with anyio.move_on_after(BUDGET_LINE_SECONDS):
            try:
                return await self._account.spending(asked)
            except LedgerUnusable:  # the order itself has said so, where it matters
                return None
        return None

    async def quote(self, given: Mapping[str, Any], *, request_id: str | None = None) -> Quotation:
        """Check and price an order; nothing is sent.

        Raises InvalidOrder (where an order with other arguments has this request_id, too), AdultContentOff,
        ImageRejected, and NotConfigured where it needs a price that is not set.
        """
        with anyio.move_on_after(CREATE_SECONDS):
            order = self._order(given)
            self._ordering.check_price(order)
            prepared = await self._prepared(order)
            booked, why = await self._ordering.booked(prepared.order)
            notes = (*prepared.notes, f"it would book more than its price: {why}") if why else prepared.notes
            earlier = await self._earlier(prepared, request_id) if request_id else None
            return Quotation(prepared.order, booked, notes, earlier)
        raise late(None)

    async def _earlier(self, prepared: Prepared, request_id: str) -> Entry | None:
        found = await self._account.earlier(prepared.order, prepared.kept, request_id)
        if found is None:
            return None
        check_same(*found)
        return found[1]

    def _order(self, given: Mapping[str, Any]) -> Order:
        return parse_order(self.catalog, given, adult=self.settings.allow_adult)

    async def _prepared(self, order: Order) -> Prepared:
        until = self._clock.seconds() + PREPARING_SECONDS
        frames = await self._own_frames.of(order, FRAME_SECONDS)
        prepared = await self._pictures.prepare(order, frames, within=until - self._clock.seconds())
        doubt = lora_doubt(order.arguments.get("lora_type"))
        return replace(prepared, notes=(*prepared.notes, doubt)) if doubt else prepared

    async def create(
        self, given: Mapping[str, Any], *, request_id: str | None, file_name: str | None = None
    ) -> Placement:
        """Place an order, or find the one that it repeats. Once it has left, it ends whatever the caller does.

        Raises InvalidOrder, AdultContentOff, ImageRejected, NotConfigured, BudgetExceeded and LedgerUnusable before
        anything is ordered, the provider's errors after. Answers within CREATE_SECONDS, whatever is slow.
        """
        until, handover = self._clock.seconds() + CREATE_SECONDS, Handover()
        try:
            with anyio.move_on_after(CREATE_SECONDS):
                return await self._create(given, request_id, file_name, until, handover)
            return handover.last_word()
        finally:
            self._following.stir()

    async def _create(
        self, given: Mapping[str, Any], request_id: str | None, file_name: str | None, until: float, handover: Handover
    ) -> Placement:
        order, stem = self._order(given), chosen_stem(file_name)
        self._account.check_orders()
        self._ordering.check_price(order)
        prepared = await self._prepared(order)
        await self._account.prepare()
        order = await self._pictures.deliver(prepared, self._account.provider, until=until)
        placement = await self._ordering.place(
            order, prepared, request_id, save_as=stem, until=until, handover=handover
        )
        return replace(placement, notes=(*prepared.notes, *placement.notes))

    async def get(self, task_id: str, *, wait: float, report: Report) -> TaskView:
        """The task as it stands, or as it stands after at most `wait` seconds of waiting for its video and its file.
        Orders in doubt are looked up meanwhile. Raises the errors of a read where nothing is known of the task."""
        until = self._clock.seconds() + min(wait, self.settings.max_wait_seconds)
        settling = self._background.send(self._reconciling.settle, ProviderFault)
        view = await self._reading.get(task_id, wait, report)
        view = await self.videos.wait_for_file(view, until)
        await settling.outcome()
        return view

    async def inspect(self, task_id: str) -> tuple[TaskView, Entry | None]:
        """The task as it stands, beside its order in the ledger. Raises the errors of a get."""
        await self._reconciling.settle()
        view = await self._reading.look(task_id)
        return view, await self._account.find(task_id)

    async def known(self, task_id: str) -> Entry | None:
        """The task's order, from the ledger alone. Raises NotConfigured and LedgerUnusable."""
        return await self._account.find(task_id)

    async def recent(self) -> tuple[Entry, ...]:
        """The latest orders, from the ledger alone: nobody else is asked. Raises NotConfigured and LedgerUnusable."""
        return tuple(await self._account.page((), None, RECENT))

    async def list(self, statuses: tuple[str, ...], *, limit: int, below: int | None, wait: float = 0) -> Page:
        """Up to `limit` orders of this account, newest first, numbered under `below`, after at most `wait` seconds of
        waiting for the end of one that is open. Raises LedgerUnusable."""
        await self._account.name()
        await self._ordering.outcomes.catch_up()
        await self._reconciling.settle()
        if self._follows:
            await self._following.wait_for_an_end(min(wait, self.settings.max_wait_seconds))
            await self._following.read_unattended()
        found = await self._account.page(statuses, below, limit + 1)
        entries = tuple(await self._account.present(found[:limit]))
        others = await self._account.count() if statuses and not entries else 0
        return Page(entries, entries[-1].number if len(found) > limit else None, others)

    async def totals(self) -> Totals:
        """What the last 24 hours of the budget are made of. Raises LedgerUnusable."""
        return await self._account.totals()

    async def known_words(self, task_id: str) -> str:
        """What is known of that task, in a sentence for beside an error; empty where nothing is, or the ledger cannot
        tell."""
        try:
            return words_of(await self._account.known(task_id))
        except WanxError:
            return ""

    async def cancel(self, task_id: str) -> TaskView:
        """Ask the provider to cancel, and book what it did. Raises CannotCancel when the task goes on or has ended,
        TaskNotFound when nobody knows it."""
        await self._reconciling.settle()
        try:
            await self._account.provider.cancel(task_id, within=READ_SECONDS)
        except (CannotCancel, TaskNotFound) as refusal:
            view = await self._reading.read_now(task_id)
            if view.task.status is Status.CANCELLED:
                return view
            gone = "the provider does not know it any more" if view.forgotten else refusal.what
            raise _too_late(view, f"the task is {view.task.status}; {gone}") from refusal
        return await self._after_cancel(task_id)

    async def _after_cancel(self, task_id: str) -> TaskView:
        try:
            view = await self._reading.read_now(task_id)
        except TaskNotFound:
            return TaskView(Task(task_id, Status.CANCELLED, "cancelled"), None, None, None)
        if view.task.status in (Status.CANCELLED, Status.PENDING):  # just accepted, perhaps not yet carried out
            return view
        raise _too_late(view, f"the provider took the request, but the task is {view.task.status}")


def _too_late(view: TaskView, what: str) -> CannotCancel:
    over = f"call {GET} to see how the task ended" if view.task.status.final else None
    return CannotCancel(what, advice=over)
