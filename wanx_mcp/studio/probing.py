"""Asking the provider by orders that it can only refuse, each on the books before it leaves, as any order is."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from wanx_mcp.catalog import Catalog
from wanx_mcp.catalog.wire import from_wire
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
from wanx_mcp.studio.departure import Departure
from wanx_mcp.studio.questions import Question, certainly_refused, questions

WORDS = 700
"""Characters of a refusal that are quoted: it may list what is allowed."""

_ENDS = (OutOfCredit, RateLimited, Unauthorized, Unreachable)
"""Refusals after which the next probe would teach nothing."""

_STRANGE = re.compile(r"unknown|unexpected|unrecogni[sz]ed|unsupported|not allowed|not permitted|additional", re.I)


class Lesson(StrEnum):
    """What the answer to one probe says of what this version assumes."""

    AGREES = "agrees"
    DIFFERS = "differs"
    OPEN = "open"
    TAKEN = "taken"
    UNKNOWN = "unknown"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Probed:
    """A question and what came of it. `named`: the disputed words that stand in the answer."""

    question: Question
    lesson: Lesson
    words: str
    named: tuple[str, ...] = ()

    @property
    def last(self) -> bool:
        """Whether nothing more is asked after this."""
        return self.lesson in (Lesson.TAKEN, Lesson.UNKNOWN, Lesson.NOT_ASKED)


class Probing:
    """Sends the questions, one after the other; the first that is not plainly refused is the last."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock, account: Account) -> None:
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._account = account

    async def ask(self) -> AsyncIterator[Probed]:
        """Every question with its answer. Raises NotConfigured and LedgerUnusable."""
        self._account.check_orders()
        for question in questions(self._catalog):
            probed = await self._probed(question)
            yield probed
            if probed.last:
                return

    async def _probed(self, question: Question) -> Probed:
        if not certainly_refused(self._catalog, question.payload):
            raise InvalidOrder(f"the probe about {question.topic} could be carried out; it was not sent")
        content = self._account.provider.encode(question.payload)
        match await self._account.intend(await self._draft(question)):
            case Spending() as spending:
                asked = dollars(to_usd(spending.asked))
                return Probed(
                    question, Lesson.NOT_ASKED, f"the budget has no room for the {asked} that a probe reserves"
                )
            case FirstOfKind() | Elsewhere() as other:
                words = f"another order (number {other.entry.number} of wanx-mcp ledger) is on its way"
                return Probed(question, Lesson.NOT_ASKED, words)
            case Entry() as earlier:
                words = f"an earlier probe (order {earlier.number} of wanx-mcp ledger) is of unknown outcome"
                return Probed(question, Lesson.NOT_ASKED, words)
            case Intention() as intention:
                return await self._sent(question, content, intention.entry)

    async def _sent(self, question: Question, content: bytes, entry: Entry) -> Probed:
        number, departure = entry.number, Departure(self._account, self._clock, entry)
        try:
            task = await self._account.provider.create(content, within=0, leave=departure.check, words=WORDS)
        except WanxError as error:
            state = State.DECLINED if error.charged is Charged.NO else State.UNKNOWN
            await self._account.conclude(number, state)
            if state is State.UNKNOWN:
                return Probed(question, Lesson.UNKNOWN, f"{error.what}; it is order {number} of wanx-mcp ledger")
            if isinstance(error, _ENDS):
                return Probed(question, Lesson.NOT_ASKED, error.what)
            return read_refusal(question, error)
        except Exception:
            await self._account.conclude(number, State.UNKNOWN if departure.left else State.DECLINED)
            raise
        return await self._taken(question, task, number)

    async def _taken(self, question: Question, task: Task, number: int) -> Probed:
        """The impossible has been accepted: on the books with it, and off with the task."""
        provider = self._account.provider
        await self._account.accept(number, task)
        try:
            await provider.cancel(task.task_id, within=PROBE_SECONDS)
            fate = "it was cancelled"
        except WanxError as error:
            fate = f"it could not be cancelled ({error.what})"
        try:
            seen = await provider.get(task.task_id, within=PROBE_SECONDS)
            await self._account.observe(seen, await self._account.find(task.task_id))
            fate += f" and is {seen.status}"
        except WanxError as error:
            fate += f"; its state could not be read ({error.what})"
        words = f"accepted as task {task.task_id}, order {number} of wanx-mcp ledger; {fate}"
        return Probed(question, Lesson.TAKEN, words)

    async def _draft(self, question: Question) -> Draft:
        row = self._catalog.find(question.task_type)
        if row is None or row.price is None:
            self._account.check_assumed_price()
        price = self._settings.assumed_price if row is None or row.price is None else row.price
        return await self._account.draft(
            question.task_type,
            from_wire(question.input),
            f"doctor-probe-{secrets.token_hex(4)}",
            price=to_points(price),
            waited=True,
        )


def read_refusal(question: Question, error: WanxError) -> Probed:
    """What a refusal teaches: which of the disputed names it speaks of, and whether as of strangers."""
    words = error.what
    ours, rivals = _named(question.ours, words), _named(question.rivals, words, plain=False)
    lesson = Lesson.OPEN
    if isinstance(error, Refused) and _STRANGE.search(words) is None:
        if rivals and not ours:
            lesson = Lesson.DIFFERS
        elif ours:
            lesson = Lesson.AGREES
    return Probed(question, lesson, words, ours + rivals)


def _named(names: tuple[str, ...], words: str, *, plain: bool = True) -> tuple[str, ...]:
    """The `names` that stand in `words`. Not `plain`: a name that is also an English word must look like a name."""
    patterns = {
        name: rf"(?<![\w-]){re.escape(name)}(?![\w-])" if plain or "_" in name else rf"[.\"'`\[\u02bc]{name}(?![\w-])"
        for name in names
    }
    return tuple(name for name, pattern in patterns.items() if re.search(pattern, words))
