"""The reply to join_wanx_videos."""

from __future__ import annotations

from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import JoinResult
from wanx_mcp.server.video_replies import size_words
from wanx_mcp.studio import JoinedFilm, JoinUnderway
from wanx_mcp.toolnames import JOIN, PREVIEW


def joined(found: JoinedFilm | JoinUnderway) -> Reply:
    """The film, or how far it is."""
    if isinstance(found, JoinUnderway):
        step = f"make the same call of {JOIN} again in a few seconds; the work goes on"
        return f"The film is not ready yet: {_so_far(found)}. Next: {step}.", JoinResult(next_step=step)
    step = f'tell the user where the film is; to see it yourself, call {PREVIEW} with task_id "{found.film_id}"'
    step += f"; note: {'; '.join(found.notes)}" if found.notes else ""
    result = JoinResult(
        film_id=found.film_id,
        path=str(found.path),
        bytes=found.bytes,
        sha256=found.sha256,
        duration_seconds=round(found.seconds, 3),
        width=found.width,
        height=found.height,
        has_sound=found.has_sound,
        next_step=step,
    )
    did = "Already joined, nothing was made anew" if found.reused else f"Joined {found.clips} clips"
    sound = "with sound" if found.has_sound else "silent"
    facts = f"{size_words(found.bytes)}, {found.width}x{found.height}, {found.seconds:.2f} s, {sound}"
    return f"{did}: {found.path} (film {found.film_id}, {facts}, sha256 {found.sha256}). Next: {step}.", result


def joining_progress(news: JoinUnderway) -> tuple[float, str]:
    """Percent, and one line for a progress display. How many frames there will be is not known beforehand."""
    share = news.at_hand / news.clips
    return 20 * share + 70 * (1 - 0.999 ** (news.frames / max(1, news.clips) * 4)), f"joining, {_so_far(news)}"


def _so_far(news: JoinUnderway) -> str:
    if not news.frames:
        return f"{news.at_hand} of {news.clips} clips are at hand"
    return f"{news.frames} frames of {news.clips} clips are done"
