"""Save, preview, compare, join: what the tools do with finished videos."""

from __future__ import annotations

from collections.abc import Sequence

from wanx_mcp.clock import Clock
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background
from wanx_mcp.studio.tasks.reading import TaskView
from wanx_mcp.studio.videos.card_extras import CardExtras, CardExtrasSource
from wanx_mcp.studio.videos.clips import Clips
from wanx_mcp.studio.videos.comparing import Comparing, Comparison
from wanx_mcp.studio.videos.fetching import Saved
from wanx_mcp.studio.videos.joining import JoinedFilm, Joining, JoinReport, JoinUnderway
from wanx_mcp.studio.videos.previewing import Preview, StillPreview, preview, still
from wanx_mcp.studio.videos.saving import MeterReport, Saving, Underway
from wanx_mcp.studio.videos.sources import Sources


class Videos:
    """The use cases of one account's videos. Raises only WanxError."""

    def __init__(
        self, settings: Settings, clock: Clock, account: Account, background: Background, saving: Saving
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._saving = saving
        self.wait_for_file = saving.wait_for_file
        self.discard_parts = saving.discard
        clips = Clips(saving, background)
        self.frame = clips.frame
        self._joining = Joining(settings, clock, account, background, clips)
        self._sources = Sources(clock, saving, self._joining)
        self._comparing = Comparing(account, self._sources)
        self._card_extras = CardExtrasSource(account)

    async def with_file(self, view: TaskView, seconds: float) -> TaskView:
        """The view after at most `seconds` of waiting for the file of a video that is about to be saved by itself."""
        return await self.wait_for_file(view, self._clock.seconds() + seconds)

    async def save(self, task_id: str, *, name: str | None, report: MeterReport) -> Saved | Underway:
        """The finished video on disk, or how far its download is when the longest wait is over.

        Raises NotFinished, DownloadFailed, InvalidArguments and the errors of a get.
        """
        return await self._saving.save(task_id, name, self.settings.max_wait_seconds, report)

    async def preview(self, task_id: str, *, frames: int, report: MeterReport) -> Preview:
        """A contact sheet of the finished video or film; the video is saved if it is not yet.

        Raises ExtraMissing, PreviewFailed and the errors of a save.
        """
        return await preview(self._sources, task_id, frames, self.settings.max_wait_seconds, report)

    async def still(self, task_id: str, *, moment: str, report: MeterReport) -> StillPreview:
        """One clean frame of the finished video or film. Raises InvalidArguments and the errors of a preview."""
        return await still(self._sources, task_id, moment, self.settings.max_wait_seconds, report)

    async def compare(self, ids: Sequence[str], *, frames: int, report: MeterReport) -> Comparison:
        """One sheet of several videos. Raises the errors of a preview."""
        return await self._comparing.compare(ids, frames, self.settings.max_wait_seconds, report)

    async def join(self, task_ids: Sequence[str], *, name: str | None, report: JoinReport) -> JoinedFilm | JoinUnderway:
        """The film of those tasks on disk, or how far it is when the longest wait is over.

        Raises JoinFailed, ExtraMissing, InvalidArguments and the errors of a save.
        """
        return await self._joining.join(task_ids, name, self.settings.max_wait_seconds, report)

    async def card_extras(self, task_id: str) -> CardExtras:
        """What a person likes to see beside the task; never a reason to fail."""
        return await self._card_extras.of(task_id)
