"""Which lost order is which task of the provider's history: how well each pair fits, and which pairs are certain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from wanx_mcp.catalog import CATALOG
from wanx_mcp.catalog.pictures import PICTURES
from wanx_mcp.catalog.wire import from_wire
from wanx_mcp.ledger import Entry, State
from wanx_mcp.ledger.sameness import normal, same
from wanx_mcp.provider import Task
from wanx_mcp.studio.orders.digests import digest, is_link

DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "negative_prompt": ("",),
    "aspect_ratio": ("", "16:9"),
    "lora_strength": (0, 1),
    "motion_speed": (0, 0.2),
    "motion_type": ("", "static"),
    "duration": (0, 5),
    "resolution": ("", "480p", "720p"),  # of the models without a choice; where there is one, it is always sent
    "audio": ("", False),
    "multi_shot": ("", False),
}
"""What the provider may add to the echo of an order that did not say it [contract 5.7: normalised]."""

PROVIDERS_OWN = ("theapi.app", "piapi.ai", "goapi.ai", "qubico.ai")
"""Hosts under which the provider shows its own copy of a picture [contract 1]."""


class Fit(IntEnum):
    """How well a task's echo fits an order that was sent."""

    NONE = 0
    PARTIAL = 1
    EXACT = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """An order and a task of about the same time whose echo does not contradict it. `apart` is how far the task's date
    lies from the departure of the order."""

    entry: Entry
    task: Task
    fit: Fit
    apart: timedelta

    @property
    def silent(self) -> bool:
        """Whether the echo says nothing at all of something that was sent: it may be of another order than it looks."""
        echo = from_wire(self.task.input)
        return self.fit is Fit.PARTIAL and any(
            name not in echo or name in PICTURES for name in _said(self.entry) if name != "prompt"
        )


def fit(entry: Entry, task: Task) -> Fit:
    """How well the echo of `task` fits `entry`. The prompt must be echoed and equal; nothing may contradict what was
    sent; exact is a fit where everything that was sent is echoed."""
    echo = from_wire(task.input)
    if echo.get("prompt") is None:
        return Fit.NONE
    names = entry.arguments.keys() | echo.keys()
    fits = [_fit(entry, name, echo.get(name)) for name in names]
    return min([_type_fit(entry, task), *fits])


def _type_fit(entry: Entry, task: Task) -> Fit:
    """Another task type of the catalog contradicts; a name that is not in it, or none, says nothing."""
    if task.task_type is None or task.task_type == entry.task_type:
        return Fit.EXACT
    return Fit.PARTIAL if CATALOG.find(task.task_type) is None else Fit.NONE


def _said(entry: Entry) -> dict[str, Any]:
    """The arguments of the order that are not the provider's documented defaults."""
    return {
        name: value
        for name, value in entry.arguments.items()
        if value is not None and not any(same(default, value) for default in DEFAULTS.get(name, ()))
    }


def _wish(entry: Entry) -> tuple[Any, ...]:
    """The same for orders that ask for the same video, defaults said or not."""
    return entry.task_type, frozenset((name, normal(value)) for name, value in _said(entry).items())


def _fit(entry: Entry, name: str, echoed: Any) -> Fit:
    sent = entry.arguments.get(name)
    if name in PICTURES:
        return _picture_fit(entry, name, echoed)
    silent = echoed is None or echoed == ""
    if name not in _said(entry):
        unsaid = silent or any(same(default, echoed) for default in DEFAULTS.get(name, ()))
        return Fit.EXACT if unsaid or (sent is not None and same(sent, echoed)) else Fit.NONE
    if silent:
        return Fit.PARTIAL
    return Fit.EXACT if same(sent, echoed) else Fit.NONE


def _picture_fit(entry: Entry, name: str, echoed: Any) -> Fit:
    sent = entry.delivered.get(name) or entry.arguments.get(name)
    if sent is None:
        return Fit.NONE if echoed else Fit.EXACT
    if not isinstance(echoed, str) or not echoed:
        return Fit.PARTIAL
    if digest(echoed) in (sent, entry.arguments.get(name)):
        return Fit.EXACT
    moved = echoed[:4].lower() == "http" and (not is_link(str(sent)) or _providers_own(echoed))
    return Fit.PARTIAL if moved else Fit.NONE  # an address of the provider's own counts as not echoed


def _providers_own(url: str) -> bool:
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    return any(host == own or host.endswith(f".{own}") for own in PROVIDERS_OWN)


def certain_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that can be adopted: doubtful orders before released ones, exact fits before partial ones, the nearest
    task where several fit one order. An assignment that could also be another one is left alone."""
    chosen: list[Pair] = []
    left = list(pairs)
    for released in (False, True):
        for grade in (Fit.EXACT, Fit.PARTIAL):
            rivals = [pair for pair in left if released or _doubtful(pair)]
            for pair in _forced(rivals, grade):
                chosen.append(pair)
                left = [other for other in left if not _clashes(other, pair)]
    return chosen


def _forced(pairs: Sequence[Pair], grade: Fit) -> list[Pair]:
    """The pairs of that grade which no other order, however it fits, puts in question."""
    found = []
    for group in _groups(pairs):
        graded = [pair for pair in group if pair.fit is grade]
        if len({_wish(pair.entry) for pair in group}) == 1:
            found += _nearest_first(graded)
        elif grade is Fit.EXACT:  # a task is exact for one wish only
            found += [pair for pair in _nearest_first(graded) if not _contested(pair, group)]
        else:
            found += [pair for pair in graded if _is_alone(pair, group)]
    return found


def _contested(pair: Pair, group: Sequence[Pair]) -> bool:
    """Whether the task of an exact `pair` could as well be another order's, of which its echo says nothing: the task
    that is that order's may only not be there yet."""
    return any(
        other.silent and _wish(other.entry) != _wish(pair.entry) and not _has_exact(other.entry, group)
        for other in group
        if other.task.task_id == pair.task.task_id
    )


def _has_exact(entry: Entry, group: Sequence[Pair]) -> bool:
    return any(pair.fit is Fit.EXACT and pair.entry.number == entry.number for pair in group)


def _is_alone(pair: Pair, group: Sequence[Pair]) -> bool:
    """Whether its order fits no other task, and its task no other order."""
    return all(other is pair or not _clashes(other, pair) for other in group)


def _nearest_first(pairs: Iterable[Pair]) -> list[Pair]:
    """Pairs of orders that ask for the same video: whichever order gets which task, each gets the right one."""
    found: list[Pair] = []
    for pair in sorted(pairs, key=lambda pair: pair.apart):
        if not any(_clashes(pair, other) for other in found):
            found.append(pair)
    return found


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """The pairs in groups that share neither orders nor tasks."""
    groups: list[list[Pair]] = []
    for pair in pairs:
        touching = [group for group in groups if any(_clashes(pair, other) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([pair, *(other for group in touching for other in group)])
    return groups


def _clashes(one: Pair, other: Pair) -> bool:
    return _same_order(one, other) or one.task.task_id == other.task.task_id


def _same_order(one: Pair, other: Pair) -> bool:
    return one.entry.number == other.entry.number


def _doubtful(pair: Pair) -> bool:
    return pair.entry.state is not State.RELEASED
