"""The resources as rows: lists of what can be ordered, the budget, and single tasks by their id."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.shared.uri_template import UriTemplate
from mcp.types import Resource, ResourceTemplate

from wanx_mcp.catalog import Catalog, TaskType
from wanx_mcp.catalog.loras import shown_loras
from wanx_mcp.catalog.schema import example
from wanx_mcp.errors import InvalidArguments, TaskNotFound, WanxError
from wanx_mcp.quoting import quote
from wanx_mcp.server.card import LONGEST_PROMPT
from wanx_mcp.server.studio_access import current_access
from wanx_mcp.server.tools import create_schema
from wanx_mcp.settings import Settings
from wanx_mcp.strict import properties
from wanx_mcp.taskid import LONGEST, is_task_id
from wanx_mcp.times import iso

if TYPE_CHECKING:
    from wanx_mcp.ledger import Entry

JSON = "application/json"
TASKS = "wanx://tasks/"


@dataclass(frozen=True)
class Sources:
    """What resources, prompts and completions read from."""

    settings: Settings
    catalog: Catalog


@dataclass(frozen=True)
class ResourceRow:
    """One resource, or a template of many. `lasting`: its content does not change while the server runs."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Sources, Mapping[str, str]], Awaitable[object]]
    lasting: bool = True

    @cached_property
    def template(self) -> UriTemplate:
        """The address, parsed."""
        return UriTemplate.parse(self.uri)

    @property
    def many(self) -> bool:
        """Whether the address has a variable."""
        return "{" in self.uri

    def match(self, uri: str) -> Mapping[str, str] | None:
        """The variables of `uri`, None if it does not match."""
        if not self.many:
            return {} if uri == self.uri else None
        if uri.startswith(TASKS):
            return {"task_id": _task_id(uri.removeprefix(TASKS))} if self.uri.startswith(TASKS) else None
        found = self.template.match(uri)
        return None if found is None else {name: str(value) for name, value in found.items()}


def _task_id(written: str) -> str:
    """The task id in an address, percent-decoded; unchanged if decoding gives no task id."""
    written = written[: 3 * LONGEST + 1]  # no id is longer, however it is encoded
    decoded = unquote(written)
    return decoded if is_task_id(decoded) else written


async def _task_types(sources: Sources, _variables: Mapping[str, str]) -> object:
    return [_summary(row) for row in sources.catalog.rows]


def _summary(row: TaskType) -> dict[str, Any]:
    return {
        "task_type": row.name,
        **_price(row),
        "choose_it_for": row.choose,
        "needs": list(row.needed),
        "takes": list(row.allowed),
        "output": row.output.words,
        "output_confirmed": row.output.confirmed,
        "unconfirmed": list(row.output.unconfirmed),
        "usual_seconds": row.usual_seconds,
        "details": f"wanx://task-types/{row.name}",
    }


def _price(row: TaskType) -> dict[str, Any]:
    """One figure where all orders of the row cost the same, else the rule in words and its lowest and highest price."""
    ends = row.price.extremes()
    if ends is None or ends[0] == ends[1]:
        return {"price_usd": float(ends[0]) if ends else None, "price": row.price.words()}
    return {"price": row.price.words(), "price_from_usd": float(ends[0]), "price_to_usd": float(ends[1])}


async def _task_type(sources: Sources, variables: Mapping[str, str]) -> object:
    row = sources.catalog.find(variables["task_type"])
    if row is None:
        raise ResourceNotFoundError("This task type does not exist; wanx://task-types lists all of them")
    return {**_summary(row), "schema": create_schema(Catalog((row,))), "example": example(row)}


async def _loras(sources: Sources, _variables: Mapping[str, str]) -> object:
    return {
        "loras": [asdict(lora) for lora in shown_loras(adult=sources.settings.allow_adult)],
        "note": 'Other names are passed on to the provider unchanged. "?" means not known.',
    }


async def _camera_motions(sources: Sources, _variables: Mapping[str, str]) -> object:
    fields = {name: schema for row in sources.catalog.rows for name, schema in properties(row.input).items()}
    return {
        "camera_motions": fields["motion_type"]["enum"],
        "task_types": [row.name for row in sources.catalog.rows if "motion_type" in row.allowed],
        "motion_speed": fields["motion_speed"],
    }


async def _task(_sources: Sources, variables: Mapping[str, str]) -> object:
    studio = await current_access().studio()
    from wanx_mcp.server.arguments import GetArguments
    from wanx_mcp.server.calls import parse_arguments
    from wanx_mcp.server.task_replies import task_state

    task_id = parse_arguments(GetArguments, {"task_id": variables["task_id"]}).task_id
    view, entry = await studio.inspect(task_id)
    _, result = task_state(view, studio.settings)
    state = result.model_dump(mode="json", exclude_none=True)
    return {**state, "order": _order(entry, studio.settings.secrets)} if entry else state


def _order(entry: Entry, secrets: Iterable[str]) -> dict[str, Any]:
    """The order as the ledger keeps it: pictures as digests, without the webhook.

    Texts are quoted like any stored prompt: without quotation marks, hidden characters and `secrets`.
    """
    from wanx_mcp.server.formatting import usd_number

    key = {"request_id": entry.request_id} if entry.request_id else {}
    return {
        **key,
        "ordered_at": iso(entry.created_at),
        "booked_usd": usd_number(entry.booked),
        "arguments": {
            name: quote(value, LONGEST_PROMPT, secrets) if isinstance(value, str) else value
            for name, value in entry.arguments.items()
        },
    }


async def _budget(_sources: Sources, _variables: Mapping[str, str]) -> object:
    studio = await current_access().studio()
    from wanx_mcp.server.formatting import budget

    return budget(await studio.spending()).model_dump(mode="json", exclude_none=True)


RESOURCES: tuple[ResourceRow, ...] = (
    ResourceRow(
        "wanx://task-types",
        "task-types",
        "WanX task types",
        "Every task type with its price in US dollars, its use, and its required and optional arguments.",
        _task_types,
    ),
    ResourceRow(
        "wanx://task-types/{task_type}",
        "task-type",
        "A WanX task type",
        "One task type with the JSON Schema of its order, and an example.",
        _task_type,
    ),
    ResourceRow("wanx://loras", "loras", "WanX LoRAs", "Known LoRA names, and what each does.", _loras),
    ResourceRow(
        "wanx://camera-motions",
        "camera-motions",
        "WanX camera motions",
        "The values of motion_type.",
        _camera_motions,
    ),
    ResourceRow(
        "wanx://budget",
        "budget",
        "WanX budget",
        "US dollars booked in the last 24 hours, and what is left of the budget.",
        _budget,
        lasting=False,
    ),
    ResourceRow(
        TASKS + "{task_id}",
        "task",
        "A WanX task",
        "The current state of one task, and its order.",
        _task,
        lasting=False,
    ),
)


def find(uri: str) -> tuple[ResourceRow, Mapping[str, str]] | None:
    """The row that `uri` belongs to, and the variables in it; None if it belongs to none."""
    for row in RESOURCES:
        variables = row.match(uri)
        if variables is not None:
            return row, variables
    return None


def listed() -> list[Resource]:
    """The resources with a fixed address. Tasks are not among them: list_wanx_tasks lists those."""
    return [
        Resource(uri=row.uri, name=row.name, title=row.title, description=row.description, mime_type=JSON)
        for row in RESOURCES
        if not row.many
    ]


def templates() -> list[ResourceTemplate]:
    """The resources whose address has a variable."""
    return [
        ResourceTemplate(
            uri_template=row.uri, name=row.name, title=row.title, description=row.description, mime_type=JSON
        )
        for row in RESOURCES
        if row.many
    ]


async def read(sources: Sources, uri: str) -> ReadResourceContents | None:
    """The contents of `uri`, None if it is none of these rows.

    Raises ResourceNotFoundError for an unknown task or task type, ResourceError for any other failure.
    """
    found = find(uri)
    if found is None:
        return None
    row, variables = found
    try:
        content = await row.read(sources, variables)
    except (TaskNotFound, InvalidArguments) as error:
        raise ResourceNotFoundError(error.text()) from error
    except WanxError as error:
        raise ResourceError(error.text()) from error
    if sources.settings.simulate and not row.lasting and isinstance(content, dict):
        content["simulated"] = True
    return ReadResourceContents(content=json.dumps(content, ensure_ascii=False, indent=1), mime_type=JSON)
