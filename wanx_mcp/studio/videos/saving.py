"""Saving a finished video, asked for or by itself: one download per task, in a job that all callers share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import DownloadFailed, LedgerUnusable
from wanx_mcp.ledger import Copy, Entry
from wanx_mcp.limits import SAVE_POLL_SECONDS
from wanx_mcp.media.download import Limits, Meter
from wanx_mcp.media.naming import check_spelling, safe_stem, spellable, usual_stem
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account, KnownTask
from wanx_mcp.studio.background import Background, BackgroundJob
from wanx_mcp.studio.tasks.reading import TaskReading, TaskView, with_file
from wanx_mcp.studio.videos.disk_errors import disk_error
from wanx_mcp.studio.videos.fetching import Fetching, Saved, Wish, link_of, saved_before
from wanx_mcp.studio.videos.landing import finish_move, has_landed, move

LookUp = Callable[[], Awaitable[None]]
"""Looks orders of unknown outcome up: the task may be one of theirs."""

REPORT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Underway:
    """A download that goes on. `total` is None until the host has said."""

    task_id: str
    done: int
    total: int | None


MeterReport = Callable[[Underway], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Job:
    job: BackgroundJob[Saved]
    order: Entry | None
    meter: Meter = field(default_factory=Meter)


async def no_report(_news: Underway) -> None:
    """For a save whose progress nobody waits for."""


class Saving:
    """Saves the videos of one account."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        account: Account,
        background: Background,
        reading: TaskReading,
        look_up: LookUp,
        limits: Limits,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._account = account
        self._background = background
        self._reading = reading
        self._look_up = look_up
        self._fetching = Fetching(clock, account, reading, limits)
        self._jobs: dict[str, _Job] = {}

    @property
    def orders(self) -> list[Entry]:
        """The orders whose videos are being fetched."""
        return [job.order for job in self._jobs.values() if job.order is not None and not job.job.done.is_set()]

    async def save(self, task_id: str, name: str | None, within: float, report: MeterReport) -> Saved | Underway:
        """The video on disk, or how far it is after `within` seconds; then the download goes on. One that was saved by
        itself gets the `name`.

        Raises NotFinished, DownloadFailed, InvalidArguments and the errors of a get.
        """
        deadline = anyio.current_time() + within
        await self._look_up()
        while (job := self._jobs.get(task_id)) is None:
            known = await self._account.known(task_id)
            copy = await self._copy_of(task_id)
            if copy and (saved := await saved_before(self._clock, copy, known.task_type)):
                return await self._named(task_id, saved, copy, name)
            chosen = safe_stem(name) if name else ""
            check_spelling(self._settings.output_folder, chosen)
            if await self._may_save(known.order):
                job = await self._begin(task_id, known, copy, chosen)
                break
            if anyio.current_time() + SAVE_POLL_SECONDS > deadline:
                return Underway(task_id, 0, None)  # another process is saving it
            await self._clock.sleep(SAVE_POLL_SECONDS)
        with anyio.move_on_after(deadline - anyio.current_time()):
            saved = await self._wait_for(task_id, job, report)
            copy = await self._copy_of(task_id)
            return await self._named(task_id, saved, copy, name) if copy else saved
        return Underway(task_id, job.meter.done, job.meter.total)

    def discard(self) -> None:
        """Remove the videos that have arrived, but could not get their names."""
        self._fetching.discard()

    async def save_by_itself(self, order: Entry) -> None:
        """Save the video of `order` into the folder that the order names. Raises the errors of a save."""
        task_id, folder = order.task_id or "", Path(order.save_to or "")
        if (job := self._jobs.get(task_id)) is None:
            copy = await self._copy_of(task_id)
            if copy and await saved_before(self._clock, copy, order.task_type):
                return await self._account.in_place(task_id)
            if folder != self._settings.output_folder and not await anyio.Path(folder).is_dir():
                # Another machine may have it. Only a folder of its own is made by this process.
                raise disk_error(FileNotFoundError(2, "there is no such folder here"), folder)
            if order.landing and await self._has_landed(order.landing, folder):
                await self._account.keep_copy(task_id, order.landing, copy)
                return None
            job = await self._begin(task_id, KnownTask(order), copy, "", folder)
        try:
            await job.job.outcome()
        finally:
            if self._jobs.get(task_id) is job and job.job.done.is_set():
                del self._jobs[task_id]

    async def wait_for_file(self, view: TaskView, until: float) -> TaskView:
        """The view once its video is on disk, if that is about to come by itself, here or in another process; at the
        latest at the clock's second `until`. Nothing is started."""
        task_id = view.task.task_id
        while view.being_saved and (left := until - self._clock.seconds()) > 0:
            job = self._jobs.get(task_id)
            if job is None or job.job.done.is_set():
                await self._clock.sleep(min(SAVE_POLL_SECONDS, left))
            else:
                with anyio.move_on_after(left):
                    await job.job.done.wait()
            view = with_file(view, await self._account.known(task_id))
        return view

    async def _has_landed(self, landing: Copy, folder: Path) -> bool:
        try:
            return await anyio.to_thread.run_sync(has_landed, landing)
        except OSError as error:
            raise disk_error(error, folder) from error

    async def _may_save(self, order: Entry | None) -> bool:
        """Whether no other process is saving the video of `order`; then it is this one's to save."""
        try:
            return order is None or order.number in await self._account.lease([order], saves=True)
        except LedgerUnusable:  # saving works without the ledger
            return True

    async def _let_go(self, order: Entry) -> None:
        with suppress(LedgerUnusable):
            await self._account.let_go([order.number])

    async def _begin(
        self, task_id: str, known: KnownTask, copy: Copy | None, chosen: str, folder: Path | None = None
    ) -> _Job:
        """Start the download, or join the one that another caller has started meanwhile. `folder`: where the order
        wants its video, if nobody has asked for it."""
        order = known.order
        view = await self._reading.look(task_id)
        wish = Wish(
            task_id,
            view.row.name if view.row else None,
            link_of(view),
            folder or self._settings.output_folder,
            chosen or self._usual(view, order),
            order.number if order else None,
            copy,
            automatic=folder is not None,
        )
        # No waiting between this look and the entry: callers that come together share one job.
        return self._jobs.get(task_id) or self._start(wish, order)

    def _start(self, wish: Wish, order: Entry | None) -> _Job:
        meter = Meter()

        async def work() -> Saved:
            try:
                saved = await self._fetching.fetch(wish, meter)
            finally:
                if order is not None and not wish.automatic:
                    await self._let_go(order)
            self._jobs.pop(wish.task_id, None)
            self._reading.forget(wish.task_id)
            return saved

        job = self._jobs[wish.task_id] = _Job(self._background.send(work, DownloadFailed), order, meter)
        return job

    async def _wait_for(self, task_id: str, job: _Job, report: MeterReport) -> Saved:
        while not job.job.done.is_set():
            await report(Underway(task_id, job.meter.done, job.meter.total))
            with anyio.move_on_after(REPORT_SECONDS):
                await job.job.done.wait()
        if (
            self._jobs.get(task_id) is job
        ):  # a failure is reported once, also to a later call; then the work starts again
            del self._jobs[task_id]
        return await job.job.outcome()

    def _usual(self, view: TaskView, order: Entry | None) -> str:
        """The name of a video whose caller has not chosen one now."""
        if order and order.save_as and spellable(order.save_as):
            return order.save_as
        task, request_id = view.task, order.request_id if order else None
        arguments = order.arguments if order else task.input
        kind = view.row.name if view.row else "wanx"
        made_at = task.created_at or self._clock.now()
        return usual_stem(made_at, kind, str(arguments.get("prompt", "")), task.task_id, request_id)

    # The name of a saved video

    async def _copy_of(self, task_id: str) -> Copy | None:
        """The copy as it was noted; a renaming that was cut off is carried to its end first."""
        copy = await self._account.copy_of(task_id)
        if copy is None or copy.moving_to is None or not await anyio.to_thread.run_sync(finish_move, copy):
            return copy
        await self._account.moved(task_id, copy.path, copy.moving_to)
        return replace(copy, path=copy.moving_to, moving_to=None)

    async def _named(self, task_id: str, saved: Saved, copy: Copy, name: str | None) -> Saved:
        """The video under the name that the caller wants, if it was saved by itself. Another file is never replaced."""
        stem = safe_stem(name) if name else ""
        if not stem or not copy.automatic or Path(copy.path) != saved.path:
            return saved
        check_spelling(saved.path.parent, stem)

        async def note(path: Path) -> None:
            await self._account.move(task_id, str(path))

        try:
            path = await move(self._clock, saved.path, stem, note)
        except OSError as error:
            raise disk_error(error, saved.path.parent) from error
        if path == saved.path:
            return saved
        await self._account.moved(task_id, str(saved.path), str(path))
        self._reading.forget(task_id)
        return replace(saved, path=path, renamed=True)
