"""Fetching one finished video into its folder: from its link, or from the link that its task has by then."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import DownloadFailed, LedgerUnusable, NotFinished, ProviderError, TaskNotFound
from wanx_mcp.ledger import Copy
from wanx_mcp.media.download import Download, Limits, Meter
from wanx_mcp.media.movie import BrokenError, Movie, read_movie
from wanx_mcp.media.naming import SUFFIX
from wanx_mcp.media.network import Network
from wanx_mcp.media.publishing import is_held, once_free
from wanx_mcp.media.refusals import RefusedError
from wanx_mcp.media.shelf import Part, check_name, sweep
from wanx_mcp.provider import Status
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.tasks.reading import TaskReading, TaskView
from wanx_mcp.studio.videos.arrivals import Arrivals, Arrived
from wanx_mcp.studio.videos.disk_errors import disk_error
from wanx_mcp.studio.videos.landing import land
from wanx_mcp.toolnames import CREATE, GET

_LOST = (
    "the clip is gone: the provider keeps videos for about a day; order again only if the user wants to pay for it "
    "again"
)
_GONE = f"tell the user that {_LOST}"
# The host may refuse this machine only: a clip that is there must not be paid for twice.
_LINK = f"let the user try the link from {GET} in a browser; if it does not open there either, {_LOST}"
log = logging.getLogger(__name__)


class LinkGoneError(DownloadFailed):
    """The media host does not serve the link any more, and the provider has no other."""


class TakenOverError(DownloadFailed):
    """Another process saves this video now."""

    advice = "make the same call again in a few seconds"


@dataclass(frozen=True, slots=True)
class Saved:
    """A video on disk. `reused`: it had been saved before. `renamed`: it has got its name just now."""

    path: Path
    bytes: int
    sha256: str
    movie: Movie
    task_type: str | None = None
    reused: bool = False
    renamed: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be fetched, into which folder and under which name; the number of its order, if that was made here;
    the earlier copy that is gone. `automatic`: nobody asked for it."""

    task_id: str
    task_type: str | None
    link: str
    folder: Path
    stem: str
    order: int | None = None
    old: Copy | None = None
    automatic: bool = False


class Fetching:
    """Fetches the videos of one account."""

    def __init__(self, clock: Clock, account: Account, reading: TaskReading, limits: Limits) -> None:
        self._clock = clock
        self._account = account
        self._reading = reading
        self._limits = limits
        self._arrivals = Arrivals()

    def discard(self) -> None:
        """Remove the videos that have arrived, but could not get their names."""
        self._arrivals.discard()

    async def fetch(self, wish: Wish, meter: Meter) -> Saved:
        """The video on disk, noted in the ledger. Raises DownloadFailed and its kinds."""
        try:
            arrived = self._arrivals.of(wish.task_id, wish.folder) or await self._arrival(wish, meter)
            path = await self._arrivals.named(wish.task_id, arrived, lambda: self._landed(wish, arrived.part))
        except OSError as error:
            raise disk_error(error, wish.folder) from error
        part = arrived.part
        return await self._noted(wish, Saved(path, part.size, part.sha256, arrived.movie, wish.task_type))

    async def _arrival(self, wish: Wish, meter: Meter) -> Arrived:
        """The whole video in a part file. Raises OSError and DownloadFailed."""
        video = hashlib.sha256(wish.task_id.encode()).hexdigest()[:12]
        await anyio.to_thread.run_sync(check_name, wish.folder, wish.stem, SUFFIX)
        await anyio.to_thread.run_sync(sweep, wish.folder, video)
        part = await anyio.to_thread.run_sync(Part, wish.folder, video)
        try:
            fetching = Download(await self._network(), part, meter, self._clock, self._limits)
            return Arrived(part, await self._filled(wish, fetching))
        except BaseException:
            part.discard()
            raise

    async def _landed(self, wish: Wish, part: Part) -> Path:
        """Put the whole file in its place, which is noted first. Raises OSError and TakenOverError."""

        async def note(path: Path) -> None:
            if wish.order is None:
                return
            landing = Copy(str(path), part.size, part.sha256, wish.automatic)
            try:
                mine = await self._account.land(wish.order, landing)
            except LedgerUnusable as error:  # saving works without the ledger
                log.warning("where a video is put could not be noted: %s", error.what)
                return
            if not mine:
                raise TakenOverError("another process of this server is saving this video")

        return await land(self._clock, part, wish.stem, note)

    async def _filled(self, wish: Wish, fetching: Download) -> Movie:
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
        raise LinkGoneError(what, advice=refusal.advice or _LINK) from refusal

    async def _fresh(self, task_id: str, refusal: RefusedError) -> str | None:
        """The link that the task has now, None if it has none. Raises DownloadFailed if that cannot be found out."""
        try:
            return link_of(await self._reading.read_now(task_id))
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

    async def _noted(self, wish: Wish, saved: Saved) -> Saved:
        copy = Copy(str(saved.path), saved.bytes, saved.sha256, wish.automatic)
        standing = await self._account.keep_copy(wish.task_id, copy, wish.old)
        if standing != copy:
            if found := await saved_before(self._clock, standing, wish.task_type):
                await anyio.to_thread.run_sync(_remove, saved.path)  # another process was quicker
                return found
            await self._account.keep_copy(wish.task_id, copy, standing)  # the one that stands is gone
        return saved


def link_of(view: TaskView) -> str:
    """The link to the task's video. Raises NotFinished where there is none yet or never, and DownloadFailed where it is
    lost."""
    task = view.task
    if task.video_url is not None:
        return task.video_url
    match task.status:
        case Status.FAILED | Status.CANCELLED:
            advice = f"there is no video to save; order again with {CREATE} if it is still wanted"
            raise NotFinished(f"the task is {task.status}, so there will be no video", advice=advice)
        case _ if view.forgotten or view.gone:
            raise LinkGoneError(
                "the provider no longer knows this task, and no link to its video is left", advice=_GONE
            )
        case Status.COMPLETED:
            raise NotFinished("the task is completed, but its video link is not there yet")
        case _:
            raise NotFinished(f"the task is still {task.status}")


async def saved_before(clock: Clock, copy: Copy, task_type: str | None) -> Saved | None:
    """The saved video, if it is still there as it was. Raises DownloadFailed if it cannot be read."""
    path = Path(copy.path)
    try:
        movie = await once_free(clock, lambda: _movie_at(path, copy.bytes))
    except OSError as error:
        advice = "ask the user to close the program that holds it; to have it fetched again, delete that file"
        raise DownloadFailed(f"the saved video {path} cannot be read ({error.strerror})", advice=advice) from error
    return Saved(path, copy.bytes, copy.sha256, movie, task_type, reused=True) if movie else None


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
