"""A server with the long calls that the official scenarios `tasks-*` expect, on the same Tasks extension as ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, require_client_extension
from mcp.types import CallToolRequestParams, CallToolResult, ErrorData, TextContent

from wanx_mcp.server.tasks_extension import EXTENSION, Asking, Broken, Dropped, Finished, Handle, Tasks, Working

QUESTION = {
    "method": "elicitation/create",
    "params": {
        "mode": "form",
        "message": "Go on?",
        "requestedSchema": {"type": "object", "properties": {"confirm": {"type": "boolean"}}},
    },
}


@dataclass(frozen=True)
class Job:
    """One long call, which ends as `end` says: at `ends_at`, but not before every question is answered."""

    begun_at: datetime
    ends_at: datetime
    end: Finished | Broken
    questions: tuple[str, ...] = ()
    dropped: bool = False


def said(words: str, *, is_error: bool = False) -> Finished:
    return Finished(CallToolResult(content=[TextContent(type="text", text=words)], is_error=is_error))


class Jobs:
    """The scenarios' long calls, kept in memory."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    async def start(self, call: CallToolRequestParams, _ctx: Any) -> Handle | None:
        given = call.arguments or {}
        seconds, questions = 1.0, 0
        end: Finished | Broken
        match call.name:
            case "slow_compute":
                seconds, end = float(given.get("seconds", 0)), said("computed")
            case "failing_job":
                end = said("the job failed", is_error=True)
            case "protocol_error_job":
                end = Broken(ErrorData(code=-32603, message="the job broke"))
            case "confirm_delete":
                seconds, questions, end = 0.1, 1, said("deleted")
            case "multi_input":
                seconds, questions, end = 0.1, 2, said("both told")
            case _:
                return None
        if seconds == 0:
            return None
        now, name = datetime.now(UTC), str(uuid4())
        asked = tuple(str(uuid4()) for _ in range(questions))
        self._jobs[name] = Job(now, now + timedelta(seconds=seconds), end, asked)
        return await self.read(name, _ctx)

    async def read(self, task_id: str, _ctx: Any) -> Handle | None:
        job = self._jobs.get(task_id)
        if job is None:
            return None
        now = datetime.now(UTC)
        standing: Dropped | Asking | Finished | Broken | Working = Working("at work", 0.25)
        if job.dropped:
            standing = Dropped()
        elif job.questions:
            standing = Asking(dict.fromkeys(job.questions, QUESTION))
        elif now >= job.ends_at:
            standing = job.end
        return Handle(task_id, job.begun_at, now, standing)

    async def answer(self, task_id: str, answers: Mapping[str, Any], _ctx: Any) -> bool:
        if job := self._jobs.get(task_id):
            left = tuple(question for question in job.questions if question not in answers)
            self._jobs[task_id] = replace(job, questions=left)
        return task_id in self._jobs

    async def cancel(self, task_id: str, _ctx: Any) -> bool:
        handle = await self.read(task_id, _ctx)
        if handle and isinstance(handle.state, Working | Asking):
            self._jobs[task_id] = replace(self._jobs[task_id], dropped=True)
        return handle is not None


def build() -> MCPServer[Any]:
    """The server. Its tools only answer clients that did not get a handle."""
    server: MCPServer[Any] = MCPServer("tasks-fixture", extensions=[Tasks(Jobs())])

    @server.tool()
    async def greet(name: str) -> str:
        return f"Hello, {name}!"

    @server.tool()
    async def slow_compute(seconds: float = 0, label: str = "") -> str:
        return "computed"

    @server.tool()
    async def failing_job(ctx: Context[Any]) -> str:
        require_client_extension(ctx.request_context, EXTENSION)
        return "unreachable"

    @server.tool()
    async def protocol_error_job() -> str:
        return "broken only as a task"

    @server.tool()
    async def confirm_delete(filename: str) -> str:
        return "not deleted"

    @server.tool()
    async def multi_input() -> str:
        return "not told"

    return server
