"""What each tool does: its arguments checked, the use case, the reply. Loaded by the first call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from wanx_mcp.errors import InvalidArguments, InvalidOrder
from wanx_mcp.ledger import OPEN
from wanx_mcp.server import replies
from wanx_mcp.server.arguments import (
    CancelArguments,
    CreateOptions,
    GetArguments,
    ListArguments,
    PreviewArguments,
    SaveArguments,
)
from wanx_mcp.strict import Arguments, Problems, check, present, properties
from wanx_mcp.studio import Sight, Studio, Underway
from wanx_mcp.toolnames import CANCEL, CREATE, GET, LIST, PREVIEW, SAVE

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
Report = Callable[[Sight | Underway], Awaitable[None]]
Call = Callable[[Studio, Mapping[str, Any], Report], Awaitable[replies.Reply | replies.Shown]]


async def _create(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    order = present(given)
    names = properties(CreateOptions)
    chosen = {name: order.pop(name) for name in names if name in order}
    try:
        options = check(CreateOptions, chosen)
    except Problems as wrong:
        raise InvalidOrder(str(wrong), advice=f"{wrong.fixes}; then order again") from None
    if options.dry_run:
        return replies.quoted(await studio.quote(order), await studio.budget_line())
    placement = await studio.create(order, request_id=options.request_id)
    pace, longest_wait = studio.pace(placement.order), studio.settings.max_wait_seconds
    return replies.placed(placement, await studio.budget_line(), pace, longest_wait)


async def _list(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    asked = checked(ListArguments, given)
    statuses = OPEN if asked.status == "open" else (asked.status,) if asked.status else ()
    below = None if asked.cursor is None else int(asked.cursor)
    page = await studio.list(statuses, limit=asked.limit, below=below)
    return replies.listed(page, await studio.spending(), studio.catalog, studio.settings.secrets)


async def _get(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Reply:
    asked = checked(GetArguments, given)
    sight = await studio.get(asked.task_id, wait=asked.wait_seconds, report=report)
    return replies.seen(sight, studio.settings)


async def _save(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Reply:
    asked = checked(SaveArguments, given)
    return replies.saved(await studio.save(asked.task_id, name=asked.file_name, report=report))


async def _preview(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Shown:
    asked = checked(PreviewArguments, given)
    return replies.previewed(await studio.preview(asked.task_id, frames=asked.frames, report=report))


async def _cancel(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    return replies.cancelled(await studio.cancel(checked(CancelArguments, given).task_id))


def checked(model: type[ArgumentsT], given: Mapping[str, Any]) -> ArgumentsT:
    """`given` as the arguments of a tool. Raises InvalidArguments, with every problem and how to mend it."""
    try:
        return check(model, given)
    except Problems as wrong:
        raise InvalidArguments(str(wrong), advice=f"{wrong.fixes}; then call again") from None


CALLS: Mapping[str, Call] = {
    CREATE: _create,
    GET: _get,
    LIST: _list,
    SAVE: _save,
    PREVIEW: _preview,
    CANCEL: _cancel,
}
"""The use case behind each tool."""
