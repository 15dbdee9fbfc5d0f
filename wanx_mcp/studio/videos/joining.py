"""Joining finished videos into one film on disk: one background job for each list, which all callers share."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import InvalidArguments, JoinFailed, LedgerUnusable, NotFinished, TaskNotFound, WanxError
from wanx_mcp.ledger import FilmNote
from wanx_mcp.limits.videos import JOIN_SECONDS
from wanx_mcp.media.frames import require_video
from wanx_mcp.media.joining import ClipUnfitError, Film, FilmMeter, join
from wanx_mcp.media.naming import SUFFIX, check_spelling, safe_stem
from wanx_mcp.media.publishing import publish
from wanx_mcp.media.shelf import Part, check_name, find_same, is_unchanged, sweep
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background, BackgroundJob
from wanx_mcp.studio.videos.clips import Clips
from wanx_mcp.studio.videos.cuts import Plan, plan
from wanx_mcp.studio.videos.disk_errors import disk_error
from wanx_mcp.studio.videos.fetching import Saved
from wanx_mcp.studio.videos.saving import REPORT_SECONDS, Underway, no_report
from wanx_mcp.toolnames import LIST

FILM = "film-"
"""How the id of a film begins."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JoinedFilm:
    """A film on disk: seconds, pixels. `reused`: it had been made before. `notes` say what was cut and fitted."""

    film_id: str
    path: Path
    bytes: int
    sha256: str
    clips: int
    seconds: float
    width: int
    height: int
    has_sound: bool
    notes: tuple[str, ...] = ()
    reused: bool = False


@dataclass(slots=True)
class JoinMeter:
    """How far a film is: clips on disk of all clips, and frames that are done."""

    clips: int
    at_hand: int = 0
    frames: FilmMeter = field(default_factory=FilmMeter)


@dataclass(frozen=True, slots=True)
class JoinUnderway:
    """A film that is still being made."""

    clips: int
    at_hand: int
    frames: int


JoinReport = Callable[[JoinUnderway], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Job:
    job: BackgroundJob[JoinedFilm]
    meter: JoinMeter

    @property
    def news(self) -> JoinUnderway:
        return JoinUnderway(self.meter.clips, self.meter.at_hand, self.meter.frames.done)


class Joining:
    """Joins the videos of one account."""

    def __init__(
        self, settings: Settings, clock: Clock, account: Account, background: Background, clips: Clips
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._account = account
        self._background = background
        self._clips = clips
        self._jobs: dict[tuple[str, ...], _Job] = {}

    async def join(
        self, task_ids: Sequence[str], name: str | None, within: float, report: JoinReport
    ) -> JoinedFilm | JoinUnderway:
        """The film of those tasks, or how far it is after `within` seconds; then the work goes on.

        Raises JoinFailed, ExtraMissing, InvalidArguments and the errors of a save, with the clip that is the reason.
        """
        require_video()
        key = tuple(task_ids)
        job = self._jobs.get(key)
        if job is None:
            stem = safe_stem(name) if name else ""
            check_spelling(self._settings.output_folder, stem)
            meter = JoinMeter(len(key))
            job = self._jobs[key] = _Job(self._background.send(lambda: self._made(key, stem, meter), JoinFailed), meter)
        with anyio.move_on_after(within):
            while not job.job.done.is_set():
                await report(job.news)
                with anyio.move_on_after(REPORT_SECONDS):
                    await job.job.done.wait()
            if self._jobs.get(key) is job:  # a failure is reported once; then the work starts again
                del self._jobs[key]
            return await job.job.outcome()
        return job.news

    async def film(self, film_id: str) -> FilmNote:
        """The film of that id. Raises TaskNotFound and DownloadFailed."""
        note = await self._account.film(film_id)
        if note is None:
            raise TaskNotFound("no film of that id was joined here")
        if not await anyio.to_thread.run_sync(is_unchanged, Path(note.path), note.bytes, note.sha256):
            ids = ", ".join(note.task_ids)
            raise JoinFailed(f"the file {note.path} is gone or was changed", advice=f"join these tasks again: {ids}")
        return note

    async def _made(self, task_ids: tuple[str, ...], stem: str, meter: JoinMeter) -> JoinedFilm:
        saved = []
        for number, task_id in enumerate(task_ids):
            saved.append(await self._brought(number, task_id))
            meter.at_hand = number + 1
        planned = plan(task_ids, saved, await self._account.origins(task_ids))
        film_id = f"{FILM}{planned.recipe[:16]}"
        if known := await self._known(film_id, planned):
            return known
        stem = stem or f"{self._clock.now():%Y-%m-%d}_film_{len(task_ids)}-shots_{planned.recipe[:8]}"
        film, path, size, sha256 = await self._joined(task_ids, planned, stem, meter)
        notes = (*planned.notes, *_fitted(task_ids, film))
        made = JoinedFilm(
            *(film_id, path, size, sha256, len(task_ids), film.seconds, film.width, film.height, film.has_sound), notes
        )
        await self._note(made, planned, task_ids)
        return made

    async def _brought(self, number: int, task_id: str) -> Saved:
        """The clip of that task on disk. Raises the errors of a save, which name it."""
        what = f"clip {number + 1} (task {task_id}) cannot be joined, so no file was written"
        try:
            found = await self._clips.bring(task_id, JOIN_SECONDS, no_report)
        except WanxError as error:
            raise type(error)(f"{what}: {error.what}", advice=error.next, charged=error.charged) from error
        if isinstance(found, Underway):
            raise NotFinished(f"{what}: it is still being fetched")
        return found

    async def _known(self, film_id: str, planned: Plan) -> JoinedFilm | None:
        """The same film, if it was made before and is still there."""
        note = await self._account.film(film_id)
        if note is None or note.recipe != planned.recipe:
            return None
        if not await anyio.to_thread.run_sync(is_unchanged, Path(note.path), note.bytes, note.sha256):
            return None
        facts = json.loads(note.facts)
        facts["notes"] = tuple(facts["notes"])
        return JoinedFilm(film_id, Path(note.path), note.bytes, note.sha256, **facts, reused=True)

    async def _joined(
        self, task_ids: Sequence[str], planned: Plan, stem: str, meter: JoinMeter
    ) -> tuple[Film, Path, int, str]:
        """The film under a name of its own; nothing is left behind where it fails."""
        folder = self._settings.output_folder
        part: Part | None = None
        try:
            await anyio.to_thread.run_sync(check_name, folder, stem, SUFFIX)
            await anyio.to_thread.run_sync(sweep, folder)
            part = await anyio.to_thread.run_sync(Part, folder)
            film = await join(planned.cuts, part, meter.frames)
            size, sha256 = part.size, part.sha256
            # A server that was killed before it could note its film has left the same file.
            path = await anyio.to_thread.run_sync(find_same, folder, stem, SUFFIX, size, sha256)
            if path is None:
                path = await publish(self._clock, part, stem, SUFFIX)
        except ClipUnfitError as error:
            what = f"clip {error.clip + 1} (task {task_ids[error.clip]}) cannot be joined, so no file was written"
            raise JoinFailed(
                f"{what}: {error.what}", advice=f"leave it out, or order it again; {LIST} shows it"
            ) from error
        except OSError as error:
            raise _disk_error(error, folder) from error
        finally:
            if part is not None:
                part.discard()
        return film, path, size, sha256

    async def _note(self, made: JoinedFilm, planned: Plan, task_ids: tuple[str, ...]) -> None:
        facts = {name: value for name, value in asdict(made).items() if name in _FACTS}
        note = FilmNote(
            made.film_id, planned.recipe, str(made.path), made.bytes, made.sha256, task_ids, json.dumps(facts)
        )
        try:
            await self._account.keep_film(note)
        except LedgerUnusable as error:  # the film is there all the same
            log.warning("a film could not be noted: %s", error.what)


_FACTS = ("clips", "seconds", "width", "height", "has_sound", "notes")


def _fitted(task_ids: Sequence[str], film: Film) -> tuple[str, ...]:
    """What is said of clips of another size."""
    others = [task_id for task_id, clip in zip(task_ids, film.clips, strict=True) if clip.resized]
    if not others:
        return ()
    listed = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    return (f"fitted into the first clip's {film.width}x{film.height}: task {listed}",)


def _disk_error(error: OSError, folder: Path) -> WanxError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return JoinFailed(f"the disk of {folder} is full", advice="ask the user to free disk space; then call again")
    if error.errno == errno.ENAMETOOLONG:
        return InvalidArguments("file_name is too long for the folder", advice="set file_name to a short name")
    found = disk_error(error, folder)
    return JoinFailed(found.what, advice=found.next)
