"""Finished clips on disk, exactly as they were saved, and single frames of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.errors import DownloadFailed, NotFinished, PreviewFailed
from wanx_mcp.media.shelf import is_unchanged
from wanx_mcp.media.stills import Still, take
from wanx_mcp.studio.background import Background, BackgroundJob
from wanx_mcp.studio.videos.fetching import Saved
from wanx_mcp.studio.videos.saving import MeterReport, Saving, Underway, no_report

CLIP_SECONDS = 30.0
"""For one frame, in the background: a call waits only as long as it may."""

MOST_REMEMBERED = 8
_AGAIN = "make the same call again in a few seconds; nothing was sent"


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """A frame of a task's clip, the digest of the clip's file, and where the clip is."""

    still: Still
    clip: str
    path: Path

    @property
    def content(self) -> bytes:
        return self.still.content

    @property
    def number(self) -> int:
        return self.still.number

    @property
    def frames(self) -> int:
        return self.still.frames

    @property
    def seconds(self) -> float:
        return self.still.seconds

    @property
    def skipped(self) -> int:
        return self.still.skipped


class Clips:
    """The clips of one account."""

    def __init__(self, saving: Saving, background: Background) -> None:
        self._saving = saving
        self._background = background
        self._frames: dict[tuple[str, str], BackgroundJob[ClipFrame]] = {}

    async def bring(self, task_id: str, within: float, report: MeterReport) -> Saved | Underway:
        """The clip on disk, unchanged since it was saved, or how far it is after `within` seconds.

        Raises the errors of a save, and DownloadFailed for a file that was changed.
        """
        saved = await self._saving.save(task_id, None, within, report)
        if isinstance(saved, Saved) and not await _is_as_saved(saved):
            advice = "move or rename that file and make the same call again: the clip is then fetched anew"
            raise DownloadFailed(f"the file {saved.path} was changed since the clip was saved", advice=advice)
        return saved

    async def frame(self, task_id: str, moment: str, within: float) -> ClipFrame:
        """The frame at `moment`; what is not done after `within` seconds goes on, and the next call finds it.

        Raises NotFinished, PreviewFailed, InvalidArguments and the errors of a save.
        """
        key = task_id, moment
        job = self._frames.get(key)
        if job is None or (job.done.is_set() and job.error is not None):
            job = self._background.send(lambda: self._taken(task_id, moment), PreviewFailed)
        self._frames.pop(key, None)
        self._frames[key] = job
        while len(self._frames) > MOST_REMEMBERED:
            del self._frames[next(iter(self._frames))]
        with anyio.move_on_after(within):
            try:
                return await job.outcome()
            finally:
                if job.error is not None:  # a later call tries again
                    self._frames.pop(key, None)
        raise NotFinished("the clip is still being fetched and looked through", advice=_AGAIN)

    async def _taken(self, task_id: str, moment: str) -> ClipFrame:
        saved = await self.bring(task_id, CLIP_SECONDS, no_report)
        if isinstance(saved, Underway):
            raise NotFinished(f"the clip is still being fetched ({saved.done} bytes so far)", advice=_AGAIN)
        return ClipFrame(await take(saved.path, moment, CLIP_SECONDS), saved.sha256, saved.path)


async def _is_as_saved(saved: Saved) -> bool:
    return await anyio.to_thread.run_sync(is_unchanged, saved.path, saved.bytes, saved.sha256)
