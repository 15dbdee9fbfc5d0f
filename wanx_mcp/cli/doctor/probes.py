"""Probes: orders that the provider must refuse, sent to learn from the refusals. Like any order, each is recorded in
the ledger before it is sent."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.cli.doctor.probe_questions import ProbeQuestion, certainly_refused, questions
from wanx_mcp.clock import Clock
from wanx_mcp.errors import (
    Charged,
    InvalidOrder,
    OutOfCredit,
    RateLimited,
    Refused,
    Unauthorized,
    Unreachable,
    WanxError,
)
from wanx_mcp.ledger import Draft, Elsewhere, Entry, FirstOfKind, Intention, Spending, State
from wanx_mcp.limits import PROBE_SECONDS
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.provider import Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.orders.departure import Departure

MOST_QUOTED = 700
"""Characters of a refusal: it may list what is allowed."""

_ENDS_PROBING = (OutOfCredit, RateLimited, Unauthorized, Unreachable)
"""Refusals that are not about the order: the next probe would get the same one."""

_UNKNOWN_NAME = re.compile(
    r"unknown|unexpected|unrecogni[sz]ed|unsupported|not (allowed|permitted|take|accept|support)|additional", re.I
)


class Lesson(StrEnum):
    """What the answer to one probe says about the assumptions of this version."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "open"
    TAKEN = "taken"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Probed:
    """A question and its answer. `named` are the disputed names that the answer contains."""

    question: ProbeQuestion
    lesson: Lesson
    words: str
    named: tuple[str, ...] = ()

    @property
    def last(self) -> bool:
        """Whether no more probes are sent after this one."""
        return self.lesson in (Lesson.TAKEN, Lesson.UNKNOWN, Lesson.NOT_ASKED)


class Probes:
    """Sends the questions one after the other. Stops at the first one that is not clearly refused."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, account: Account) -> None:
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._account = account

    async def ask(self) -> AsyncIterator[Probed]:
        """Send every question. Yields each with its answer. Raises NotConfigured and LedgerUnusable."""
        self._account.check_orders()
        for question in questions(self._catalog):
            probed = await self._probed(question)
            yield probed
            if probed.last:
                return

    async def _probed(self, question: ProbeQuestion) -> Probed:
        if not certainly_refused(self._catalog, question.payload):
            raise InvalidOrder(f"the probe about {question.topic} is a valid order; it was not sent")
        content = self._account.provider.encode(question.payload)
        match await self._account.intend(await self._draft(question)):
            case Spending() as spending:
                asked = dollars(to_usd(spending.asked))
                return Probed(
                    question,
                    Lesson.NOT_ASKED,
                    f"what is left of the budget is less than the {asked} that a probe reserves",
                )
            case FirstOfKind() | Elsewhere() as other:
                words = f"another order (number {other.entry.number} of wanx-mcp ledger) is being sent"
                return Probed(question, Lesson.NOT_ASKED, words)
            case Entry() as earlier:
                words = f"the outcome of an earlier probe (order {earlier.number} of wanx-mcp ledger) is unknown"
                return Probed(question, Lesson.NOT_ASKED, words)
            case Intention() as intention:
                return await self._sent(question, content, intention.entry)

    async def _sent(self, question: ProbeQuestion, content: bytes, entry: Entry) -> Probed:
        number, departure = entry.number, Departure(self._account, self._clock, entry)
        try:
            task = await self._account.provider.create(content, within=0, leave=departure.check, words=MOST_QUOTED)
        except WanxError as error:
            state = State.DECLINED if error.charged is Charged.NO else State.UNKNOWN
            await self._account.conclude(number, state)
            if state is State.UNKNOWN:
                return Probed(question, Lesson.UNKNOWN, f"{error.what}; it is order {number} of wanx-mcp ledger")
            if isinstance(error, _ENDS_PROBING):
                return Probed(question, Lesson.NOT_ASKED, error.what)
            return read_refusal(question, error)
        except Exception:
            await self._account.conclude(number, State.UNKNOWN if departure.left else State.DECLINED)
            raise
        return await self._taken(question, task, number)

    async def _taken(self, question: ProbeQuestion, task: Task, number: int) -> Probed:
        """The provider accepted an invalid order: record it, then cancel it."""
        provider = self._account.provider
        await self._account.accept(number, task)
        try:
            await provider.cancel(task.task_id, within=PROBE_SECONDS)
            outcome = "it was cancelled"
        except WanxError as error:
            outcome = f"it could not be cancelled ({error.what})"
        try:
            seen = await provider.get(task.task_id, within=PROBE_SECONDS)
            await self._account.observe(seen, await self._account.find(task.task_id))
            outcome += f" and is {seen.status}"
        except WanxError as error:
            outcome += f"; its state could not be read ({error.what})"
        words = f"accepted as task {task.task_id}, order {number} of wanx-mcp ledger; {outcome}"
        return Probed(question, Lesson.TAKEN, words)

    async def _draft(self, question: ProbeQuestion) -> Draft:
        row = self._catalog.find(question.task_type)
        ends = row.price.extremes() if row else None
        if ends is None:
            self._account.check_assumed_price()
        price = ends[1] if ends else self._settings.assumed_price  # the most that such an order can cost
        return await self._account.draft(
            question.task_type,
            from_wire(question.input),
            f"doctor-probe-{secrets.token_hex(4)}",
            price=to_points(price),
            waited=True,
        )


def read_refusal(question: ProbeQuestion, error: WanxError) -> Probed:
    """What a refusal says: which disputed names it contains, and whether it calls them unknown."""
    words = error.what
    ours, rivals = _named(question.ours, words), _named(question.rivals, words, plain=False)
    lesson = Lesson.OPEN
    if isinstance(error, Refused) and _UNKNOWN_NAME.search(words) is None:
        if rivals and not ours:
            lesson = Lesson.DIFFERS
        elif ours:
            lesson = Lesson.AGREES
    return Probed(question, lesson, words, ours + rivals)


def _named(names: tuple[str, ...], words: str, *, plain: bool = True) -> tuple[str, ...]:
    """The `names` that `words` contain. Unless `plain`, a name that is also an English word must be quoted."""
    patterns = {
        name: rf"(?<![\w-]){re.escape(name)}(?![\w-])" if plain or "_" in name else rf"[.\"'`\[\u02bc]{name}(?![\w-])"
        for name in names
    }
    return tuple(name for name, pattern in patterns.items() if re.search(pattern, words))
