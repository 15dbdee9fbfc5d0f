"""The Tasks extension (SEP-2663): a long tool call is answered with a handle that the client polls.
It stores nothing: `LongCalls` is asked for the state of a call each time.
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
"""Protocol versions with task handles. An older client may name the extension, but cannot read a handle."""


@dataclass(frozen=True, slots=True)
class Working:
    """The call is running. `message` is for a person; `poll_seconds`: when to poll again."""

    message: str
    poll_seconds: float


@dataclass(frozen=True, slots=True)
class Asking:
    """The call needs the client's answers to `requests`."""

    requests: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finished:
    """The call has a result, which can be a tool error."""

    result: CallToolResult


@dataclass(frozen=True, slots=True)
class Broken:
    """The call ended in a protocol error."""

    error: ErrorData


@dataclass(frozen=True, slots=True)
class Dropped:
    """The call was cancelled before it had a result."""


@dataclass(frozen=True, slots=True)
class Handle:
    """One long call and its state."""

    task_id: str
    created_at: datetime
    updated_at: datetime
    state: Working | Asking | Finished | Broken | Dropped


class LongCalls(Protocol):
    """The long calls behind the extension. Every method must work after a restart too."""

    async def start(
        self, call: CallToolRequestParams, ctx: ServerRequestContext[Any, Any]
    ) -> Handle | CallToolResult | None:
        """A handle for a long call, or its result if that is known already. None: handle the call as usual."""

    async def read(self, task_id: str, ctx: ServerRequestContext[Any, Any]) -> Handle | None:
        """The state of the call, None for an unknown id."""

    async def answer(self, task_id: str, answers: Mapping[str, Any], ctx: ServerRequestContext[Any, Any]) -> bool:
        """Take the client's answers; those to questions that are not open are ignored. False for an unknown id."""

    async def cancel(self, task_id: str, ctx: ServerRequestContext[Any, Any]) -> bool:
        """Note that the client stopped waiting. False for an unknown id."""


class TaskParams(RequestParams):
    """The parameters of the three methods; only updates have answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    task_id: str
    input_responses: dict[str, Any] = Field(default_factory=dict)


class Tasks(Extension):
    """Answers long calls with handles, if the client declared the extension in the request."""

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
        return _acknowledged(await self._calls.answer(params.task_id, params.input_responses, ctx))

    async def _cancel(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> HandlerResult:
        require_client_extension(ctx, EXTENSION)
        return _acknowledged(await self._calls.cancel(params.task_id, ctx))


def _declared(ctx: ServerRequestContext[Any, Any]) -> bool:
    capabilities = ctx.session.client_capabilities
    return bool(capabilities and EXTENSION in (capabilities.extensions or {}))


def _acknowledged(known: bool) -> HandlerResult:
    if not known:
        raise _unknown()
    return {"resultType": "complete"}


def _unknown() -> MCPError:
    return MCPError(code=INVALID_PARAMS, message="Unknown task")


def _wire(handle: Handle, *, whole: bool) -> dict[str, Any]:
    """The task as the protocol carries it; with its result or error only if `whole`."""
    task = {
        "taskId": handle.task_id,
        "createdAt": iso(handle.created_at, "milliseconds"),
        "lastUpdatedAt": iso(handle.updated_at, "milliseconds"),
        "ttlMs": None,
    }
    match handle.state:
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
            assert_never(handle.state)
