"""The tools as rows: name, words, arguments, result, and the use case behind each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from mcp.types import ToolAnnotations
from pydantic import AfterValidator, Field

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.schema import order_properties, order_required, task_lines
from wanx_mcp.errors import InvalidArguments, InvalidOrder, LedgerUnusable
from wanx_mcp.ledger import OPEN, Spending
from wanx_mcp.server import replies
from wanx_mcp.server.results import CancelResult, CreateResult, GetResult, ListResult, Result, SaveResult
from wanx_mcp.strict import Arguments, Problems, check, object_schema, present, properties
from wanx_mcp.studio import Sight, Studio, Underway

ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
Report = Callable[[Sight | Underway], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One tool. `schema` is its argument schema, `result` None where a picture is shown; `spends` if it can cost."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    result: type[Result] | None
    annotations: ToolAnnotations
    run: Callable[[Studio, Mapping[str, Any], Report], Awaitable[replies.Reply | replies.Shown]]
    spends: bool = False


def _task_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:~=-]{0,127}", value):
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


def _key(value: str) -> str:
    if not value.strip() or len(value) > 128 or not value.isprintable():
        raise ValueError("must be 1 to 128 printable characters")
    return value


def _cursor(value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise ValueError("is not a cursor of this tool")
    return value


RequestId = Annotated[
    str,
    AfterValidator(_key),
    Field(
        description="Your key for one video: the same key is the same task. Three takes are three request_ids.",
        examples=['"take-1"'],
    ),
]
DryRun = Annotated[bool, Field(description="Only check and price; spend nothing.")]
ListStatus = Annotated[
    Literal["open", "pending", "processing", "completed", "failed", "cancelled", "unknown"],
    Field(description="Only these. open: pending or processing."),
]
Limit = Annotated[int, Field(ge=1, le=50, description="Default 10.")]
Cursor = Annotated[
    str, AfterValidator(_cursor), Field(description="next_cursor of the last page.", examples=["a next_cursor"])
]


def _file_name(value: str) -> str:
    if re.search(r"[/\\\x00]", value) or len(value) > 255 or not re.search(r"\w", value):
        raise ValueError("must be a bare file name, without a folder")
    return value


FileName = Annotated[str, AfterValidator(_file_name), Field(description="Bare name; optional.", examples=["boat.mp4"])]
Frames = Annotated[int, Field(ge=1, le=12, description="Default is 6.")]


class GetArguments(Arguments):
    """Which task, and how long to wait for it."""

    task_id: TaskId
    wait_seconds: WaitSeconds = 0


class CancelArguments(Arguments):
    """Which task."""

    task_id: TaskId


class SaveArguments(Arguments):
    """Which video, and its name on disk."""

    task_id: TaskId
    file_name: FileName | None = None


class PreviewArguments(Arguments):
    """Which video, and how many frames of it."""

    task_id: TaskId
    frames: Frames = 6


class ListArguments(Arguments):
    """Which orders, and how many."""

    status: ListStatus | None = None
    limit: Limit = 10
    cursor: Cursor | None = None


class CreateOptions(Arguments):
    """What `create_wanx_task` takes beside the order itself."""

    request_id: RequestId | None = None
    dry_run: DryRun = False


async def _create(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    order = present(given)
    names = properties(CreateOptions)
    chosen = {name: order.pop(name) for name in names if name in order}
    try:
        options = check(CreateOptions, chosen)
    except Problems as wrong:
        raise InvalidOrder(str(wrong), advice=f"{wrong.fixes}; then order again") from None
    if options.dry_run:
        return replies.quoted(await studio.quote(order), await _spending(studio))
    placement = await studio.create(order, request_id=options.request_id)
    pace, longest_wait = studio.pace(placement.order), studio.settings.max_wait_seconds
    return replies.placed(placement, await _spending(studio), pace, longest_wait)


async def _spending(studio: Studio) -> Spending | None:
    try:
        return await studio.spending()
    except LedgerUnusable:  # the order itself has told, where it matters
        return None


async def _list(studio: Studio, given: Mapping[str, Any], _report: Report) -> replies.Reply:
    asked = _checked(ListArguments, given)
    statuses = OPEN if asked.status == "open" else (asked.status,) if asked.status else ()
    below = None if asked.cursor is None else int(asked.cursor)
    page = await studio.list(statuses, limit=asked.limit, below=below)
    return replies.listed(page, await studio.spending(), studio.catalog)


async def _get(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Reply:
    asked = _checked(GetArguments, given)
    sight = await studio.get(asked.task_id, wait=asked.wait_seconds, report=report)
    return replies.seen(sight, studio.settings.max_wait_seconds)


async def _save(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Reply:
    asked = _checked(SaveArguments, given)
    return replies.saved(await studio.save(asked.task_id, name=asked.file_name, report=report))


async def _preview(studio: Studio, given: Mapping[str, Any], report: Report) -> replies.Shown:
    asked = _checked(PreviewArguments, given)
    return replies.previewed(await studio.preview(asked.task_id, frames=asked.frames, report=report))


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
        "properties": {**order_properties(catalog), **properties(CreateOptions)},
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
            spends=True,
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
            "list_wanx_tasks",
            "List WanX videos",
            "Orders of this account from the local ledger, newest first, with spend and budget. Finds lost task ids.",
            object_schema(ListArguments),
            ListResult,
            ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
            _list,
        ),
        ToolRow(
            "save_wanx_video",
            "Save a WanX video",
            "Brings a finished video to the user's disk before its link expires.",
            object_schema(SaveArguments),
            SaveResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
            _save,
        ),
        ToolRow(
            "preview_wanx_video",
            "See a WanX video",
            "Shows a contact sheet of a finished video as an image, and saves both.",
            object_schema(PreviewArguments),
            None,
            ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
            _preview,
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
