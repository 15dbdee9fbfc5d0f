"""A quirk: a named difference between the provider and its documentation, as functions that change its answers."""

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

    from wanx_mcp.simulator.weather import Variant

T = TypeVar("T")
Json = dict[str, Any]
Kind = Literal["create", "read", "cancel", "history", "account", "upload", "webhook"]


class Lasts(Enum):
    """How long a quirk that a climate drew at random stays on. A test switches quirks on and off itself."""

    REQUEST = "request"
    TASK = "task"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """The query of a page of the task history. Times are Unix seconds; `model` is empty without a filter."""

    page: int
    size: int
    since: float
    until: float
    model: str


@dataclass(frozen=True, slots=True)
class View:
    """The request that is being answered. `now` is the provider's time.

    `task` is the task that the answer is about; while a task is created, the newest one of the account before it.
    """

    kind: Kind
    now: datetime
    random: random.Random = field(repr=False)
    quirks: tuple[Quirk, ...] = ()
    key: str = field(default="", repr=False)
    owner: str = ""
    body: bytes = field(default=b"", repr=False)
    task: SimulatedTask | None = None
    query: HistoryQuery | None = None

    @property
    def status(self) -> str:
        """The state of the task, empty where there is none."""
        return self.task.status(self.now) if self.task else ""

    @property
    def is_open(self) -> bool:
        return self.status in ("pending", "processing")


def _same(thing: Any, *_view: View) -> Any:
    return thing


def _nothing(_view: View) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """A row. Each function takes what a correct provider would use and returns what this one uses instead."""

    name: str
    about: str
    lasts: Lasts = Lasts.REQUEST
    refuses: Callable[[View], Response | None] = _nothing
    """The answer instead. Called before anything is done; for reads and cancels again with the task."""

    makes: Callable[[SimulatedTask, View], SimulatedTask] = _same
    """The new task of an order. With the id of an existing task, no task is created, and the answer shows that one."""

    shows: Callable[[Json, View], Json] = _same
    """`data` of answers about a task."""

    arrives: Callable[[View], SimulatedTask | None] = _nothing
    """A task that is added to the account before a page of the history is built."""

    asks: Callable[[HistoryQuery], HistoryQuery] = _same
    hides: Callable[[View], bool | None] = _nothing
    """Whether the history omits the task."""

    row: Callable[[Json, View], Json] = _same
    rows: Callable[[list[Json], View], list[Json]] = _same
    """All matching rows, newest first, before they are split into pages."""

    page: Callable[[Json, View], Any] = _same
    """`data` of the history's answer."""

    account: Callable[[Json, View], Json] = _same
    clock: Callable[[datetime], datetime] = _same
    """The timestamp that the provider's database holds for a moment."""

    date: Callable[[datetime], datetime | None] = _same
    """The Date header; None for no header."""

    age: bool = False
    """Whether an Age header is sent, with the age of the Date header."""

    variants: frozenset[Variant] = frozenset()
    stall_before: float = 0.0
    """Delay before the request is carried out, in seconds of the simulator's clock."""

    stall_after: float = 0.0
    """Delay after that, before the answer."""


def changed(thing: T, functions: Iterable[Callable[[T, View], T]], view: View) -> T:
    """`thing` after each function was applied in turn."""
    for function in functions:
        thing = function(thing, view)
    return thing


def refusing(name: str, about: str, kind: Kind, answer: Callable[[View], Response]) -> Quirk:
    """`answer` instead of any request of that kind, of which nothing is done."""

    def refuses(view: View) -> Response | None:
        return answer(view) if view.kind == kind and view.task is None else None

    return Quirk(name=name, about=about, refuses=refuses)


def showing(name: str, about: str, change: Callable[[Json, View], Json], when: Callable[[View], bool]) -> Quirk:
    """`data` of answers about a task with the fields that `change` returns, where `when` is true."""

    def shows(data: Json, view: View) -> Json:
        return {**data, **change(data, view)} if when(view) else data

    return Quirk(name=name, about=about, lasts=Lasts.TASK, shows=shows)
