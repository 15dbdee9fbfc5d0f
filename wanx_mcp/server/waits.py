"""Waiting for a video as a long call: its handle is the provider's own task id, so a restart loses nothing."""

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
from wanx_mcp.server.card import with_legend
from wanx_mcp.server.lobby import Lobby
from wanx_mcp.server.tasks import Finished, Handle, Working
from wanx_mcp.toolnames import GET

if TYPE_CHECKING:
    from wanx_mcp.studio import Sight, Studio

SHORTEST_POLL, LONGEST_POLL = HANDLE_POLL_SECONDS
MINUTE = 60.0
ENDING = (NotConfigured, Unauthorized)
"""Only what the operator has to mend ends a wait with an error. Any other trouble of one read says nothing about the
task, and a handle that has ended never comes back."""


class VideoWaits:
    """The seam of the Tasks extension over `get_wanx_task`: cancelling ends the wait, never the paid order."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._polled: dict[str, datetime] = {}

    async def start(
        self, call: CallToolRequestParams, ctx: ServerRequestContext[Lobby, Any]
    ) -> Handle | CallToolResult | None:
        """A handle for a wait that is worth one. A task that has ended, and every error, is answered at once."""
        if call.name != GET:
            return None
        try:
            studio = await ctx.lifespan_context.studio()
        except WanxError:  # the tool says it
            return None
        from wanx_mcp.server.arguments import GetArguments
        from wanx_mcp.server.border import failure
        from wanx_mcp.server.calls import checked

        try:
            asked = checked(GetArguments, call.arguments or {})
        except WanxError:
            return None
        if asked.wait_seconds <= 0:
            return None
        try:
            sight = await _look(studio, asked.task_id)
        except WanxError as error:  # as the tool would say it, which would have to ask the provider again
            return failure(error, studio)
        return None if sight.settled else self._working(studio, sight)

    async def read(self, task_id: str, ctx: ServerRequestContext[Lobby, Any]) -> Handle | None:
        """The task as it stands now, with the result that the tool would have given once it has ended.

        Raises MCPError if the provider can't be asked about a task that the ledger doesn't know either.
        """
        try:
            studio = await ctx.lifespan_context.studio()
        except WanxError as error:
            raise MCPError(code=INTERNAL_ERROR, message=error.told()) from error
        from wanx_mcp.server.border import failure, success
        from wanx_mcp.server.replies import seen

        self._polled.pop(task_id, None)
        try:
            sight = await _look(studio, task_id)
        except (TaskNotFound, InvalidArguments):
            return None
        except ENDING as error:
            return self._handle(task_id, None, Finished(failure(error, studio)))
        except WanxError as error:
            return await self._waiting(studio, task_id, error)
        if not sight.settled:
            return self._working(studio, sight)
        result = success(seen(sight, studio.settings), simulated=studio.settings.simulate)
        return self._handle(task_id, sight.task.created_at, Finished(await with_legend(result, studio, ctx)))

    async def answer(self, task_id: str, _answers: Mapping[str, Any], ctx: ServerRequestContext[Lobby, Any]) -> bool:
        """Nothing is ever asked, so every answer is ignored."""
        return await self.read(task_id, ctx) is not None

    async def cancel(self, task_id: str, ctx: ServerRequestContext[Lobby, Any]) -> bool:
        """Nothing runs here that could be stopped: the client just asks no more."""
        known = await self.read(task_id, ctx) is not None
        self._polled.pop(task_id, None)
        return known

    def _working(self, studio: Studio, sight: Sight) -> Handle:
        from wanx_mcp.server.replies import progress_words

        poll = sight.pace.next_look(math.inf) if sight.pace else SHORTEST_POLL
        pause = max(min(max(poll, SHORTEST_POLL), LONGEST_POLL), self._share(studio, sight.task.task_id))
        standing = Working(progress_words(sight), pause)
        return self._handle(sight.task.task_id, sight.task.created_at, standing)

    def _share(self, studio: Studio, task_id: str) -> float:
        """Seconds between the polls of one handle if those that are followed now are to cause no more reads together
        than waiting may. A handle that has missed two polls is followed no more."""
        now, settings = self._now(), studio.settings
        self._polled[task_id] = now
        each = MINUTE / (settings.reads_per_minute * settings.speed)
        patience = timedelta(seconds=2 * max(LONGEST_POLL, each * len(self._polled)))
        self._polled = {name: polled for name, polled in self._polled.items() if now - polled <= patience}
        return each * len(self._polled)

    async def _waiting(self, studio: Studio, task_id: str, error: WanxError) -> Handle:
        """A task of ours goes on, whatever became of this read."""
        try:
            entry = await studio.known(task_id)
        except WanxError:
            entry = None
        if entry is None:
            raise MCPError(code=INTERNAL_ERROR, message=error.told()) from error
        pause = max(LONGEST_POLL, self._share(studio, task_id))
        return self._handle(task_id, entry.created_at, Working(f"the last look failed: {error.what}", pause))

    def _handle(self, task_id: str, created_at: datetime | None, standing: Working | Finished) -> Handle:
        now = self._now()
        return Handle(task_id, created_at or now, now, standing)


async def _look(studio: Studio, task_id: str) -> Sight:
    from wanx_mcp.server.arguments import GetArguments
    from wanx_mcp.server.calls import checked

    async def silent(_news: object) -> None: ...

    return await studio.get(checked(GetArguments, {"task_id": task_id}).task_id, wait=0, report=silent)
