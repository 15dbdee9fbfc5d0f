"""A quirk: one named way in which the provider differs from its documentation, as functions over its answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from wanx_mcp.simulator.life import SimulatedTask

if TYPE_CHECKING:
    from starlette.responses import Response

    from wanx_mcp.simulator.weather import Dress

T = TypeVar("T")
Json = dict[str, Any]
Kind = Literal["create", "read", "cancel", "history", "account", "upload", "webhook"]


class Lasts(Enum):
    """How long a quirk holds that a climate has drawn. One that a test switches on holds until it is switched off."""

    REQUEST = "request"
    TASK = "task"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Question:
    """What a page of the task history was asked for. Times are unix seconds; `model` is empty without a filter."""

    page: int
    size: int
    since: float
    until: float
    model: str


@dataclass(frozen=True, slots=True)
class View:
    """The request that is being answered. `now` is the provider's time.

    `task` is the task that the answer is about; while a new task is made, the account's newest one before it.
    """

    kind: Kind
    now: datetime
    random: random.Random = field(repr=False)
    quirks: tuple[Quirk, ...] = ()
    key: str = field(default="", repr=False)
    owner: str = ""
    body: bytes = field(default=b"", repr=False)
    task: SimulatedTask | None = None
    question: Question | None = None

    @property
    def status(self) -> str:
        """The state of the task, empty where there is none."""
        return self.task.status(self.now) if self.task else ""


def _same(thing: T, _view: View) -> T:
    return thing


def _same_moment(moment: datetime) -> datetime:
    return moment


def _same_date(date: datetime) -> datetime | None:
    return date


def _same_question(question: Question) -> Question:
    return question


def _nothing(_view: View) -> None:
    return None


def _no(_view: View) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """A named row. Each function takes what an honest provider would use and returns what this one uses instead."""

    name: str
    about: str
    lasts: Lasts = Lasts.REQUEST
    refuses: Callable[[View], Response | None] = _nothing
    """Asked before anything is done, and again for a read or a cancel once its task is known."""

    makes: Callable[[SimulatedTask, View], SimulatedTask] = _same
    """The new task of an order. With the id of an older one it is not made: the answer shows the older one."""

    shows: Callable[[Json, View], Json] = _same
    """`data` of the answers about a task."""

    arrives: Callable[[View], SimulatedTask | None] = _nothing
    """A task that is added to the account before a page of the history is made."""

    asks: Callable[[Question], Question] = _same_question
    hides: Callable[[View], bool] = _no
    """Whether the history leaves the task out."""

    row: Callable[[Json, View], Json] = _same
    rows: Callable[[list[Json], View], list[Json]] = _same
    """All rows that were found, newest first, before the page is cut out of them."""

    page: Callable[[Json, View], Any] = _same
    """`data` of the history's answer."""

    account: Callable[[Json, View], Json] = _same
    clock: Callable[[datetime], datetime] = _same_moment
    """A moment of a task's life as the provider's database dates it."""

    date: Callable[[datetime], datetime | None] = _same_date
    """What the Date header says; None: there is none."""

    age: bool = False
    """Whether an Age header says how old the Date header is."""

    dresses: frozenset[Dress] = frozenset()
    stall_before: float = 0.0
    """Seconds of the simulator's clock until it does what was asked."""

    stall_after: float = 0.0
    """Seconds of the simulator's clock between that and the answer."""


def changed(thing: T, functions: Iterable[Callable[[T, View], T]], view: View) -> T:
    """`thing` after one function after the other."""
    for function in functions:
        thing = function(thing, view)
    return thing
