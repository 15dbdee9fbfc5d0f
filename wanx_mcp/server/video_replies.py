"""The replies to save_wanx_video and preview_wanx_video."""

from __future__ import annotations

import json

from wanx_mcp.quoting import one
from wanx_mcp.server.replies import ImageReply, Reply
from wanx_mcp.server.results import SaveResult
from wanx_mcp.studio import Comparison, Preview, Saved, StillPreview, Underway
from wanx_mcp.toolnames import PREVIEW, SAVE


def saved(found: Saved | Underway) -> Reply:
    """The reply to a save: the file, or the progress of a download that is still running."""
    if isinstance(found, Underway):
        whole = f" of {size_words(found.total)}" if found.total else ""
        so_far = f"{size_words(found.done)}{whole} so far"
        step = f"call {SAVE} with task_id {json.dumps(found.task_id)} again in a few seconds ({so_far})"
        return f"The download of task {found.task_id} is still running. Next: {step}.", SaveResult(next_step=step)
    movie = found.movie
    step = f"tell the user where the video is; to see it yourself, call {PREVIEW}"
    result = SaveResult(
        path=str(found.path),
        bytes=found.bytes,
        sha256=found.sha256,
        duration_seconds=movie.seconds,
        width=movie.width,
        height=movie.height,
        has_sound=movie.sound,
        next_step=step,
    )
    facts = [size_words(found.bytes)]
    facts += [f"{movie.width}x{movie.height}"] if movie.width else []
    facts += [f"{movie.seconds:.2f} s"] if movie.seconds else []
    facts += [_sound(movie.sound)] if movie.sound is not None else []
    did = "Already saved, nothing was downloaded or renamed" if found.reused else "Saved"
    did = "Already saved, renamed now" if found.renamed else did
    return f"{did}: {found.path} ({', '.join(facts)}, sha256 {found.sha256}). Next: {step}.", result


def previewed(found: Preview) -> ImageReply:
    """The reply to a preview."""
    clip = found.clip
    codes = ", ".join(f"{frame.seconds:.2f}" for frame in clip.frames)
    kind = f"{found.task_type} clip" if found.task_type else "film" if found.is_film else "clip"
    whose = "film" if found.is_film else "task"
    kept = f"Sheet: {found.sheet_path} ." if found.sheet_path else "The sheet itself could not be saved."
    sound = f", {_sound(found.sound)}" if found.sound is not None else ""
    see_it = ": open the sheet's file, if you have a tool that shows pictures" if found.sheet_path else ""
    text = (
        f"Contact sheet of {whose} {found.task_id}: {len(clip.frames)} frames of {one(kind)} of {clip.seconds:.2f} s, "
        f"{clip.width}x{clip.height}{sound}, in reading order at {codes} s. {kept} Video: {found.video_path} . If you "
        f"cannot see the picture, do not describe it{see_it}. Next: compare the frames with what was ordered and tell "
        "the user, with the path of the video."
    )
    return ImageReply(text, found.sheet, found.mime)


def still_shown(found: StillPreview) -> ImageReply:
    """The reply to a preview of one frame."""
    still = found.still
    skipped = f"; the {still.skipped} frames behind it are black, white or faded" if still.skipped else ""
    kept = f"Lossless picture: {found.path} ." if found.path else "The picture could not be saved."
    text = (
        f"Frame {still.number + 1} of {still.frames} of {found.task_id}, at {still.seconds:.2f} s, "
        f"{still.width}x{still.height}{skipped}. {kept} Video: {found.video_path} . If you cannot see the picture, do "
        "not describe it. Next: tell the user where the picture is, or use its path as image of an order."
    )
    return ImageReply(text, found.image, found.mime)


def compared(found: Comparison) -> ImageReply:
    """The reply to a preview of several videos."""
    rows = "; ".join(f"row {number}: {source.video_id}" for number, source in enumerate(found.sources, 1))
    codes = ", ".join(f"{moment:.2f}" for moment in found.moments)
    seams = "".join(
        f"; below: the last frame of {before} that is used, beside the first of {after}"
        for before, after in found.seams
    )
    kept = f"Sheet: {found.sheet_path} ." if found.sheet_path else "The sheet itself could not be saved."
    text = (
        f"{len(found.sources)} videos compared at {codes} s. {rows}{seams}. {kept} If you cannot see the picture, do "
        "not describe it. Next: say which row fits best, or whether the seams flow, and go on with that one."
    )
    return ImageReply(text, found.sheet, found.mime)


def saving_progress(download: Underway) -> tuple[float, str]:
    """Percent, and one line for a progress display."""
    whole = f" of {size_words(download.total)}" if download.total else ""
    percent = 100 * download.done / download.total if download.total else 0.0
    return percent, f"saving, {size_words(download.done)}{whole}"


def _sound(has_sound: bool) -> str:
    return "with sound" if has_sound else "silent"


def size_words(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.0f} kB"
