"""The provider's API, one method for each endpoint [contract 0, 7]."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import unquote

from wanx_mcp.errors import InvalidOrder, ProviderFault
from wanx_mcp.limits.provider import ANSWER_BYTES, QUOTED_CHARACTERS
from wanx_mcp.provider.account_info import AccountIdentity, AccountInfo, read_account_info, read_identity, shape
from wanx_mcp.provider.answers import Task, is_known_word, read_task, read_upload
from wanx_mcp.provider.classify import cancel_error, order_error, read_error
from wanx_mcp.provider.history import HISTORY, History, Reading
from wanx_mcp.provider.last_check import Leave
from wanx_mcp.provider.skew import Skew
from wanx_mcp.provider.wire import FoundT, Outcome, Wire
from wanx_mcp.quoting import quote
from wanx_mcp.taskid import same_id

TASKS = "/api/v1/task"
UPLOADS = "/api/ephemeral_resource"
ACCOUNT = "/account/info"
LOOKED_FOR = {
    ACCOUNT: ("data.plan", "data.equivalent_in_usd", "data.max_concurrent_task_count", "data.is_enable"),
    HISTORY: ("data.data", "data.total"),
}
"""Fields whose absence the doctor reports."""

LONG_SECRET = 16
"""Characters. A link that holds a secret of this length is not shown; a shorter one can be an ordinary word."""


class Provider:
    """Typed calls over one Wire to the API and one to the upload host. `secrets` are removed from every text."""

    def __init__(self, wire: Wire, uploads: Wire, *, loopback: bool, secrets: tuple[str, ...] = ()) -> None:
        self._wire = wire
        self._uploads = uploads
        self._loopback = loopback
        self._secrets = secrets
        self._history = History(wire, self.quote)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()
        await self._uploads.aclose()

    def encode(self, payload: Mapping[str, Any]) -> bytes:
        """The request body of an order. Raises InvalidOrder for text that cannot be encoded; nothing is sent then."""
        try:
            return json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            raise InvalidOrder("the order contains text or numbers that cannot be sent") from None

    async def create(self, content: bytes, *, within: float, leave: Leave, words: int = QUOTED_CHARACTERS) -> Task:
        """Place the encoded order, retrying for at most `within` seconds (0: none). Errors quote `words` characters.

        `leave` is called once the connection is up, directly before the first byte of each attempt; what it raises
        is raised here. Raises a WanxError with `charged` no if the order certainly was not accepted, OutcomeUnknown if
        that is not known.
        """
        outcome = await self._wire.order(TASKS, content, parse=self._task, within=within, leave=leave)
        if outcome.found is None:
            raise order_error(outcome, lambda text: self.quote(text, words))
        return outcome.found

    async def get(self, task_id: str, *, within: float, retries: bool = True) -> Task:
        """The current state of the task. Without `retries` there is one attempt.

        Raises TaskNotFound and the errors of a read, one of them for an answer about another task.
        """
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("GET", path, parse=self._task, within=within, retries=retries)
        if outcome.found is None:
            raise read_error(outcome, self.quote, about_task=True)
        if not same_id(outcome.found.task_id, task_id):
            raise ProviderFault("the provider answered about another task than the requested one")
        return replace(outcome.found, task_id=task_id)

    async def cancel(self, task_id: str, *, within: float) -> None:
        """Ask to cancel a pending task: documented for sister models, best effort here [contract 7.1].

        Raises CannotCancel if the provider refuses, TaskNotFound if it answers 404 (which can also mean that it has no
        such endpoint).
        """
        path = f"{TASKS}/{quoted(task_id, safe='')}"
        outcome = await self._wire.read("DELETE", path, parse=lambda _body: True, within=within)
        if outcome.found:
            return
        raise cancel_error(outcome, self.quote)

    async def upload(self, name: str, content: bytes, *, within: float) -> str:
        """Upload a file for 24 h and return its address. Free of charge, so it is retried like a read.

        Raises the errors of a read: Refused where the plan does not allow uploads [contract 7.5].
        """
        body = {"file_name": name, "file_data": b64encode(content).decode()}
        outcome = await self._uploads.read(
            "POST", UPLOADS, parse=self._upload, within=within, body=body, most=ANSWER_BYTES
        )
        return self._found(outcome)

    @property
    def skew(self) -> Skew | None:
        """By how much the provider's clock is ahead of ours now; None before the first Date header."""
        return self._wire.time.skew

    @property
    def date_age(self) -> float | None:
        """Seconds, suspension included, since the last Date header; None before the first one."""
        return self._wire.time.date_age

    @property
    def ahead(self) -> timedelta:
        """`skew` as a timedelta, zero while unknown; for display only."""
        skew = self.skew
        return timedelta(milliseconds=skew.ahead) if skew else timedelta(0)

    async def history(self, since: datetime, until: datetime, *, within: float) -> Reading:
        """The tasks of this account that were created between two moments of the provider's time.

        Starts no page after `within` seconds. Raises the errors of a read if the first page cannot be read.
        """
        return await self._history.read(since, until, within=within)

    async def account(self, *, within: float) -> AccountIdentity:
        """The account that the key belongs to. One attempt, free of charge; the Date of its answer updates `skew`.

        The id is None if the answer has another shape. Raises the errors of a read.
        """
        outcome = await self._wire.read(
            "GET", ACCOUNT, parse=_anything, within=within, retries=False, most=ANSWER_BYTES
        )
        if outcome.answer is not None and 200 <= outcome.answer.status < 300:
            return read_identity(outcome.answer.body)
        return read_identity(self._found(outcome))

    async def wallet(self, *, within: float) -> AccountInfo | None:
        """The account's plan and balance, None if the answer has another shape. Raises the errors of a read."""
        outcome = await self._wire.read("GET", ACCOUNT, parse=_anything, within=within, most=ANSWER_BYTES)
        return read_account_info(self._found(outcome))

    async def reach_uploads(self, *, within: float) -> None:
        """Check that the upload host answers, with any status. Raises Unreachable."""
        outcome = await self._uploads.read("GET", UPLOADS, parse=_anything, within=within, retries=False)
        if outcome.failure is not None:
            raise outcome.failure

    async def shapes(self, *, within: float) -> dict[str, list[str]]:
        """The fields that the account and the newest row of the history have, by path, without their values.

        A few fields with words of the provider keep theirs. Raises the errors of a read.
        """
        queries: dict[str, dict[str, str | int]] = {ACCOUNT: {}, HISTORY: {"page": 1, "page_size": 1}}
        found = {}
        for path, query in queries.items():
            outcome = await self._wire.read("GET", path, query=query, parse=_anything, within=within, most=ANSWER_BYTES)
            found[path] = shape(self._found(outcome), self.quote)
        return found

    def quote(self, words: str, limit: int = QUOTED_CHARACTERS) -> str:
        """The provider's `words`, short and safe to quote, without secrets and links."""
        return quote(words, limit, self._secrets, links=False)

    def _task(self, body: Any) -> Task | None:
        task = read_task(body, trusted_loopback=self._loopback)
        if task is None:
            return None
        return replace(
            task,
            provider_status=word if is_known_word(word := task.provider_status) else self.quote(word),
            task_type=task.task_type and self.quote(task.task_type),
            video_url=None if self._holds_secret(task.video_url or "") else task.video_url,
            error_message=task.error_message and self.quote(task.error_message),
        )

    def _holds_secret(self, link: str) -> bool:
        """Whether a link holds a secret of at least LONG_SECRET characters."""
        plain = unquote(link)
        return any(secret in plain for secret in self._secrets if len(secret) >= LONG_SECRET)

    def _upload(self, body: Any) -> str | None:
        return read_upload(body, trusted_loopback=self._loopback)

    def _found(self, outcome: Outcome[FoundT]) -> FoundT:
        if outcome.found is None:
            raise read_error(outcome, self.quote)
        return outcome.found


def _anything(body: dict[str, Any]) -> dict[str, Any] | None:
    return body or None
