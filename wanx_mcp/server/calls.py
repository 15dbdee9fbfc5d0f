"""The use case behind each tool: parse the arguments, call the studio, build the reply. Loaded by the first call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from wanx_mcp.errors import InvalidArguments, InvalidOrder
from wanx_mcp.ledger import OPEN
from wanx_mcp.server.arguments import (
    CancelArguments,
    CreateOptions,
    GetArguments,
    JoinArguments,
    ListArguments,
    PreviewArguments,
    SaveArguments,
)
from wanx_mcp.server.create_replies import placed, quoted
from wanx_mcp.server.film_replies import joined, joining_progress
from wanx_mcp.server.list_replies import Sums, listed
from wanx_mcp.server.replies import ImageReply, Reply
from wanx_mcp.server.task_replies import cancelled, task_progress, task_state
from wanx_mcp.server.video_replies import compared, previewed, saved, saving_progress, still_shown
from wanx_mcp.strict import Arguments, Problems, check, present, properties
from wanx_mcp.studio import JoinUnderway, Studio, TaskView, Underway
from wanx_mcp.toolnames import CANCEL, CREATE, GET, JOIN, LIST, PREVIEW, SAVE

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
News = TaskView | Underway | JoinUnderway
Report = Callable[[News], Awaitable[None]]
Call = Callable[[Studio, Mapping[str, Any], Report], Awaitable[Reply | ImageReply]]


async def _create(studio: Studio, given: Mapping[str, Any], _report: Report) -> Reply:
    order = present(given)
    names = properties(CreateOptions)
    chosen = {name: order.pop(name) for name in names if name in order}
    try:
        options = check(CreateOptions, chosen)
    except Problems as wrong:
        raise InvalidOrder(str(wrong), advice=f"{wrong.fixes}; then order again") from None
    if options.dry_run:
        quotation = await studio.quote(order, request_id=options.request_id)
        return quoted(quotation, await studio.budget_line(quotation.booked))
    placement = await studio.create(order, request_id=options.request_id, file_name=options.file_name)
    pace, longest_wait = studio.pace(placement.order), studio.settings.max_wait_seconds
    saves = studio.settings.auto_save
    return placed(placement, await studio.budget_line(), pace, longest_wait, saves=saves)


async def _list(studio: Studio, given: Mapping[str, Any], _report: Report) -> Reply:
    asked = parse_arguments(ListArguments, given)
    statuses = OPEN if asked.status == "open" else (asked.status,) if asked.status else ()
    below = None if asked.cursor is None else int(asked.cursor)
    page = await studio.list(statuses, limit=asked.limit, below=below, wait=asked.wait_seconds)
    sums = Sums(await studio.spending(), await studio.totals())
    return listed(page, sums, asked.status, studio.catalog, studio.settings.secrets)


async def _get(studio: Studio, given: Mapping[str, Any], report: Report) -> Reply:
    asked = parse_arguments(GetArguments, given)
    view = await studio.get(asked.task_id, wait=asked.wait_seconds, report=report)
    return task_state(view, studio.settings)


async def _save(studio: Studio, given: Mapping[str, Any], report: Report) -> Reply:
    asked = parse_arguments(SaveArguments, given)
    return saved(await studio.videos.save(asked.task_id, name=asked.file_name, report=report))


async def _preview(studio: Studio, given: Mapping[str, Any], report: Report) -> ImageReply:
    asked = parse_arguments(PreviewArguments, given)
    if asked.frame is not None and asked.compare_with is not None:
        advice = "leave out frame to compare videos, or compare_with to see one frame; then call again"
        raise InvalidArguments("frame and compare_with cannot be combined", advice=advice)
    if asked.frame is not None:
        return still_shown(await studio.videos.still(asked.task_id, moment=asked.frame, report=report))
    if asked.compare_with is not None:
        ids = list(dict.fromkeys((asked.task_id, *asked.compare_with)))
        return compared(await studio.videos.compare(ids, frames=asked.frames, report=report))
    return previewed(await studio.videos.preview(asked.task_id, frames=asked.frames, report=report))


async def _join(studio: Studio, given: Mapping[str, Any], report: Report) -> Reply:
    asked = parse_arguments(JoinArguments, given)
    return joined(await studio.videos.join(asked.task_ids, name=asked.file_name, report=report))


async def _cancel(studio: Studio, given: Mapping[str, Any], _report: Report) -> Reply:
    return cancelled(await studio.cancel(parse_arguments(CancelArguments, given).task_id))


def parse_arguments(model: type[ArgumentsT], given: Mapping[str, Any]) -> ArgumentsT:
    """`given` as the arguments of a tool. Raises InvalidArguments, with every problem and its fix."""
    try:
        return check(model, given)
    except Problems as wrong:
        raise InvalidArguments(str(wrong), advice=f"{wrong.fixes}; then call again") from None


def progress(news: News) -> tuple[float, str]:
    """Percent, and one line for a progress display."""
    if isinstance(news, JoinUnderway):
        return joining_progress(news)
    return saving_progress(news) if isinstance(news, Underway) else task_progress(news)


CALLS: Mapping[str, Call] = {
    CREATE: _create,
    GET: _get,
    LIST: _list,
    SAVE: _save,
    PREVIEW: _preview,
    CANCEL: _cancel,
    JOIN: _join,
}
"""By tool name."""
