"""The Tasks extension (SEP-2663): a long tool call is answered with a handle that the client polls.
It keeps nothing itself; how a call stands is asked of `LongCalls` each time.
Source: modelcontextprotocol/ext-tasks, specification/draft/tasks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, assert_never

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import require_client_extension
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, ErrorData, RequestParams
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from wanx_mcp.times import iso

EXTENSION = "io.modelcontextprotocol/tasks"
ERAS = frozenset({"2026-07-28"})
"""An older client may name the extension too, but its protocol has no room for a handle."""


@dataclass(frozen=True, slots=True)
class Working:
    """The call goes on; `message` is for a person, `poll_seconds` when to ask again."""

    message: str
    poll_seconds: float


@dataclass(frozen=True, slots=True)
class Asking:
    """The call waits for the client's answers to `requests`."""

    requests: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """The call has its result, a tool error included."""

    result: CallToolResult


@dataclass(frozen=True, slots=True)
class Broken:
    """The call ended in an error of the protocol."""

    error: ErrorData


@dataclass(frozen=True, slots=True)
class Dropped:
    """The call was cancelled before it had a result."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One long call as it stands."""

    task_id: str
    created_at: datetime
    updated_at: datetime
    standing: Working | Asking | Finished | Broken | Dropped


class LongCalls(Protocol):
    """The seam: which calls take long, and how they stand. Every method may be asked after a restart."""

    async def start(
        self, call: CallToolRequestParams, ctx: ServerRequestContext[Any, Any]
    ) -> Handle | CallToolResult | None:
        """A handle for a call that takes long and can be read from now on, or the result where it is known already.
        None: the call is answered as usual."""

    async def read(self, task_id: str, ctx: ServerRequestContext[Any, Any]) -> Handle | None:
        """How the call stands, None if nobody knows that id."""

    async def answer(self, task_id: str, answers: Mapping[str, Any], ctx: ServerRequestContext[Any, Any]) -> bool:
        """The client's answers; those to questions that are not open are ignored. False if nobody knows that id."""

    async def cancel(self, task_id: str, ctx: ServerRequestContext[Any, Any]) -> bool:
        """The client waits no longer. False if nobody knows that id."""


class TaskParams(RequestParams):
    """What the methods take; answers come with updates only."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    task_id: str
    input_responses: dict[str, Any] = Field(default_factory=dict)


class Tasks(Extension):
    """Handles for the calls that `calls` says take long, to clients that declared the extension in that request."""

    identifier = EXTENSION

    def __init__(self, calls: LongCalls) -> None:
        self._calls = calls

    def methods(self) -> Sequence[MethodBinding]:
        handlers = {"tasks/get": self._get, "tasks/update": self._update, "tasks/cancel": self._cancel}
        return [MethodBinding(method, TaskParams, handler, ERAS) for method, handler in handlers.items()]

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        if ctx.protocol_version in ERAS and _declared(ctx):
            started = await self._calls.start(params, ctx)
            if isinstance(started, Handle):
                return {"resultType": "task", **_wire(started, whole=False)}
            if started is not None:
                return started
        return await call_next(ctx)

    async def _get(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, EXTENSION)
        handle = await self._calls.read(params.task_id, ctx)
        if handle is None:
            raise _unknown()
        return {"resultType": "complete", **_wire(handle, whole=True)}

    async def _update(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, EXTENSION)
        return _taken(await self._calls.answer(params.task_id, params.input_responses, ctx))

    async def _cancel(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, EXTENSION)
        return _taken(await self._calls.cancel(params.task_id, ctx))


def _declared(ctx: ServerRequestContext[Any, Any]) -> bool:
    capabilities = ctx.session.client_capabilities
    return bool(capabilities and EXTENSION in (capabilities.extensions or {}))


def _taken(known: bool) -> HandlerResult:
    if not known:
        raise _unknown()
    return {"resultType": "complete"}


def _unknown() -> MCPError:
    return MCPError(code=INVALID_PARAMS, message="Unknown task")


def _wire(handle: Handle, *, whole: bool) -> dict[str, Any]:
    """The task as the protocol carries it. Its result or error travels only where `whole` says so."""
    task = {
        "taskId": handle.task_id,
        "createdAt": iso(handle.created_at, "milliseconds"),
        "lastUpdatedAt": iso(handle.updated_at, "milliseconds"),
        "ttlMs": None,
    }
    match handle.standing:
        case Working(message, poll_seconds):
            poll = {"pollIntervalMs": round(poll_seconds * 1000)}
            return {**task, "status": "working", "statusMessage": message, **poll}
        case Asking(requests):
            return {**task, "status": "input_required", **({"inputRequests": dict(requests)} if whole else {})}
        case Finished(result):
            dumped = result.model_dump(by_alias=True, mode="json", exclude_none=True)
            return {**task, "status": "completed", **({"result": dumped} if whole else {})}
        case Broken(error):
            dumped = error.model_dump(by_alias=True, mode="json", exclude_none=True)
            return {**task, "status": "failed", **({"error": dumped} if whole else {})}
        case Dropped():
            return {**task, "status": "cancelled"}
        case _:
            assert_never(handle.standing)
