"""Saving a finished video: one download per task, in a background job that all callers share."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import DownloadFailed, NotFinished, ProviderError, TaskNotFound
from wanx_mcp.ledger import Copy
from wanx_mcp.media.download import Download, Limits, Meter
from wanx_mcp.media.movie import BrokenError, Movie, read_movie
from wanx_mcp.media.naming import SUFFIX, check_spelling, safe_stem, usual_stem
from wanx_mcp.media.network import Network
from wanx_mcp.media.publishing import is_held, once_free
from wanx_mcp.media.refusals import RefusedError
from wanx_mcp.media.shelf import Part, check_name, sweep
from wanx_mcp.provider import Status
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account, KnownTask, Lookup
from wanx_mcp.studio.background import Background, BackgroundJob
from wanx_mcp.studio.tasks.reading import TaskReading, TaskView
from wanx_mcp.studio.videos.arrivals import Arrivals, Arrived
from wanx_mcp.studio.videos.disk_errors import disk_error
from wanx_mcp.toolnames import CREATE, GET

LookUp = Callable[[str], Awaitable[Lookup | None]]
"""Looks orders of unknown outcome up, before the task of that id is read."""

REPORT_SECONDS = 1.0
_LOST = (
    "the clip is gone: the provider keeps videos for about a day; order again only if the user wants to pay for it "
    "again"
)
_GONE = f"tell the user that {_LOST}"
# The host may refuse this machine only: a clip that is there must not be paid for twice.
_LINK = f"let the user try the link from {GET} in a browser; if it does not open there either, {_LOST}"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """A video on disk. `reused`: it had been saved before."""

    path: Path
    bytes: int
    sha256: str
    movie: Movie
    task_type: str | None = None
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Underway:
    """A download that goes on. `total` is None until the host has said."""

    task_id: str
    done: int
    total: int | None


MeterReport = Callable[[Underway], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be fetched, under which name, and the earlier copy that is gone."""

    task_id: str
    task_type: str | None
    link: str
    stem: str
    old: Copy | None


@dataclass(frozen=True, slots=True)
class _Job:
    job: BackgroundJob[Saved]
    meter: Meter = field(default_factory=Meter)


class Saving:
    """Saves the videos of one account into the output folder."""

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
        self._limits = limits
        self._jobs: dict[str, _Job] = {}
        self._arrivals = Arrivals(clock)

    async def save(self, task_id: str, name: str | None, within: float, report: MeterReport) -> Saved | Underway:
        """The video on disk, or how far it is after `within` seconds; then the download goes on.

        Raises NotFinished, DownloadFailed, InvalidArguments and the errors of a get.
        """
        deadline = anyio.current_time() + within
        lookup = await self._look_up(task_id)
        job = self._jobs.get(task_id)
        if job is None:
            known = lookup.known if lookup else await self._account.known(task_id)
            copy = await self._account.copy_of(task_id)
            if copy and (saved := await self._found(copy, known.task_type)):
                return saved
            chosen = safe_stem(name) if name else ""
            check_spelling(self._settings.output_folder, chosen)
            view = await self._reading.look(task_id)
            link, stem = _link(view), chosen or self._usual(view, known)
            wish = _Wish(task_id, view.row.name if view.row else None, link, stem, copy)
            # No waiting between this look and the entry: callers that come together share one job.
            job = self._jobs.get(task_id) or self._start(wish)
        with anyio.move_on_after(deadline - anyio.current_time()):
            return await self._wait_for(task_id, job, report)
        return Underway(task_id, job.meter.done, job.meter.total)

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

    def _start(self, wish: _Wish) -> _Job:
        meter = Meter()

        async def work() -> Saved:
            saved = await self._download(wish, meter)
            self._jobs.pop(wish.task_id, None)
            self._reading.forget(wish.task_id)
            return saved

        job = self._jobs[wish.task_id] = _Job(self._background.send(work, DownloadFailed), meter)
        return job

    async def _download(self, wish: _Wish, meter: Meter) -> Saved:
        folder = self._settings.output_folder
        try:
            arrived = self._arrivals.of(wish.task_id) or await self._arrival(wish, meter, folder)
            path = await self._arrivals.named(wish.task_id, arrived)
        except OSError as error:
            raise disk_error(error, folder) from error
        part = arrived.part
        return await self._noted(wish, Saved(path, part.size, part.sha256, arrived.movie, wish.task_type))

    async def _arrival(self, wish: _Wish, meter: Meter, folder: Path) -> Arrived:
        """The whole video in a part file. Raises OSError and DownloadFailed."""
        await anyio.to_thread.run_sync(check_name, folder, wish.stem, SUFFIX)
        await anyio.to_thread.run_sync(sweep, folder)
        part = await anyio.to_thread.run_sync(Part, folder)
        try:
            fetching = Download(await self._network(), part, meter, self._clock, self._limits)
            return Arrived(part, await self._fetch(wish, fetching), wish.stem)
        except BaseException:
            part.discard()
            raise

    def discard(self) -> None:
        """Remove the videos that have arrived, but could not get their names."""
        self._arrivals.discard()

    async def _fetch(self, wish: _Wish, fetching: Download) -> Movie:
        """The video from its link, or from the link that the task has now. Raises DownloadFailed."""
        try:
            return await fetching.run(wish.link)
        except RefusedError as error:
            refusal = error
        log.info("no video comes from its link; asking for the task again: %s", refusal)
        link = await self._fresh(wish.task_id, refusal)
        if link is not None and (refusal.lasting or link != wish.link):
            try:
                return await fetching.run(link)
            except RefusedError as error:
                refusal = error
        if not refusal.lasting:
            raise DownloadFailed(str(refusal)) from refusal
        # From now on a get does not send the agent back here, as long as the task has no other link.
        self._reading.distrust(wish.task_id, link or wish.link)
        what = f"{refusal}, and the provider has no other link"
        raise DownloadFailed(what, advice=refusal.advice or _LINK) from refusal

    async def _fresh(self, task_id: str, refusal: RefusedError) -> str | None:
        """The link that the task has now, None if it has none. Raises DownloadFailed if that cannot be found out."""
        try:
            return _link(await self._reading.read_now(task_id))
        except (NotFinished, TaskNotFound, DownloadFailed):
            return None
        except ProviderError as error:
            if not refusal.lasting:
                return None
            what = f"{refusal}, and a fresh link could not be asked for ({error.what})"
            raise DownloadFailed(what, advice=error.next) from error

    async def _network(self) -> Network:
        upstream = self._account.upstream
        return Network(upstream.loopback, await upstream.locate(), upstream.transport)

    async def _noted(self, wish: _Wish, saved: Saved) -> Saved:
        copy = Copy(str(saved.path), saved.bytes, saved.sha256)
        standing = await self._account.keep_copy(wish.task_id, copy, wish.old)
        if standing != copy:
            if found := await self._found(standing, wish.task_type):
                await anyio.to_thread.run_sync(_remove, saved.path)  # another process was quicker
                return found
            await self._account.keep_copy(wish.task_id, copy, standing)  # the one that stands is gone
        return saved

    async def _found(self, copy: Copy, task_type: str | None) -> Saved | None:
        """The saved video, if it is still there as it was. Raises DownloadFailed if it cannot be read."""
        path = Path(copy.path)
        try:
            movie = await once_free(self._clock, lambda: _movie_at(path, copy.bytes))
        except OSError as error:
            advice = "ask the user to close the program that holds it; to have it fetched again, delete that file"
            raise DownloadFailed(f"the saved video {path} cannot be read ({error.strerror})", advice=advice) from error
        return Saved(path, copy.bytes, copy.sha256, movie, task_type, reused=True) if movie else None

    def _usual(self, view: TaskView, known: KnownTask) -> str:
        task = view.task
        arguments = known.order.arguments if known.order else task.input
        kind = view.row.name if view.row else "wanx"
        return usual_stem(task.created_at or self._clock.now(), kind, str(arguments.get("prompt", "")), task.task_id)


def _link(view: TaskView) -> str:
    task = view.task
    if task.video_url is not None:
        return task.video_url
    match task.status:
        case Status.FAILED | Status.CANCELLED:
            advice = f"there is no video to save; order again with {CREATE} if it is still wanted"
            raise NotFinished(f"the task is {task.status}, so there will be no video", advice=advice)
        case _ if view.forgotten or view.gone:
            raise DownloadFailed(
                "the provider no longer knows this task, and no link to its video is left", advice=_GONE
            )
        case Status.COMPLETED:
            raise NotFinished("the task is completed, but its video link is not there yet")
        case _:
            raise NotFinished(f"the task is still {task.status}")


def _movie_at(path: Path, size: int) -> Movie | None:
    """The video at `path`, None if none of that size is there. Raises OSError if another program holds it."""
    try:
        return read_movie(path) if path.stat().st_size == size else None
    except (BrokenError, UnicodeError):  # a path that was noted in another locale cannot be spelt in this one
        return None
    except OSError as error:
        if is_held(error):
            raise
        return None


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        log.warning("a second copy could not be removed: %s", error.strerror)
