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

from wanx_mcp.errors import CannotCancel, InvalidOrder, ProviderFault, RateLimited, TaskNotFound, WanxError
from wanx_mcp.provider.answers import Task, read_rows, read_task, read_upload
from wanx_mcp.provider.verdict import order_error, read_error
from wanx_mcp.provider.wallet import Wallet, read_wallet, shape
from wanx_mcp.provider.wire import Outcome, Wire
from wanx_mcp.quoting import clean, without, without_links
from wanx_mcp.retry import Fate

TASKS = "/api/v1/task"
HISTORY = "/api/open/tasks/histories"
UPLOADS = "/api/ephemeral_resource"
ACCOUNT = "/account/info"
LOOKED_FOR = {
    ACCOUNT: ("data.plan", "data.equivalent_in_usd", "data.max_concurrent_task_count", "data.is_enable"),
    HISTORY: ("data.data", "data.total"),
}
"""The fields without which an answer is of less use."""

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
        outcome = await self._wire.order(TASKS, content, sensible=self._has_task, within=within)
        task = self._task(outcome)
        if task is None:
            raise order_error(outcome, lambda said: self.quote(said, words))
        return task

    async def get(self, task_id: str, *, within: float, patient: bool = True) -> Task:
        """The task as it stands; a `patient` question is repeated. Raises TaskNotFound and the errors of a read."""
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("GET", path, sensible=self._has_task, within=within, patient=patient)
        task = self._task(outcome) if outcome.fate is Fate.ANSWERED and not _refused(outcome) else None
        if task is None:
            raise read_error(outcome, self.quote)
        return task

    async def cancel(self, task_id: str, *, within: float) -> None:
        """Ask to cancel a pending task: documented for sister models, best effort here [contract 7.1].

        Raises CannotCancel where the provider will not, TaskNotFound where it answers 404 (which can also
        mean that it has no such endpoint).
        """
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("DELETE", path, sensible=lambda _body: True, within=within)
        if outcome.fate is Fate.ANSWERED and not _refused(outcome):
            return
        error = read_error(outcome, self.quote)
        raise error if _stands(outcome, error) else CannotCancel(f"the provider will not cancel it: {error.what}")

    async def upload(self, name: str, content: bytes, *, within: float) -> str:
        """Put a file where orders can point at it, for 24 h; free, so it is repeated like a read. Its address.

        Raises the errors of a read: Refused where the plan does not allow uploads [contract 7.5].
        """
        body = {"file_name": name, "file_data": b64encode(content).decode()}
        outcome = await self._uploads.read("POST", UPLOADS, sensible=self._has_upload, within=within, body=body)
        answer = outcome.answer
        url = None
        if answer and outcome.fate is Fate.ANSWERED and not _refused(outcome):
            url = read_upload(answer.body, trusted_loopback=self._loopback)
        if url is None:
            raise read_error(outcome, self.quote)
        return url

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
            outcome = await self._wire.read("GET", HISTORY, query=query, sensible=_is_history, within=within)
            read = read_rows(outcome.answer.body) if outcome.answer and not _refused(outcome) else None
            if read is None:
                raise read_error(outcome, self.quote)
            rows, total = read
            found |= {task.task_id: task for task in rows}
            if len(found) >= total if total is not None else not rows:
                return list(found.values())
            if not rows:
                raise ProviderFault("the task history ends before the number of tasks that it speaks of")
        raise ProviderFault("the task history is too long to be read")

    async def wallet(self, *, within: float) -> Wallet | None:
        """The account's plan and balance, None if the answer has another shape. Raises the errors of a read."""
        outcome = await self._wire.read("GET", ACCOUNT, sensible=bool, within=within)
        if outcome.answer is None or outcome.fate is not Fate.ANSWERED or _refused(outcome):
            raise read_error(outcome, self.quote)
        return read_wallet(outcome.answer.body)

    async def reach_uploads(self, *, within: float) -> None:
        """Knock at the host that takes files; whatever it answers is good. Raises Unreachable."""
        outcome = await self._uploads.read("GET", UPLOADS, sensible=bool, within=within, patient=False)
        if outcome.outage is not None:
            raise outcome.outage

    async def shapes(self, *, within: float) -> dict[str, list[str]]:
        """The fields that the account and the newest row of the history really have, by path. Raises the errors
        of a read. Values are left out, save for a few words that are nobody's secret."""
        asked: dict[str, dict[str, str | int]] = {ACCOUNT: {}, HISTORY: {"page": 1, "page_size": 1, "model": "wan"}}
        found = {}
        for path, query in asked.items():
            outcome = await self._wire.read("GET", path, query=query, sensible=bool, within=within)
            if outcome.answer is None or outcome.fate is not Fate.ANSWERED or _refused(outcome):
                raise read_error(outcome, self.quote)
            found[path] = shape(outcome.answer.body, self.quote)
        return found

    def quote(self, words: str, limit: int = QUOTED) -> str:
        """The provider's `words`, short, harmless, without secrets and links."""
        return without(clean(without_links(without(words, self._secrets)), limit), self._secrets)

    def _task(self, outcome: Outcome) -> Task | None:
        body = outcome.answer.body if outcome.answer else None
        task = read_task(body, trusted_loopback=self._loopback)
        return task and replace(task, error_message=task.error_message and self.quote(task.error_message))

    def _has_upload(self, body: Any) -> bool:
        return read_upload(body, trusted_loopback=self._loopback) is not None

    def _has_task(self, body: Any) -> bool:
        return read_task(body, trusted_loopback=self._loopback) is not None


def _is_history(body: Any) -> bool:
    return read_rows(body) is not None


def _refused(outcome: Outcome) -> bool:
    return outcome.answer is not None and outcome.answer.status >= 400


def _stands(outcome: Outcome, error: WanxError) -> bool:
    unsaid = outcome.fate is not Fate.ANSWERED
    return unsaid or isinstance(error, TaskNotFound | RateLimited) or error.code in ("unauthorized",)
