"""The tools as rows: everything that a client reads of them. What they do is in `calls`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.types import ToolAnnotations

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.schema import choice_words, for_hosts, headline, order_properties, order_required, task_lines
from wanx_mcp.server.arguments import (
    CancelArguments,
    CreateOptions,
    GetArguments,
    JoinArguments,
    ListArguments,
    PreviewArguments,
    SaveArguments,
)
from wanx_mcp.server.results import CancelResult, CreateResult, GetResult, JoinResult, ListResult, Result, SaveResult
from wanx_mcp.strict import object_schema, properties
from wanx_mcp.toolnames import CANCEL, CREATE, GET, JOIN, LIST, PREVIEW, SAVE


@dataclass(frozen=True, slots=True)
class ToolRow:
    """One tool. `schema` is its argument schema, `result` None where a picture is shown; `spends` if it can
    cost, `card` if clients with MCP Apps show its result on the card, `hint` the words by which a host that defers
    tools finds it."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    result: type[Result] | None
    annotations: ToolAnnotations
    spends: bool = False
    card: bool = False
    hint: str = ""

    @property
    def meta(self) -> dict[str, Any]:
        """What the listing says of it under `_meta`, for hosts."""
        return {SEARCH_HINT: self.hint} if self.hint else {}


SEARCH_HINT = "anthropic/searchHint"
"""Read by Claude Code, which defers tools until the model searches for them."""


def create_schema(catalog: Catalog, folder: str = "") -> dict[str, Any]:
    """The arguments of an order: of all task types in one, or exactly of those that `catalog` has. `folder` is where
    local pictures are looked for."""
    return {
        "type": "object",
        "properties": {**order_properties(catalog, folder), **properties(CreateOptions)},
        "required": order_required(catalog),
        "additionalProperties": False,
    }


def tool_rows(catalog: Catalog, folder: str = "") -> tuple[ToolRow, ...]:
    """Every tool, in the order of `tools/list`. `folder` is where local pictures are looked for."""
    return (
        ToolRow(
            CREATE,
            "Order a WanX video",
            f"{headline(catalog)}\n"
            "Costs money. Answers with a task_id at once; the video takes minutes.\n"
            f"{task_lines(catalog)}\n"
            f"[arguments, ? = optional] {choice_words(catalog)} No seed; no LoRA together with camera motion.\n"
            f"Then call {GET} with wait_seconds until it has ended. Videos are saved by themselves: give the user "
            "saved_path.",
            for_hosts(create_schema(catalog, folder)),
            CreateResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True),
            spends=True,
            hint="make a video, text to video, image to video",
        ),
        ToolRow(
            GET,
            "Follow a WanX video",
            "State of one task: progress, then saved_path, link and charge. Prefer one call with "
            "wait_seconds to many without.",
            object_schema(GetArguments),
            GetResult,
            ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
            card=True,
        ),
        ToolRow(
            LIST,
            "List WanX videos",
            "Orders of this account, newest first, with spend and budget. Finds lost task ids.",
            object_schema(ListArguments),
            ListResult,
            ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
        ),
        ToolRow(
            SAVE,
            "Save a WanX video",
            "Saves a finished video, if that has not happened by itself, or renames it to file_name.",
            object_schema(SaveArguments),
            SaveResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
        ),
        ToolRow(
            PREVIEW,
            "See a WanX video",
            "Shows a contact sheet of a finished video or film as an image, and saves both.",
            object_schema(PreviewArguments),
            None,
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True),
        ),
        ToolRow(
            CANCEL,
            "Cancel a WanX video",
            "Asks the provider to cancel a task that is still pending; one that has begun cannot be stopped.",
            object_schema(CancelArguments),
            CancelResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True),
        ),
        ToolRow(
            JOIN,
            "Join WanX videos",
            "Joins finished videos into one file, free of charge. A frame that two clips share is shown once.",
            object_schema(JoinArguments),
            JoinResult,
            ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False),
            card=True,
        ),
    )
