"""What can be previewed: the clip of a task, saved first, or a film that was joined here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotFinished
from wanx_mcp.media.movie import read_movie
from wanx_mcp.studio.videos.joining import FILM, Joining
from wanx_mcp.studio.videos.saving import MeterReport, Saving, Underway
from wanx_mcp.toolnames import PREVIEW


@dataclass(frozen=True, slots=True)
class Source:
    """A video on disk: its task type (None where that is unknown, or for a film), and its length in seconds and whether
    it has sound, as far as its index says."""

    video_id: str
    path: Path
    task_type: str | None
    seconds: float | None
    sound: bool | None
    is_film: bool = False


class Sources:
    """Finds videos by the ids of tasks and films."""

    def __init__(self, clock: Clock, saving: Saving, joining: Joining) -> None:
        self.clock = clock
        self._saving = saving
        self._joining = joining

    async def find(self, video_id: str, within: float, report: MeterReport) -> Source:
        """The video of that id on disk. Raises NotFinished and the errors of a save; TaskNotFound and JoinFailed for a
        film."""
        if video_id.startswith(FILM):
            note = await self._joining.film(video_id)
            path = Path(note.path)
            movie = read_movie(path)
            return Source(video_id, path, None, movie.seconds, movie.sound, is_film=True)
        saved = await self._saving.save(video_id, None, within, report)
        if isinstance(saved, Underway):
            advice = f"call {PREVIEW} again in a few seconds"
            raise NotFinished(f"the video is still being fetched ({saved.done} bytes so far)", advice=advice)
        return Source(video_id, saved.path, saved.task_type, saved.movie.seconds, saved.movie.sound)
