"""Where requests wait for the studio: the first one that needs it opens it, the end of the server closes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

if TYPE_CHECKING:
    from wanx_mcp.studio import Studio

Opening = Callable[[], "AbstractAsyncContextManager[Studio]"]


class Lobby:
    """The one studio of a server. Listing tools does not need it, so its rooms load with the first call."""

    def __init__(self, opening: Opening, group: TaskGroup) -> None:
        self._opening = opening
        self._group = group
        self._lock = anyio.Lock()
        self._over = anyio.Event()
        self._studio: Studio | None = None

    async def studio(self) -> Studio:
        """The studio, open."""
        async with self._lock:
            if self._studio is None:
                self._studio = await self._group.start(self._keep_open)
            return self._studio

    def close(self) -> None:
        """The studio may close: nobody asks any more."""
        self._over.set()

    async def _keep_open(self, *, task_status: TaskStatus[Studio]) -> None:
        async with self._opening() as studio:
            task_status.started(studio)
            await self._over.wait()


@asynccontextmanager
async def lobby(opening: Opening) -> AsyncIterator[Lobby]:
    """A lobby whose studio is closed at the end, if it was ever opened."""
    async with anyio.create_task_group() as group:
        entrance = Lobby(opening, group)
        try:
            yield entrance
        finally:
            entrance.close()


_CURRENT: ContextVar[Lobby] = ContextVar("lobby")


def current_lobby() -> Lobby:
    """The lobby of the request that is being answered: the SDK gives resources and completions no context."""
    return _CURRENT.get()


async def enter(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware: every request knows its lobby."""
    token = _CURRENT.set(ctx.lifespan_context)
    try:
        return await call_next(ctx)
    finally:
        _CURRENT.reset(token)
