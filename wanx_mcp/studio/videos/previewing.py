"""A contact sheet of a finished video: saved first, then decoded by a process of its own, drawn in a worker."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.limits.videos import DECODER_START_SECONDS
from wanx_mcp.media import sheet
from wanx_mcp.media.frames import Clip, require_video, watch
from wanx_mcp.media.publishing import keep
from wanx_mcp.media.stills import SHOWN_MIME, Still, shown, take
from wanx_mcp.media.stills import SUFFIX as STILL_SUFFIX
from wanx_mcp.studio.videos.saving import MeterReport
from wanx_mcp.studio.videos.sources import Sources

DECODE_SECONDS = 12.0
LEAST_SECONDS = 2.0
SAVE_SHARE = 0.7
"""The share of the longest wait that the download may take; the rest is for the decoding and its start."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preview:
    """A contact sheet. `sheet_path` is None where it could not be kept, `sound` where the file does not say."""

    task_id: str
    task_type: str | None
    clip: Clip
    sheet: bytes
    mime: str
    sheet_path: Path | None
    video_path: Path
    sound: bool | None = None
    is_film: bool = False


@dataclass(frozen=True, slots=True)
class StillPreview:
    """One frame, and the picture of it that is shown. `path` is the lossless file, None where it could not be kept."""

    task_id: str
    still: Still
    image: bytes
    mime: str
    path: Path | None
    video_path: Path


async def preview(sources: Sources, task_id: str, frames: int, within: float, report: MeterReport) -> Preview:
    """The sheet with so many frames. Raises ExtraMissing, PreviewFailed, NotFinished and the errors of a save."""
    require_video()
    until = anyio.current_time() + within
    saved = await sources.find(task_id, within * SAVE_SHARE, report)
    patience = min(DECODE_SECONDS, max(LEAST_SECONDS, until - anyio.current_time() - DECODER_START_SECONDS))
    clip = await watch(saved.path, frames, patience)
    drawn = await anyio.to_thread.run_sync(
        sheet.draw, clip, saved.task_type or ("Film" if saved.is_film else "WanX video")
    )
    path = await kept_beside(sources.clock, saved.path, "sheet", sheet.SUFFIX, drawn)
    return Preview(
        task_id, saved.task_type, clip, drawn, sheet.MIME, path, saved.path, saved.sound, is_film=saved.is_film
    )


async def still(sources: Sources, task_id: str, moment: str, within: float, report: MeterReport) -> StillPreview:
    """One clean frame, kept as a lossless file beside the video.

    Raises InvalidArguments for a moment behind the end, and the errors of a preview.
    """
    require_video()
    until = anyio.current_time() + within
    saved = await sources.find(task_id, within * SAVE_SHARE, report)
    found = await take(saved.path, moment, max(LEAST_SECONDS, until - anyio.current_time() - DECODER_START_SECONDS))
    picture = await anyio.to_thread.run_sync(shown, found)
    path = await kept_beside(sources.clock, saved.path, f"frame-{found.number:04}", STILL_SUFFIX, found.content)
    return StillPreview(task_id, found, picture, SHOWN_MIME, path, saved.path)


async def kept_beside(clock: Clock, video: Path, what: str, suffix: str, content: bytes) -> Path | None:
    """Where a picture of that video was kept, None if it could not be."""
    try:
        return await keep(clock, video.parent, f"{video.stem}-{what}", suffix, content)
    except OSError as error:
        log.warning("a picture of a video could not be kept: %s", error.strerror)
        return None
