"""The resources as rows: catalogues that people and programs read, and single tasks by their id."""

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
from wanx_mcp.taskid import is_task_id
from wanx_mcp.times import iso

if TYPE_CHECKING:
    from wanx_mcp.ledger import Entry

JSON = "application/json"
TASKS = "wanx://tasks/"


@dataclass(frozen=True)
class Shelf:
    """What the resources are read from."""

    settings: Settings
    catalog: Catalog


@dataclass(frozen=True)
class ResourceRow:
    """One resource, or many if `uri` is a template. `lasting`: it stays the same while the server runs."""

    uri: str
    name: str
    title: str
    description: str
    read: Callable[[Shelf, Mapping[str, str]], Awaitable[object]]
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
        """The variables of `uri`, None if it is another resource's."""
        if not self.many:
            return {} if uri == self.uri else None
        if uri.startswith(TASKS):
            return {"task_id": _task_id(uri.removeprefix(TASKS))} if self.uri.startswith(TASKS) else None
        found = self.template.match(uri)
        return None if found is None else {name: str(value) for name, value in found.items()}


def _task_id(written: str) -> str:
    """The id in an address. It is percent-encoded there; one that is not is taken as it stands."""
    decoded = unquote(written)
    return decoded if is_task_id(decoded) else written


async def _task_types(shelf: Shelf, _variables: Mapping[str, str]) -> object:
    return [_summary(row) for row in shelf.catalog.rows]


def _summary(row: TaskType) -> dict[str, Any]:
    return {
        "task_type": row.name,
        "price_usd": None if row.price is None else float(row.price),
        "choose_it_for": row.choose,
        "needs": list(row.needed),
        "takes": list(row.allowed),
        "output": f"{row.output.resolution}, {row.output.length}",
        "output_confirmed": row.output.confirmed,
        "usual_seconds": row.usual_seconds,
        "details": f"wanx://task-types/{row.name}",
    }


async def _task_type(shelf: Shelf, variables: Mapping[str, str]) -> object:
    row = shelf.catalog.find(variables["task_type"])
    if row is None:
        raise ResourceNotFoundError("There is no such task type; wanx://task-types lists them all")
    return {**_summary(row), "schema": create_schema(Catalog((row,))), "example": example(row)}


async def _loras(shelf: Shelf, _variables: Mapping[str, str]) -> object:
    return {
        "loras": [asdict(lora) for lora in shown_loras(adult=shelf.settings.allow_adult)],
        "note": 'The list is open: other names are passed on. "?" means that nobody has said.',
    }


async def _camera_motions(shelf: Shelf, _variables: Mapping[str, str]) -> object:
    fields = {name: schema for row in shelf.catalog.rows for name, schema in properties(row.input).items()}
    return {
        "camera_motions": fields["motion_type"]["enum"],
        "task_types": [row.name for row in shelf.catalog.rows if "motion_type" in row.allowed],
        "motion_speed": fields["motion_speed"],
    }


async def _task(_shelf: Shelf, variables: Mapping[str, str]) -> object:
    studio = await current_access().studio()
    from wanx_mcp.server.arguments import GetArguments
    from wanx_mcp.server.calls import checked
    from wanx_mcp.server.replies import seen

    task_id = checked(GetArguments, {"task_id": variables["task_id"]}).task_id
    sight, entry = await studio.inspect(task_id)
    _, result = seen(sight, studio.settings)
    state = result.model_dump(mode="json", exclude_none=True)
    return {**state, "order": _order(entry, studio.settings.secrets)} if entry else state


def _order(entry: Entry, secrets: Iterable[str]) -> dict[str, Any]:
    """What was ordered, as the ledger keeps it: pictures are digests, and there is no webhook in it.

    Its texts are quoted like any stored prompt: without quotation marks, hidden characters and `secrets`.
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


async def _budget(_shelf: Shelf, _variables: Mapping[str, str]) -> object:
    studio = await current_access().studio()
    from wanx_mcp.server.formatting import budget

    return budget(await studio.spending()).model_dump(mode="json", exclude_none=True)


RESOURCES: tuple[ResourceRow, ...] = (
    ResourceRow(
        "wanx://task-types",
        "task-types",
        "WanX task types",
        "Every task type with its price in US dollars, what it is for, what it needs and takes.",
        _task_types,
    ),
    ResourceRow(
        "wanx://task-types/{task_type}",
        "task-type",
        "A WanX task type",
        "One task type with the exact JSON Schema of its order and an example.",
        _task_type,
    ),
    ResourceRow("wanx://loras", "loras", "WanX LoRAs", "LoRA names that are known, and what each does.", _loras),
    ResourceRow(
        "wanx://camera-motions",
        "camera-motions",
        "WanX camera motions",
        "The camera motions that motion_type takes.",
        _camera_motions,
    ),
    ResourceRow(
        "wanx://budget",
        "budget",
        "WanX budget",
        "What is booked in the last 24 hours, and what is left, in US dollars.",
        _budget,
        lasting=False,
    ),
    ResourceRow(
        TASKS + "{task_id}",
        "task",
        "A WanX task",
        "One task as it stands now, with what was ordered.",
        _task,
        lasting=False,
    ),
)


def find(uri: str) -> tuple[ResourceRow, Mapping[str, str]] | None:
    """The row behind `uri`, with its variables."""
    for row in RESOURCES:
        variables = row.match(uri)
        if variables is not None:
            return row, variables
    return None


def listed() -> list[Resource]:
    """The resources with a fixed address. Tasks are never enumerated here: list_wanx_tasks does that."""
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


async def read(shelf: Shelf, uri: str) -> ReadResourceContents | None:
    """The contents of `uri`, None if it is none of these rows.

    Raises ResourceNotFoundError for what does not exist, ResourceError with the error's text otherwise.
    """
    found = find(uri)
    if found is None:
        return None
    row, variables = found
    try:
        content = await row.read(shelf, variables)
    except (TaskNotFound, InvalidArguments) as error:
        raise ResourceNotFoundError(error.told()) from error
    except WanxError as error:
        raise ResourceError(error.told()) from error
    if shelf.settings.simulate and not row.lasting and isinstance(content, dict):
        content["simulated"] = True
    return ReadResourceContents(content=json.dumps(content, ensure_ascii=False, indent=1), mime_type=JSON)
