"""The tools as rows: name, words, arguments, result, and the use case behind each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from mcp.types import ToolAnnotations
from pydantic import AfterValidator, Field

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.schema import order_properties, order_required, task_lines
from wanx_mcp.errors import InvalidArguments, InvalidOrder
from wanx_mcp.server import replies
from wanx_mcp.server.results import CancelResult, CreateResult, GetResult, Result
from wanx_mcp.strict import Arguments, Problems, check, coerce, object_schema, present
from wanx_mcp.studio import Sight, Studio

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
Report = Callable[[Sight], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One tool. `schema` is its argument schema, `run` gets the raw arguments."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    result: type[Result]
    annotations: ToolAnnotations
    run: Callable[[Studio, Mapping[str, Any], Report], Awaitable[replies.Reply]]


def _task_id(value: str) -> str:
    if not (value.isascii() and value.isprintable()) or not 1 <= len(value) <= 128 or set(value) & set(" /\\?#%\"'"):
        raise ValueError("is not a task id")
    return value


TaskId = Annotated[
    str,
    AfterValidator(_task_id),
    Field(description="Id from create_wanx_task.", examples=["the task_id that create_wanx_task answered"]),
]
WaitSeconds = Annotated[
    int,
    Field(ge=0, le=45, description="Wait up to this long for the video. A task still running after it is no error."),
]


class GetArguments(Arguments):
    """Which task, and how long to wait for it."""

    task_id: TaskId
    wait_seconds: WaitSeconds = 0


class CancelArguments(Arguments):
    """Which task."""

    task_id: TaskId


DRY_RUN = {"type": "boolean", "description": "Only check and price; spend nothing."}


async def _create(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    order = present(given)
    try:
        dry_run = bool(coerce(DRY_RUN, order.pop("dry_run", False)))
    except ValueError as wrong:
        raise InvalidOrder(f"dry_run {wrong}", advice="set dry_run to true or false; then order again") from None
    return replies.created(await studio.create(order, dry_run=dry_run), studio.settings.max_wait_seconds)


async def _get(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Reply:
    asked = _checked(GetArguments, given)
    sight = await studio.get(asked.task_id, wait=asked.wait_seconds, report=report)
    return replies.seen(sight, studio.settings.max_wait_seconds)


async def _cancel(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    return replies.cancelled(await studio.cancel(_checked(CancelArguments, given).task_id))


def _checked(model: type[ArgumentsT], given: Mapping[str, Any]) -> ArgumentsT:
    try:
        return check(model, given)
    except Problems as wrong:
        raise InvalidArguments(str(wrong), advice=f"{wrong.fixes}; then call again") from None


def tool_rows(catalog: Catalog) -> tuple[ToolRow, ...]:
    """Every tool, in the order of `tools/list`."""
    create_schema = {
        "type": "object",
        "properties": {**order_properties(catalog), "dry_run": DRY_RUN},
        "required": order_required(catalog),
        "additionalProperties": False,
    }
    return (
        ToolRow(
            "create_wanx_task",
            "Order a WanX video",
            "Orders one short silent video from PiAPI WanX and answers with its task_id at once; it is ready minutes "
            "later. Each call that succeeds costs money. Task types [with arguments, ? = optional]:\n"
            f"{task_lines(catalog)}\n"
            "Wan 2.1: 480p, 85 frames. Then call get_wanx_task. Links expire, often within a day.",
            create_schema,
            CreateResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True),
            _create,
        ),
        ToolRow(
            "get_wanx_task",
            "Follow a WanX video",
            "State of one task: progress, then the video link, price and actual charge. Prefer one call with "
            "wait_seconds to many without.",
            object_schema(GetArguments),
            GetResult,
            ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
            _get,
        ),
        ToolRow(
            "cancel_wanx_task",
            "Cancel a WanX video",
            "Asks the provider to cancel a task that is still pending; one that has begun cannot be stopped.",
            object_schema(CancelArguments),
            CancelResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True),
            _cancel,
        ),
    )
