"""The provider's API, one method for each endpoint [contract 0, 7]."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import unquote

from wanx_mcp.errors import InvalidOrder, ProviderFault
from wanx_mcp.provider.answers import Task, read_task, read_upload
from wanx_mcp.provider.rows import read_rows
from wanx_mcp.provider.verdict import cancel_error, order_error, read_error
from wanx_mcp.provider.wallet import Wallet, read_wallet, shape
from wanx_mcp.provider.wire import FoundT, Outcome, Wire
from wanx_mcp.quoting import quote
from wanx_mcp.taskid import same_id

TASKS = "/api/v1/task"
HISTORY = "/api/open/tasks/histories"
UPLOADS = "/api/ephemeral_resource"
ACCOUNT = "/account/info"
LOOKED_FOR = {
    ACCOUNT: ("data.plan", "data.equivalent_in_usd", "data.max_concurrent_task_count", "data.is_enable"),
    HISTORY: ("data.data", "data.total"),
}
"""The fields without which an answer is of less use."""

LONG = 16
"""Characters from which a secret is no ordinary word: a link that holds one is not shown."""

QUOTED = 200
"""Characters of the provider's own words in an error."""

PAGE_SIZE = 100
MAX_PAGES = 50


class Provider:
    """Typed calls over a Wire, and over another to the host that takes files. `secrets` never come back in any text."""

    def __init__(self, wire: Wire, uploads: Wire, *, loopback: bool, secrets: tuple[str, ...] = ()) -> None:
        self._wire = wire
        self._uploads = uploads
        self._loopback = loopback
        self._secrets = secrets

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._wire.aclose()
        await self._uploads.aclose()

    def encode(self, payload: Mapping[str, Any]) -> bytes:
        """The request body of an order. Raises InvalidOrder for text that cannot be sent, before anything is."""
        try:
            return json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            raise InvalidOrder("the order holds text or numbers that cannot be sent") from None

    async def create(self, content: bytes, *, within: float, words: int = QUOTED) -> Task:
        """Place the encoded order; repeats take at most `within` seconds (0: none). Quotes up to `words` characters.

        Raises a WanxError with `charged` no if it certainly was not accepted, OutcomeUnknown if nobody knows.
        """
        outcome = await self._wire.order(TASKS, content, parse=self._task, within=within)
        if outcome.found is None:
            raise order_error(outcome, lambda said: self.quote(said, words))
        return outcome.found

    async def get(self, task_id: str, *, within: float, patient: bool = True) -> Task:
        """The task as it stands; a `patient` question is repeated. Raises TaskNotFound and the errors of a read."""
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("GET", path, parse=self._task, within=within, patient=patient)
        if outcome.found is None:
            raise read_error(outcome, self.quote, about_task=True)
        if not same_id(outcome.found.task_id, task_id):
            raise ProviderFault("the provider's answer is about another task than the one that was asked for")
        return replace(outcome.found, task_id=task_id)

    async def cancel(self, task_id: str, *, within: float) -> None:
        """Ask to cancel a pending task: documented for sister models, best effort here [contract 7.1].

        Raises CannotCancel where the provider will not, TaskNotFound where it answers 404 (which can also
        mean that it has no such endpoint).
        """
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("DELETE", path, parse=lambda _body: True, within=within)
        if outcome.found:
            return
        raise cancel_error(outcome, self.quote)

    async def upload(self, name: str, content: bytes, *, within: float) -> str:
        """Put a file where orders can point at it, for 24 h; free, so it is repeated like a read. Its address.

        Raises the errors of a read: Refused where the plan does not allow uploads [contract 7.5].
        """
        body = {"file_name": name, "file_data": b64encode(content).decode()}
        return self._found(await self._uploads.read("POST", UPLOADS, parse=self._upload, within=within, body=body))

    @property
    def skew(self) -> timedelta:
        """By how much the provider's clock is ahead of ours."""
        return timedelta(seconds=self._wire.skew)

    async def history(self, since: datetime, until: datetime, *, within: float) -> list[Task]:
        """Every task of this account between two moments of the provider's clock, as thin rows.

        Raises the errors of a read; an incomplete reading is an error, never a short list [contract 7.4].
        """
        found: dict[str, Task] = {}
        for page in range(1, MAX_PAGES + 1):
            query: dict[str, str | int] = {
                "page": page,
                "page_size": PAGE_SIZE,
                "model": "wan",
                "start_time": math.floor(since.timestamp()),
                "end_time": math.ceil(until.timestamp()),
            }
            rows, total = self._found(
                await self._wire.read("GET", HISTORY, query=query, parse=read_rows, within=within)
            )
            for row in rows:
                if row.task_id is None:
                    raise ProviderFault("the task history holds a row that cannot be read")
                found[row.task_id] = Task(
                    row.task_id, row.status, row.provider_status, row.task_type, row.model, row.created_at
                )
            if len(found) >= total if total is not None else not rows:
                return list(found.values())
            if not rows:
                raise ProviderFault("the task history ends before the number of tasks that it speaks of")
        raise ProviderFault("the task history is too long to be read")

    async def wallet(self, *, within: float) -> Wallet | None:
        """The account's plan and balance, None if the answer has another shape. Raises the errors of a read."""
        return read_wallet(self._found(await self._wire.read("GET", ACCOUNT, parse=_anything, within=within)))

    async def reach_uploads(self, *, within: float) -> None:
        """Knock at the host that takes files; whatever it answers is good. Raises Unreachable."""
        outcome = await self._uploads.read("GET", UPLOADS, parse=_anything, within=within, patient=False)
        if outcome.outage is not None:
            raise outcome.outage

    async def shapes(self, *, within: float) -> dict[str, list[str]]:
        """The fields that the account and the newest row of the history really have, by path. Raises the errors
        of a read. Values are left out, save for a few words that are nobody's secret."""
        asked: dict[str, dict[str, str | int]] = {ACCOUNT: {}, HISTORY: {"page": 1, "page_size": 1, "model": "wan"}}
        found = {}
        for path, query in asked.items():
            outcome = await self._wire.read("GET", path, query=query, parse=_anything, within=within)
            found[path] = shape(self._found(outcome), self.quote)
        return found

    def quote(self, words: str, limit: int = QUOTED) -> str:
        """The provider's `words`, short, harmless, without secrets and links."""
        return quote(words, limit, self._secrets, links=False)

    def _task(self, body: Any) -> Task | None:
        task = read_task(body, trusted_loopback=self._loopback)
        if task is None:
            return None
        return replace(
            task,
            provider_status=self.quote(task.provider_status),
            task_type=task.task_type and self.quote(task.task_type),
            video_url=None if self._gives_away(task.video_url or "") else task.video_url,
            error_message=task.error_message and self.quote(task.error_message),
        )

    def _gives_away(self, link: str) -> bool:
        """Whether a link holds a secret. A short one does not count: it can be an ordinary word of the address."""
        shown = unquote(link)
        return any(secret in shown for secret in self._secrets if len(secret) >= LONG)

    def _upload(self, body: Any) -> str | None:
        return read_upload(body, trusted_loopback=self._loopback)

    def _found(self, outcome: Outcome[FoundT]) -> FoundT:
        if outcome.found is None:
            raise read_error(outcome, self.quote)
        return outcome.found


def _anything(body: dict[str, Any]) -> dict[str, Any] | None:
    return body or None
