"""A contact sheet of a finished video: saved first, then decoded by a process of its own, drawn in a worker."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotFinished
from wanx_mcp.limits.videos import DECODER_START_SECONDS
from wanx_mcp.media import sheet
from wanx_mcp.media.frames import Clip, require_video, watch
from wanx_mcp.media.publishing import keep
from wanx_mcp.studio.videos.saving import MeterReport, Saving, Underway
from wanx_mcp.toolnames import PREVIEW

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


async def preview(
    saving: Saving, clock: Clock, task_id: str, frames: int, within: float, report: MeterReport
) -> Preview:
    """The sheet with so many frames. Raises ExtraMissing, PreviewFailed, NotFinished and the errors of a save."""
    require_video()
    until = anyio.current_time() + within
    saved = await saving.save(task_id, None, within * SAVE_SHARE, report)
    if isinstance(saved, Underway):
        advice = f"call {PREVIEW} again in a few seconds"
        raise NotFinished(f"the video is still being fetched ({saved.done} bytes so far)", advice=advice)
    patience = min(DECODE_SECONDS, max(LEAST_SECONDS, until - anyio.current_time() - DECODER_START_SECONDS))
    clip = await watch(saved.path, frames, patience)
    drawn = await anyio.to_thread.run_sync(sheet.draw, clip, saved.task_type or "WanX video")
    stem = f"{saved.path.stem}-sheet"
    try:
        path = await keep(clock, saved.path.parent, stem, sheet.SUFFIX, drawn)
    except OSError as error:
        log.warning("a contact sheet could not be kept: %s", error.strerror)
        path = None
    return Preview(task_id, saved.task_type, clip, drawn, sheet.MIME, path, saved.path, saved.movie.sound)
