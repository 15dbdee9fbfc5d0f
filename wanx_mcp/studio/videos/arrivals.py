"""Videos that have arrived whole and wait for their names, which another program can delay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from wanx_mcp.errors import DownloadFailed
from wanx_mcp.media.movie import Movie
from wanx_mcp.media.publishing import is_held
from wanx_mcp.media.shelf import Part

_HELD = (
    "the video has arrived, but another program, for instance a virus scanner or a backup, holds its file in {} and "
    "does not let it be renamed"
)
_ADVICE = (
    "make the same call again in a minute: the video is kept and is not fetched again; if that does not help, ask the "
    "user to exclude that folder from the scanner, or to check that it is writable"
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A whole video that has no name yet."""

    part: Part
    movie: Movie


class Arrivals:
    """Those whose file was held when it was to get its name, by task; kept until it gets it or the process ends."""

    def __init__(self) -> None:
        self._waiting: dict[str, Arrived] = {}

    def of(self, task_id: str, folder: Path) -> Arrived | None:
        """The video of that task that waits for its name in that folder."""
        arrived = self._waiting.get(task_id)
        return arrived if arrived is not None and arrived.part.folder == folder else None

    async def named(self, task_id: str, arrived: Arrived, put: Callable[[], Awaitable[Path]]) -> Path:
        """Where the video is once `put` has given it its name. Raises the errors of `put`, and DownloadFailed if
        another program goes on holding the file: then the video is kept for the next call."""
        earlier = self._waiting.pop(task_id, arrived)
        if earlier is not arrived:  # it was to go into another folder
            earlier.part.discard()
        try:
            return await put()
        except OSError as error:
            if not is_held(error):
                raise
            arrived.part.keep_open()
            self._waiting[task_id] = arrived
            raise DownloadFailed(_HELD.format(arrived.part.folder), advice=_ADVICE) from error
        finally:
            if task_id not in self._waiting:
                arrived.part.discard()

    def discard(self) -> None:
        """Remove the files that still wait."""
        while self._waiting:
            self._waiting.popitem()[1].part.discard()
