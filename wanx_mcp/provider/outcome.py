"""What came back over the wire, and what that means for the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wanx_mcp.errors import Unreachable
from wanx_mcp.provider.answers import is_own, read_code
from wanx_mcp.provider.bodies import parse_body
from wanx_mcp.provider.headers import cached, http_date, retry_after
from wanx_mcp.retry import Fate, fate_of_status

if TYPE_CHECKING:
    import httpx

FoundT = TypeVar("FoundT")
Parse = Callable[[Any], FoundT | None]
"""What the body of an answer says, None if it is not what was asked for."""

PAGE_BYTES = 4000
"""So much of an answer that is no JSON is kept, for what it says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is None where it is no JSON; then `page` is the beginning of what came instead. `fresh`
    is false if it came out of a cache."""

    status: int
    body: Any = field(repr=False)
    retry_after: float | None = None
    date: datetime | None = None
    fresh: bool = True
    page: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[FoundT]):
    """The outcome of a request: the answer, or the `outage` that prevented one; and what `parse` found in it."""

    fate: Fate
    answer: Answer | None = None
    outage: Unreachable | None = None
    found: FoundT | None = None

    @property
    def sent(self) -> bool:
        """Whether bytes of the request may have left this machine, in its last attempt."""
        return self.fate is not Fate.UNCONNECTED


def read_answer(response: httpx.Response, content: bytes | bytearray | None) -> Answer:
    """`response` with the body that was read of it, None if that was not read to its end."""
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


def judge(answer: Answer, parse: Parse[FoundT]) -> Outcome[FoundT]:
    """What an answer means for its request: by its status, and by whether `parse` finds in it what was asked for."""
    if 400 <= answer.status < 600:
        # Not the provider's own answer: a read can be repeated, and of an order nobody knows, a 429 included.
        return Outcome(fate_of_status(answer.status) if is_own(answer.body) else Fate.UNREADABLE, answer)
    found = parse(answer.body) if 200 <= answer.status < 300 and answer.body is not None else None
    return Outcome(Fate.UNREADABLE if found is None else Fate.ANSWERED, answer, found=found)


def task_named(outcome: Outcome[FoundT], parse: Parse[FoundT]) -> Outcome[FoundT]:
    """The outcome of an order, accepted if even an error names a task. A redirect does not count: it need not be the
    provider's own answer."""
    answer = outcome.answer
    if outcome.found is not None or answer is None or 300 <= answer.status < 400:
        return outcome
    found = parse(answer.body)
    return outcome if found is None else Outcome(Fate.ANSWERED, answer, found=found)
