"""The client's side of the Tasks extension (SEP-2663): declares it, and asks about handles until there is a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from wanx_mcp.clock import Clock

WIRE = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class TaskParams(RequestParams):
    model_config = WIRE
    task_id: str


class TaskRequest(Request[TaskParams, str]):
    method: str
    params: TaskParams


class Standing(Result):
    """What `tasks/get` answers."""

    model_config = WIRE
    task_id: str
    status: str
    created_at: str
    last_updated_at: str
    ttl_ms: int | None = None
    status_message: str | None = None
    poll_interval_ms: int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Created(Standing):
    """The handle itself."""

    result_type: Literal["task"] = "task"


class Anything(Result):
    model_config = ConfigDict(extra="allow")


async def ask(session: Any, method: str, task_id: str) -> dict[str, Any]:
    """The raw answer of one of the three methods. Raises MCPError."""
    request = TaskRequest(method=method, params=TaskParams(task_id=task_id))
    answer = await session.send_request(request, Anything)
    return dict(answer.model_dump(by_alias=True, exclude_none=True))


async def standing(session: Any, task_id: str) -> Standing:
    """How the call behind a handle stands."""
    return Standing.model_validate(await ask(session, "tasks/get", task_id), by_name=False)


class Handles(ClientExtension):
    """Follows handles by the clock of the test."""

    identifier = "io.modelcontextprotocol/tasks"

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock
        self.created: list[Created] = []

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Created, resolve=self._resolve)]

    async def _resolve(self, created: Created, ctx: ClaimContext) -> CallToolResult:
        self.created.append(created)
        assert self.clock
        seen: Standing = created
        while seen.status == "working":
            await self.clock.sleep((seen.poll_interval_ms or 0) / 1000)
            seen = await standing(ctx.session, created.task_id)
        assert seen.result is not None, seen
        return CallToolResult.model_validate(seen.result, by_name=False)
