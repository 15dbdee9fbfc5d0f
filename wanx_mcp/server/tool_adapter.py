"""Tools as the SDK calls them: arguments come in as they were sent, errors go out as text."""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp.types import CallToolResult, ImageContent, TextContent

from wanx_mcp.errors import ProviderFault, Refusal, TaskNotFound, WanxError
from wanx_mcp.server.arguments import without_host_arguments
from wanx_mcp.server.card import CARD_LINK, with_card_extras
from wanx_mcp.server.facts import completed
from wanx_mcp.server.studio_access import StudioAccess
from wanx_mcp.server.tools import ToolRow
from wanx_mcp.strict import open_schema
from wanx_mcp.taskid import shape_doubt

if TYPE_CHECKING:
    from wanx_mcp.server.replies import ImageReply, Reply
    from wanx_mcp.studio import JoinUnderway, Studio, TaskView, Underway

log = logging.getLogger(__name__)


class RawArguments(FuncMetadata):
    """Passes the arguments on unchanged, without those that hosts add for themselves. The SDK would drop every unknown
    one, and parse text that looks like JSON."""

    def validate_arguments(self, arguments_to_validate: dict[str, Any]) -> dict[str, Any]:
        return {"given": without_host_arguments(arguments_to_validate)}


def as_tool(row: ToolRow) -> Tool:
    """`row` as a tool of the SDK, with its schema published unchanged."""

    async def call(given: Mapping[str, Any], ctx: Context[StudioAccess]) -> CallToolResult:
        return await _answer(row, given, ctx)

    return Tool(
        fn=call,
        name=row.name,
        title=row.title,
        description=row.description,
        parameters=dict(row.schema),
        fn_metadata=RawArguments(arg_model=ArgModelBase, output_schema=row.result and open_schema(row.result)),
        is_async=True,
        context_kwarg="ctx",
        annotations=row.annotations,
        meta={**row.meta, **(CARD_LINK if row.card else {})} or None,
    )


async def _answer(row: ToolRow, given: Mapping[str, Any], ctx: Context[StudioAccess]) -> CallToolResult:
    try:
        studio = await ctx.request_context.lifespan_context.studio()
    except WanxError as error:
        return failure(error, None)
    from wanx_mcp.server.calls import CALLS, progress

    furthest = 0.0

    async def report(news: TaskView | Underway | JoinUnderway) -> None:
        nonlocal furthest
        percent, words = progress(news)
        furthest = max(min(percent, 99.9), furthest + (100 - furthest) / 1000)  # always rising, never 100
        await ctx.report_progress(furthest, 100, words)

    try:
        reply = await CALLS[row.name](studio, given, report)
    except WanxError as error:
        if not error.known and not isinstance(error, Refusal) and isinstance(task_id := given.get("task_id"), str):
            error.known = await studio.known_words(task_id)
        return failure(error, studio, id_remark(error, given.get("task_id")))
    except Exception as fault:
        log.exception("unexpected error in %s", row.name)
        return failure(_unexpected(fault), studio)
    result = success(reply, simulated=studio.settings.simulate)
    return await with_card_extras(result, studio, ctx) if row.card else result


def success(reply: Reply | ImageReply, *, simulated: bool) -> CallToolResult:
    """A reply as the protocol's tool result."""
    mark = "[simulated] " if simulated else ""
    if not isinstance(reply, tuple):
        image = ImageContent(type="image", data=base64.b64encode(reply.image).decode(), mime_type=reply.mime)
        return CallToolResult(content=[TextContent(type="text", text=mark + reply.text), image])
    text, result = mark + reply[0], reply[1]
    if simulated:
        result = result.model_copy(update={"simulated": True})
    facts = result.model_dump(mode="json", exclude_none=True)
    return CallToolResult(content=[TextContent(type="text", text=completed(text, facts))], structured_content=facts)


def id_remark(error: WanxError, task_id: object) -> str:
    """What is said of an unknown id that does not look like one of the provider's; empty for any other error."""
    doubt = shape_doubt(task_id) if isinstance(task_id, str) and isinstance(error, TaskNotFound) else None
    return f"This may not be a task_id at all: {doubt}" if doubt else ""


def failure(error: WanxError, studio: Studio | None, remark: str = "") -> CallToolResult:
    """An error as the protocol's tool result, with a `remark`. The first one also names problems of the settings."""
    if studio is None:
        return CallToolResult(content=[TextContent(type="text", text=error.text())], is_error=True)
    remarks = [remark] if remark else []
    remarks += [f"Also, {complaint}" for complaint in studio.take_complaints() if complaint not in error.what]
    if studio.settings.simulate:
        remarks.append("This is the simulator")
    return CallToolResult(content=[TextContent(type="text", text=error.text(*remarks))], is_error=True)


def _unexpected(fault: Exception) -> WanxError:
    what = f"unexpected error in this server ({type(fault).__name__}); its log on stderr has the details"
    return ProviderFault(what)  # charged: no. An order that may have been sent ends in OutcomeUnknown instead.
