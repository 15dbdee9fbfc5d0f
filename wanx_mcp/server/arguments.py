"""The arguments of the tools: one type each, one model a tool. Those of an order itself are the catalog's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from wanx_mcp.catalog.frames import FIRST, LAST, read_seconds
from wanx_mcp.limits import LONGEST_WAIT_SECONDS
from wanx_mcp.strict import Arguments
from wanx_mcp.taskid import is_task_id
from wanx_mcp.toolnames import CREATE

HOST_ARGUMENTS = frozenset({"wait_for_previous"})
"""Arguments that a host adds to every tool for its own use, and passes on (Gemini CLI)."""


def without_host_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` without the arguments that hosts add; nothing else is ever dropped."""
    return {name: value for name, value in given.items() if name not in HOST_ARGUMENTS}


def _task_id(value: str) -> str:
    if not is_task_id(value):
        raise ValueError("is not a task id")
    return value


TaskId = Annotated[
    str,
    AfterValidator(_task_id),
    Field(description=f"Id from {CREATE}.", examples=[f"the task_id that {CREATE} answered"]),
]
WaitSeconds = Annotated[
    int,
    Field(
        ge=0,
        json_schema_extra={"maximum": LONGEST_WAIT_SECONDS},  # advice: a longer wait is cut, not refused
        description=f"Waits 0 to {LONGEST_WAIT_SECONDS} s for the video; more is cut. Still running is no error.",
    ),
    AfterValidator(lambda seconds: min(seconds, LONGEST_WAIT_SECONDS)),
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
        description="Your key for one video: same key, same task, paid once. Three takes: three keys. Without one, an "
        "equal order that is open or under 2 minutes old is a repeat.",
        examples=['a short key of your own, such as "take-1"'],
    ),
]
DryRun = Annotated[bool, Field(description="Only check and price; free.")]
ListWait = Annotated[int, Field(ge=0, le=45, description="Waits 0 to 45 s until any open order ends.")]
ListStatus = Annotated[
    Literal["open", "pending", "processing", "completed", "failed", "cancelled", "unknown"],
    Field(description="Only these. open: pending or processing."),
]
Limit = Annotated[int, Field(ge=1, le=50, description="1 to 50, default 10.")]
Cursor = Annotated[
    str,
    AfterValidator(_cursor),
    Field(description="next_cursor of the last page.", examples=["the next_cursor of the last page"]),
]


def _file_name(value: str) -> str:
    if re.search(r"[/\\\x00]", value) or len(value) > 255 or not re.search(r"\w", value):
        raise ValueError("must be a bare file name, without a folder")
    return value


FileName = Annotated[
    str, AfterValidator(_file_name), Field(description="Bare name; optional.", examples=['a name such as "boat.mp4"'])
]
Frames = Annotated[int, Field(ge=1, le=12, description="Stills, evenly spaced: 1 to 12, default 6.")]


TaskIds = Annotated[
    list[Annotated[str, AfterValidator(_task_id)]],
    Field(min_length=2, max_length=50, description="Finished tasks, in order.", examples=["a list of task_ids"]),
]


def _moment(value: str) -> str:
    moment = value.strip().lower()
    return moment if moment in (FIRST, LAST) else read_seconds(moment)


CompareWith = Annotated[
    list[Annotated[str, AfterValidator(_task_id)]],
    Field(min_length=1, max_length=5, description="More ids, a row each: takes, or shots of a film with their seams."),
]
FrameMoment = Annotated[
    str,
    AfterValidator(_moment),
    Field(
        description="One clean still: first, last or seconds.", examples=['"first", "last" or seconds such as "2.5"']
    ),
]


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


class JoinArguments(Arguments):
    """Which videos, in order, and the film's name on disk."""

    task_ids: TaskIds
    file_name: FileName | None = None


class PreviewArguments(Arguments):
    """Which video or film, and how many frames of it; which others beside it, or which single frame."""

    task_id: TaskId
    frames: Frames = 6
    compare_with: CompareWith | None = None
    frame: FrameMoment | None = None


class ListArguments(Arguments):
    """Which orders, and how many."""

    status: ListStatus | None = None
    limit: Limit = 10
    cursor: Cursor | None = None
    wait_seconds: ListWait = 0


class CreateOptions(Arguments):
    """What `create_wanx_task` takes beside the order itself."""

    request_id: RequestId | None = None
    file_name: FileName | None = None
    dry_run: DryRun = False
