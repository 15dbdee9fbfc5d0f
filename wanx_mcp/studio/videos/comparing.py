"""Several clips on one sheet, at the same moments, with the seams between consecutive shots of a chain."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.errors import NotFinished
from wanx_mcp.limits.videos import DECODER_START_SECONDS
from wanx_mcp.media import rows, sheet
from wanx_mcp.media.frames import Frame, require_video, watch
from wanx_mcp.media.rows import Row
from wanx_mcp.media.stills import FIRST, Still, take
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.videos.previewing import DECODE_SECONDS, LEAST_SECONDS, SAVE_SHARE, kept_beside
from wanx_mcp.studio.videos.saving import MeterReport
from wanx_mcp.studio.videos.sources import Source, Sources
from wanx_mcp.toolnames import PREVIEW


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sheet of several videos: their rows, the moments, and the seams as (before, after)."""

    sources: tuple[Source, ...]
    moments: tuple[float, ...]
    seams: tuple[tuple[str, str], ...]
    sheet: bytes
    mime: str
    sheet_path: Path | None


class Comparing:
    """Compares videos of one account."""

    def __init__(self, account: Account, sources: Sources) -> None:
        self._account = account
        self._sources = sources

    async def compare(self, ids: Sequence[str], frames: int, within: float, report: MeterReport) -> Comparison:
        """The sheet with a row of so many frames for each id. Raises NotFinished and the errors of a preview."""
        require_video()
        until = anyio.current_time() + within
        found = [
            await self._sources.find(one, max(0.0, until - anyio.current_time()) * SAVE_SHARE, report) for one in ids
        ]
        shortest = min((source.seconds for source in found if source.seconds), default=None)
        shown, moments = [], None if shortest is None else _moments(shortest, frames)
        for source in found:
            clip = await watch(source.path, frames, self._patience(until), moments=moments)
            shown.append(Row(_title(source), clip.frames))
            moments = moments or tuple(frame.seconds for frame in clip.frames)
        seams = [pair for pair in pairwise(found) if await self._number(*pair) is not None]
        shown += [await self._seam(before, after, until) for before, after in seams]
        drawn = await anyio.to_thread.run_sync(rows.draw, shown)
        path = await kept_beside(self._sources.clock, found[0].path, "compared", sheet.SUFFIX, drawn)
        pairs = tuple((before.video_id, after.video_id) for before, after in seams)
        return Comparison(tuple(found), tuple(moments or ()), pairs, drawn, sheet.MIME, path)

    def _patience(self, until: float) -> float:
        """How long one decoder may work. Raises NotFinished when the call's time is over."""
        left = until - anyio.current_time()
        if left <= 0:
            advice = f"call {PREVIEW} again; what was fetched is on disk"
            raise NotFinished("the videos could not all be shown within one call", advice=advice)
        return min(DECODE_SECONDS, max(LEAST_SECONDS, left - DECODER_START_SECONDS))

    async def _number(self, before: Source, after: Source) -> int | None:
        """The number of the frame of one video with which the other begins, None if it does not."""
        (origins,) = await self._account.origins([after.video_id])
        return next((one.frame for one in origins if one.is_start and one.task_id == before.video_id), None)

    async def _seam(self, before: Source, after: Source, until: float) -> Row:
        number = await self._number(before, after)
        outgoing = await take(before.path, f"#{number}", self._patience(until))
        incoming = await take(after.path, FIRST, self._patience(until))
        frames = await anyio.to_thread.run_sync(lambda: tuple(map(_frame, (outgoing, incoming))))
        return Row(f"seam: end of {before.video_id}, begin of {after.video_id}", frames, seam=True)


def _moments(seconds: float, count: int) -> tuple[float, ...]:
    """So many moments of a video of that length, the first and about the last among them."""
    last = max(0.0, seconds - 0.1)
    return (last / 2,) if count == 1 else tuple(round(last * number / (count - 1), 3) for number in range(count))


def _title(source: Source) -> str:
    kind = "film" if source.is_film else source.task_type or "video"
    return f"{source.video_id}  {kind}"


def _frame(still: Still) -> Frame:
    from PIL import Image

    return Frame(still.seconds, Image.open(io.BytesIO(still.content)).convert("RGB"))
