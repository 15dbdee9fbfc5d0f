"""Calls to the order's webhook when its task has completed or failed: at least once, three tries, loopback only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wanx_mcp.clock import Clock
from wanx_mcp.settings import is_loopback
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.patience import LockedError, patiently

if TYPE_CHECKING:
    from wanx_mcp.simulator.store import Store

TRIES = 3
PAUSE_SECONDS = 5.0
Post = Callable[[str, Mapping[str, Any], Mapping[str, str]], Awaitable[bool]]
"""Sends a JSON body with headers to an address; True for a 2xx."""


class Webhooks:
    """The calls that are still to be made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = {task.task_id for task in store.all() if _wants_a_call(task)}

    def expect(self, task: SimulatedTask) -> None:
        """A new task, which may want a call."""
        if _wants_a_call(task):
            self._waiting.add(task.task_id)

    async def deliver(
        self, now: datetime, show: Callable[[SimulatedTask], Mapping[str, Any]], clock: Clock, post: Post
    ) -> None:
        """Make every call that is due at `now`. `show` makes the task's JSON."""
        for task_id in list(self._waiting):
            with suppress(LockedError):  # the next round looks again
                await self._deliver(task_id, now, show, clock, post)

    async def _deliver(
        self,
        task_id: str,
        now: datetime,
        show: Callable[[SimulatedTask], Mapping[str, Any]],
        clock: Clock,
        post: Post,
    ) -> None:
        async def found() -> SimulatedTask | None:
            return self._store.find(task_id)

        task = await patiently(found)
        if task is not None and task.status(now) not in ("completed", "failed"):
            return
        self._waiting.discard(task_id)
        if task is None:
            return
        await _call(task, {"timestamp": int(now.timestamp()), "data": show(task)}, clock, post)
        called = replace(task, called=True)

        async def noted() -> None:
            self._store.save(called)

        await patiently(noted)


async def _call(task: SimulatedTask, body: Mapping[str, Any], clock: Clock, post: Post) -> None:
    secret = task.webhook.get("secret")
    headers = {"x-webhook-secret": secret} if secret else {}
    for attempt in range(TRIES):
        if attempt:
            await clock.sleep(PAUSE_SECONDS)
        if await post(task.webhook["endpoint"], body, headers):
            return


async def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """The real thing, over HTTP."""
    import httpx

    try:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            return (await client.post(url, json=body, headers=dict(headers))).is_success
    except httpx.HTTPError:
        return False


def _wants_a_call(task: SimulatedTask) -> bool:
    return not task.called and is_loopback(task.webhook.get("endpoint", ""))
