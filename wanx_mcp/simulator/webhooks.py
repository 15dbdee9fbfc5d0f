"""Webhook calls when a task has completed or failed: at least once, up to three attempts, loopback only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wanx_mcp.addresses import is_loopback
from wanx_mcp.clock import Clock
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.locking import LockedError, retry_while_locked
from wanx_mcp.transport.problem import SettingError
from wanx_mcp.transport.trust import tls_context

if TYPE_CHECKING:
    from wanx_mcp.simulator.store import Store

WEBHOOK_ATTEMPTS = 3
WEBHOOK_RETRY_SECONDS = 5.0
Post = Callable[[str, Mapping[str, Any], Mapping[str, str]], Awaitable[bool]]
"""Posts a JSON body with headers to a URL. Returns whether the answer was a 2xx."""


class Webhooks:
    """The webhook calls that are still to be made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = {task.task_id for task in store.all() if _wants_a_call(task)}

    def expect(self, task: SimulatedTask) -> None:
        """Note a new task, in case its order names a webhook."""
        if _wants_a_call(task):
            self._waiting.add(task.task_id)

    async def deliver(
        self, now: datetime, show: Callable[[SimulatedTask], Mapping[str, Any]], clock: Clock, post: Post
    ) -> None:
        """Make every call that is due at `now`. `show` returns the JSON of a task."""
        for task_id in list(self._waiting):
            with suppress(LockedError):  # the next round tries again
                await self._deliver(task_id, now, show, clock, post)

    async def _deliver(
        self,
        task_id: str,
        now: datetime,
        show: Callable[[SimulatedTask], Mapping[str, Any]],
        clock: Clock,
        post: Post,
    ) -> None:
        task = await retry_while_locked(lambda: self._store.find(task_id))
        if task is not None and task.status(now) not in ("completed", "failed"):
            return
        self._waiting.discard(task_id)
        if task is None:
            return
        await _call(task, {"timestamp": int(now.timestamp()), "data": show(task)}, clock, post)
        called = replace(task, called=True)
        await retry_while_locked(lambda: self._store.save(called))


async def _call(task: SimulatedTask, body: Mapping[str, Any], clock: Clock, post: Post) -> None:
    secret = task.webhook.get("secret")
    headers = {"x-webhook-secret": secret} if secret else {}
    for attempt in range(WEBHOOK_ATTEMPTS):
        if attempt:
            await clock.sleep(WEBHOOK_RETRY_SECONDS)
        if await post(task.webhook["endpoint"], body, headers):
            return


async def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    """Post over HTTP."""
    import httpx

    try:
        verify = tls_context() if url.startswith("https:") else False
        async with httpx.AsyncClient(verify=verify, trust_env=False, timeout=10) as client:
            return (await client.post(url, json=body, headers=dict(headers))).is_success
    except (httpx.HTTPError, SettingError):
        return False


def _wants_a_call(task: SimulatedTask) -> bool:
    return not task.called and is_loopback(task.webhook.get("endpoint", ""))
