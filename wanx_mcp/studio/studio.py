"""Create, get, cancel: what the tools do, in terms of orders and tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from wanx_mcp.catalog import Catalog, Order, TaskType, parse_order
from wanx_mcp.clock import Clock
from wanx_mcp.errors import CannotCancel, NotConfigured, OutcomeUnknown, ProviderError, TaskNotFound
from wanx_mcp.provider import Provider, Status, Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.errands import Errands
from wanx_mcp.studio.pace import Pace

CALL_SECONDS = 19.0
"""A create answers within 20 s, whatever the provider does."""

READ_SECONDS = 15.0
MEMORY_SECONDS = 2.0
"""A task that was read this short a time ago is not read again."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A valid order, with its task unless this was a dry run."""

    order: Order
    task: Task | None
    pace: Pace


@dataclass(frozen=True, slots=True)
class Sight:
    """A task as it stands, with what the catalog knows of its kind. `pace` is None once it has ended."""

    task: Task
    row: TaskType | None
    elapsed: float | None
    pace: Pace | None

    @property
    def settled(self) -> bool:
        """Whether waiting longer brings nothing: the video is there, or there will be none."""
        ended_badly = self.task.status in (Status.FAILED, Status.CANCELLED)
        return ended_badly or self.task.video_url is not None


Report = Callable[[Sight], Awaitable[None]]


class Studio:
    """The use cases over one provider. Raises only WanxError."""

    def __init__(
        self, settings: Settings, catalog: Catalog, clock: Clock, provider: Provider | None, errands: Errands
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self._clock = clock
        self._provider = provider
        self._errands = errands
        self._seen: dict[str, tuple[float, Task]] = {}
        self._complaints = [str(complaint) for complaint in settings.complaints]

    def take_complaints(self) -> list[str]:
        """What is wrong with the settings, told once: the first error carries it."""
        told, self._complaints = self._complaints, []
        return told

    async def create(self, given: Mapping[str, Any], *, dry_run: bool) -> Placement:
        """Check, price and (unless `dry_run`) place an order. Once it has left, it ends whatever the caller does.

        Raises InvalidOrder, AdultContentOff and NotConfigured before anything is sent, the provider's errors after.
        """
        order = parse_order(self.catalog, given, adult=self.settings.allow_adult)
        pace = Pace(self._usual(order.row), 0.0)
        if dry_run:
            return Placement(order, None, pace)
        provider = self._open_provider()
        content = provider.encode(order.payload())
        errand = self._errands.send(lambda: self._place(provider, content))
        with anyio.move_on_after(CALL_SECONDS + 0.5):
            return Placement(order, await errand.outcome(), pace)
        raise OutcomeUnknown("the provider has not answered the order yet")

    async def get(self, task_id: str, *, wait: float, report: Report) -> Sight:
        """The task as it stands, or as it stands after at most `wait` seconds of waiting for its video.

        A read that fails during the wait is not an error while an earlier one is known.
        """
        deadline = self._clock.seconds() + min(wait, self.settings.max_wait_seconds)
        sight = await self._look(task_id)
        while not sight.settled and (left := deadline - self._clock.seconds()) > 0:
            await report(sight)
            await self._clock.sleep(min(left, sight.pace.next_look if sight.pace else left))
            try:
                sight = await self._look(task_id)
            except ProviderError:
                sight = self._sight(sight.task)
        return sight

    async def cancel(self, task_id: str) -> Sight:
        """Ask the provider to cancel. Raises CannotCancel when the task goes on or has ended, TaskNotFound."""
        provider = self._open_provider()
        try:
            await provider.cancel(task_id, within=READ_SECONDS)
        except (CannotCancel, TaskNotFound) as refusal:
            sight = await self._fresh_look(task_id)
            if sight.task.status is Status.CANCELLED:
                return sight
            raise CannotCancel(f"the task is {sight.task.status}; {refusal.what}") from refusal
        return await self._after_cancel(task_id)

    async def _after_cancel(self, task_id: str) -> Sight:
        try:
            sight = await self._fresh_look(task_id)
        except TaskNotFound:
            return self._sight(Task(task_id, Status.CANCELLED, "cancelled"))
        if sight.task.status is Status.COMPLETED:
            raise CannotCancel("the task had been completed before the provider could cancel it")
        return sight

    async def _place(self, provider: Provider, content: bytes) -> Task:
        return await provider.create(content, within=CALL_SECONDS)

    async def _look(self, task_id: str) -> Sight:
        read_at, task = self._seen.get(task_id, (float("-inf"), None))
        if task is not None and self._clock.seconds() - read_at < MEMORY_SECONDS:
            return self._sight(task)
        return await self._fresh_look(task_id)

    async def _fresh_look(self, task_id: str) -> Sight:
        task = await self._open_provider().get(task_id, within=READ_SECONDS)
        now = self._clock.seconds()
        self._seen = {known: seen for known, seen in self._seen.items() if now - seen[0] < MEMORY_SECONDS}
        self._seen[task_id] = (now, task)
        return self._sight(task)

    def _sight(self, task: Task) -> Sight:
        row = self.catalog.find(task.task_type or "")
        elapsed = None
        if task.created_at is not None:
            until = task.ended_at if task.status.final and task.ended_at else self._clock.now()
            elapsed = max(0.0, (until - task.created_at).total_seconds())
        pace = None if task.status.final else Pace(self._usual(row), elapsed or 0.0)
        return Sight(task, row, elapsed, pace)

    def _usual(self, row: TaskType | None) -> float:
        usual = row.usual_seconds if row else max(row.usual_seconds for row in self.catalog.rows)
        return usual / self.settings.simulate_speed if self.settings.simulate else usual

    def _open_provider(self) -> Provider:
        if self.settings.hindrances:
            wrong = "; ".join(map(str, self.settings.hindrances))
            raise NotConfigured(wrong, advice="ask the user to mend that setting of this server and restart it")
        if self._provider is None:
            raise NotConfigured("there is no PIAPI_API_KEY")
        return self._provider
