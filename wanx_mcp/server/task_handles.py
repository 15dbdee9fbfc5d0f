"""Task handles for a get that waits. The handle is the provider's task id, so that a restart loses nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolRequestParams, CallToolResult

from wanx_mcp.errors import InvalidArguments, NotConfigured, TaskNotFound, Unauthorized, WanxError
from wanx_mcp.limits import HANDLE_POLL_SECONDS
from wanx_mcp.server.card import with_card_extras
from wanx_mcp.server.studio_access import StudioAccess
from wanx_mcp.server.tasks_extension import Finished, Handle, Working
from wanx_mcp.toolnames import GET

if TYPE_CHECKING:
    from wanx_mcp.studio import Studio, TaskView

SHORTEST_POLL, LONGEST_POLL = HANDLE_POLL_SECONDS
MINUTE = 60.0
STOPPING = "Stopping ends this wait, not the paid order"

# A handle that has ended cannot be resumed, and most failed reads say nothing about the task.
ENDING = (NotConfigured, Unauthorized)
"""The errors that end a wait: only the operator can fix them."""


class VideoWaits:
    """Long calls of `get_wanx_task`, for the Tasks extension. Cancelling one ends the wait, never the paid order."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._polled: dict[str, datetime] = {}

    async def start(
        self, call: CallToolRequestParams, ctx: ServerRequestContext[StudioAccess, Any]
    ) -> Handle | CallToolResult | None:
        """A handle if there is something to wait for; an error of the read as a result; None for every other call."""
        if call.name != GET:
            return None
        try:
            studio = await ctx.lifespan_context.studio()
        except WanxError:  # the tool itself reports it
            return None
        from wanx_mcp.server.arguments import GetArguments, without_host_arguments
        from wanx_mcp.server.calls import parse_arguments
        from wanx_mcp.server.tool_adapter import failure, id_remark

        try:
            asked = parse_arguments(GetArguments, without_host_arguments(call.arguments or {}))
        except WanxError:
            return None
        if asked.wait_seconds <= 0:
            return None
        try:
            view = await _read_now(studio, asked.task_id)
        except WanxError as error:  # reported here: the tool would have to ask the provider again
            return failure(error, studio, id_remark(error, asked.task_id))
        return None if view.settled else self._working(studio, view)

    async def read(self, task_id: str, ctx: ServerRequestContext[StudioAccess, Any]) -> Handle | None:
        """The current state of the task, with the tool's result once it has ended.

        Raises MCPError if the task cannot be read and the ledger does not know it either.
        """
        try:
            studio = await ctx.lifespan_context.studio()
        except WanxError as error:
            raise MCPError(code=INTERNAL_ERROR, message=error.text()) from error
        from wanx_mcp.server.task_replies import task_state
        from wanx_mcp.server.tool_adapter import failure, success

        self._polled.pop(task_id, None)
        try:
            view = await _read_now(studio, task_id)
        except (TaskNotFound, InvalidArguments):
            return None
        except ENDING as error:
            return self._handle(task_id, None, Finished(failure(error, studio)))
        except WanxError as error:
            return await self._waiting(studio, task_id, error)
        if not view.settled:
            return self._working(studio, view)
        view = await studio.videos.with_file(view, LONGEST_POLL)  # a handle that has ended cannot be resumed
        result = success(task_state(view, studio.settings), simulated=studio.settings.simulate)
        return self._handle(task_id, view.task.created_at, Finished(await with_card_extras(result, studio, ctx)))

    async def answer(
        self, task_id: str, _answers: Mapping[str, Any], ctx: ServerRequestContext[StudioAccess, Any]
    ) -> bool:
        """Ignores the answers: no call of ours asks for input."""
        return await self.read(task_id, ctx) is not None

    async def cancel(self, task_id: str, ctx: ServerRequestContext[StudioAccess, Any]) -> bool:
        """Forget the handle. Nothing runs here that could be stopped."""
        known = await self.read(task_id, ctx) is not None
        self._polled.pop(task_id, None)
        return known

    def _working(self, studio: Studio, view: TaskView) -> Handle:
        from wanx_mcp.server.task_replies import progress_words

        poll = view.pace.next_look(math.inf) if view.pace else SHORTEST_POLL
        pause = max(min(max(poll, SHORTEST_POLL), LONGEST_POLL), self._share(studio, view.task.task_id))
        words = f"the last read failed: {view.problem}" if view.problem else progress_words(view)
        state = Working(f"{words}. {STOPPING}", pause)
        return self._handle(view.task.task_id, view.task.created_at, state)

    def _share(self, studio: Studio, task_id: str) -> float:
        """Seconds between polls of one handle, so that all handles together stay within the limit of reads per minute.

        A handle that has missed two polls does not count any more.
        """
        now, settings = self._now(), studio.settings
        self._polled[task_id] = now
        each = MINUTE / (settings.reads_per_minute * settings.speed)
        expiry = timedelta(seconds=2 * max(LONGEST_POLL, each * len(self._polled)))
        self._polled = {name: polled for name, polled in self._polled.items() if now - polled <= expiry}
        return each * len(self._polled)

    async def _waiting(self, studio: Studio, task_id: str, error: WanxError) -> Handle:
        """A task that the ledger knows is still working, although this read failed. Raises MCPError for any other."""
        try:
            entry = await studio.known(task_id)
        except WanxError:
            entry = None
        if entry is None:
            raise MCPError(code=INTERNAL_ERROR, message=error.text()) from error
        pause = max(LONGEST_POLL, self._share(studio, task_id))
        return self._handle(
            task_id, entry.created_at, Working(f"the last read failed: {error.what}. {STOPPING}", pause)
        )

    def _handle(self, task_id: str, created_at: datetime | None, state: Working | Finished) -> Handle:
        now = self._now()
        return Handle(task_id, created_at or now, now, state)


async def _read_now(studio: Studio, task_id: str) -> TaskView:
    from wanx_mcp.server.arguments import GetArguments
    from wanx_mcp.server.calls import parse_arguments

    async def no_progress(_news: object) -> None: ...

    return await studio.get(parse_arguments(GetArguments, {"task_id": task_id}).task_id, wait=0, report=no_progress)
