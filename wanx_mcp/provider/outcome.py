"""The answer to a request, and its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wanx_mcp.errors import Unreachable
from wanx_mcp.limits.provider import PAGE_BYTES
from wanx_mcp.provider.answers import is_own, read_code
from wanx_mcp.provider.bodies import parse_body
from wanx_mcp.provider.headers import cached, http_date, retry_after
from wanx_mcp.retry import Delivery, delivery_of_status

if TYPE_CHECKING:
    import httpx

FoundT = TypeVar("FoundT")
Parse = Callable[[Any], FoundT | None]
"""Extracts the result from the body of an answer; None if the body has none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request. `body` is None if it is not JSON; then `page` is the beginning of the text. `fresh` is
    false if it came from a cache."""

    status: int
    body: Any = field(repr=False)
    retry_after: float | None = None
    date: datetime | None = None
    fresh: bool = True
    page: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[FoundT]):
    """The outcome of a request: the `answer`, or the `failure` that prevented one. `found`: what `parse` extracted."""

    delivery: Delivery
    answer: Answer | None = None
    failure: Unreachable | None = None
    found: FoundT | None = None

    @property
    def sent(self) -> bool:
        """Whether bytes of the request may have left this machine, in its last attempt."""
        return self.delivery is not Delivery.UNCONNECTED


def read_answer(response: httpx.Response, content: bytes | bytearray | None) -> Answer:
    """The answer in `response`. `content` is its body, None if that was not read to its end."""
    body, headers = None if content is None else parse_body(content), response.headers
    status = response.status_code
    if 200 <= status < 300:
        status = read_code(body) or status
    return Answer(
        status,
        body,
        retry_after(headers),
        http_date(headers.get("date")),
        fresh=not cached(headers),
        page="" if body is not None else bytes((content or b"")[:PAGE_BYTES]).decode(errors="replace"),
    )


def outcome_of(answer: Answer, parse: Parse[FoundT]) -> Outcome[FoundT]:
    """The outcome that an answer means, by its status and by what `parse` finds in it."""
    if 400 <= answer.status < 600:
        # Not the provider's own answer: a read can be retried; the outcome of an order is unknown, after a 429 too.
        return Outcome(delivery_of_status(answer.status) if is_own(answer.body) else Delivery.UNREADABLE, answer)
    found = parse(answer.body) if 200 <= answer.status < 300 and answer.body is not None else None
    return Outcome(Delivery.UNREADABLE if found is None else Delivery.ANSWERED, answer, found=found)


def accepted_if_named(outcome: Outcome[FoundT], parse: Parse[FoundT]) -> Outcome[FoundT]:
    """The outcome of an order: accepted if the answer names a task, even an error. A redirect does not count: it need
    not come from the provider."""
    answer = outcome.answer
    if outcome.found is not None or answer is None or 300 <= answer.status < 400:
        return outcome
    found = parse(answer.body)
    return outcome if found is None else Outcome(Delivery.ANSWERED, answer, found=found)
