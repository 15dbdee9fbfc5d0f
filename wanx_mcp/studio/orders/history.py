"""Reads the provider's history for orders in doubt: which rows could be them, and who vouches for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from wanx_mcp.catalog import CATALOG
from wanx_mcp.errors import WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.provider import HistoryRow, Task
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.orders.matching import Fit, Pair, fit
from wanx_mcp.studio.orders.nearness import NOTHING, SAME_CLOCK, Near, Span, Witness, near, spans
from wanx_mcp.studio.orders.windows import INSIDE, Window, windows

MOST_CANDIDATES = 20
"""Rows of one reading that are read in full."""

MOST_CANARIES = 3
KEPT = 500
"""Echoes that are remembered, so that they are read once."""

FAMILY = "wan"
"""A task whose model is named otherwise than ours, but with this word, is never adopted and still stands against a
release: the name could be another one for the same model."""

READING_SECONDS = 60.0
TASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a reading showed. `near`: the rows that could be each order, by its number, the likeliest first; `tasks`:
    those of them that could be read; `problem`: why the reading proves nothing, or an empty text."""

    near: Mapping[int, list[HistoryRow]]
    tasks: Mapping[str, Task]
    pairs: tuple[Pair, ...]
    problem: str
    begun_at: datetime | None
    read_at: datetime | None
    canaries: Mapping[tuple[str, str], Entry]
    """By the hash of a key: the newest task placed with it that vouches for the reading."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row, when it may have been created, and its task in full if that could be read."""

    row: HistoryRow
    span: Span
    task: Task | None = None

    @property
    def task_id(self) -> str:
        return self.row.task_id or ""


class Histories:
    """Readings for one account. Only complete echoes are remembered: never a page, a denial or an empty input."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._echoes: OrderedDict[str, Task] = OrderedDict()
        self._unread = set[str]()

    async def windows(self, entries: Sequence[Entry]) -> list[Window]:
        """The windows of a round."""
        if not entries:
            return []
        account = self._account
        return windows(entries, await account.neighbours(entries), await account.latest_accepted())

    async def read(self, window: Window) -> Found:
        """Read the history of `window`. All orders in doubt compete for its rows, those on their way included.

        Raises the errors of a read.
        """
        account = self._account
        reading = await account.provider.history(*window.asked, within=READING_SECONDS)
        ours = await account.accepted(window.since, window.until)
        shown = {row.task_id: row for row in reading.rows}
        shift, problem = _row_shift(ours, shown)
        witnesses = [_as_shown(witness, shown, shift) for witness in window.witnesses]
        wanted = [near(entry, witnesses) for entry in window.entries]
        dated = [_Seen(row, span) for row, span in zip(reading.rows, spans(reading.rows), strict=True)]
        close = [seen for seen in dated if any(one.possible.meets(seen.span) for one in wanted)]
        owned, _ = await account.claims([seen.task_id for seen in close])
        types = {entry.task_type for entry in window.entries}
        read = await self._read([seen for seen in close if seen.task_id not in owned], types, shift)
        # Whatever the reading shows was ordered before it ended: who could own it is asked after that.
        owned, rivals = await account.claims([seen.task_id for seen in read])
        free = [seen for seen in read if seen.task_id not in owned]
        orders = {entry.number: entry for entry in (*window.entries, *rivals)}
        nears = {number: near(entry, witnesses) for number, entry in orders.items()}
        pairs = tuple(
            pair
            for number, entry in orders.items()
            for seen in free
            if (pair := _pair(entry, seen, nears[number])) is not None
        )
        self._forget_incomplete(pairs)
        problem = reading.problem or problem or await self._missing(shown, window)
        return Found(
            near={entry.number: _candidates(entry, free, nears[entry.number], pairs) for entry in window.entries},
            tasks={seen.task_id: seen.task for seen in free if seen.task},
            pairs=pairs,
            problem=problem,
            begun_at=reading.begun_at,
            read_at=reading.read_at,
            canaries={} if problem else await self._canaries(ours, shown, window),
        )

    async def _read(self, rows: Sequence[_Seen], types: set[str], shift: timedelta) -> list[_Seen]:
        """`rows` with their tasks in full, MOST_CANDIDATES of them at a time: first those of `types`, last those that
        could not be read before. A row that cannot be read is passed over, and stays a candidate; one that names
        another model is left out."""
        asked, found = 0, []
        for seen in sorted(rows, key=lambda seen: (seen.task_id in self._unread, seen.row.task_type not in types)):
            task = self._echoes.get(seen.task_id)
            if task is None and seen.task_id and asked < MOST_CANDIDATES:
                asked += 1
                task = await self._task(seen.task_id)
            if task is None or _may_be_ours(task):
                found.append(replace(seen, task=task, span=_better(seen, task, shift)))
        return found

    async def _task(self, task_id: str) -> Task | None:
        # Two attempts without a pause: one bad answer ends nothing, and no row holds up those behind it.
        task = await self._attempt(task_id)
        if task is None and task_id not in self._unread:
            task = await self._attempt(task_id)
        if task is None:
            self._unread.add(task_id)
            return None
        self._unread.discard(task_id)
        if task.input.get("prompt"):
            self._echoes[task_id] = task
            while len(self._echoes) > KEPT:
                self._echoes.popitem(last=False)
        return task

    async def _attempt(self, task_id: str) -> Task | None:
        try:
            return await self._account.provider.get(task_id, within=TASK_SECONDS, retries=False)
        except WanxError:
            return None

    def _forget_incomplete(self, pairs: Iterable[Pair]) -> None:
        """An echo that lacks something may be whole at the next look."""
        for pair in pairs:
            if pair.fit is Fit.PARTIAL:
                self._echoes.pop(pair.task.task_id, None)

    async def _missing(self, shown: Mapping[str | None, HistoryRow], window: Window) -> str:
        """Which task of ours should be in the reading and is not, in words; an empty text if none."""
        for entry in await self._account.accepted(window.since + INSIDE, window.until - INSIDE):
            if entry.seen_at is not None and entry.status not in ("failed", "cancelled") and entry.task_id not in shown:
                return f"the history does not show task {entry.task_id} of yours either"
        return ""

    async def _canaries(
        self, ours: Sequence[Entry], shown: Mapping[str | None, HistoryRow], window: Window
    ) -> dict[tuple[str, str], Entry]:
        """Of each key and model that an order of `window` has, the newest task that vouches for the reading. A task of
        another model does not: the history may leave out a whole model."""
        rows = [(entry, row) for entry in ours if (row := shown.get(entry.task_id)) is not None]
        if any(row.open for _, row in rows):
            await self._account.note_unfinished()
        seen = sorted((e for e, row in rows if row.created_at), key=lambda entry: entry.number, reverse=True)
        found = {}
        for key in {key_and_model(entry) for entry in window.entries}:
            vouching = [entry for entry in seen if key_and_model(entry) == key]
            if (canary := await self._canary(vouching)) is not None:
                found[key] = canary
        return found

    async def _canary(self, shown: Sequence[Entry]) -> Entry | None:
        """The newest of our tasks which the history has `shown` that the provider still tells by its id. It is
        unfinished, unless this history has shown an unfinished one before: else it could be a list of finished tasks
        only."""
        shows_unfinished = await self._account.shows_unfinished()
        candidates = sorted(shown, key=lambda entry: entry.open or shows_unfinished, reverse=True)
        for entry in candidates[:MOST_CANARIES]:
            try:
                task = await self._account.provider.get(entry.task_id or "", within=TASK_SECONDS)
            except WanxError:
                continue
            await self._account.observe(task, entry)
            if not task.status.final:
                await self._account.note_unfinished()
            elif not shows_unfinished:
                continue
            if _names(task, _model(entry)):
                return entry
        return None


def _row_shift(ours: Iterable[Entry], shown: Mapping[str | None, HistoryRow]) -> tuple[timedelta, str]:
    """By how much the rows of our tasks are dated ahead of the tasks themselves; and what is wrong with that."""
    shifts = [
        row.created_at - entry.placed_at
        for entry in ours
        if (row := shown.get(entry.task_id)) is not None and row.created_at and entry.placed_at
    ]
    if not shifts:
        return NOTHING, ""
    if max(shifts) - min(shifts) > SAME_CLOCK:
        return min(shifts, key=abs), "the dates of its rows do not agree with those of your tasks"
    shift = min(shifts, key=abs)
    return (NOTHING if abs(shift) <= SAME_CLOCK else shift), ""


def _as_shown(witness: Witness, shown: Mapping[str | None, HistoryRow], shift: timedelta) -> Witness:
    """`witness` as the rows of a reading are dated."""
    row = shown.get(witness.entry.task_id)
    dated = row.created_at if row is not None else None
    return replace(witness, dated=dated or witness.dated + shift)


def _better(seen: _Seen, task: Task | None, shift: timedelta) -> Span:
    """When the row was created: where it says nothing, its task does."""
    if seen.row.created_at is not None or task is None or task.created_at is None:
        return seen.span
    date = task.created_at + shift
    return Span(date, date)


def _may_be_ours(task: Task) -> bool:
    """A task whose own GET names a model that none of our orders has is never ours."""
    return FAMILY in (task.model or "").casefold() or any(_names(task, model) for model in CATALOG.models)


def _names(task: Task, model: str) -> bool:
    """Whether the task's own GET names that model, or none."""
    return task.model is None or task.model.strip().casefold() == model.casefold()


def key_and_model(entry: Entry) -> tuple[str, str]:
    """What a canary has to have in common with the order that it is to vouch for."""
    return entry.account, _model(entry)


def _model(entry: Entry) -> str:
    return CATALOG.model_of(entry.task_type)


def _pair(entry: Entry, seen: _Seen, when: Near) -> Pair | None:
    task, date = seen.task, seen.span.since if seen.span.since == seen.span.until else None
    if task is None or not _names(task, _model(entry)) or not when.likely.meets(seen.span):
        return None
    fits = fit(entry, task)
    if fits is Fit.NONE or (fits is not Fit.EXACT and (date is None or not when.sure)):
        return None
    left = entry.sent_at or entry.moment
    return Pair(entry, task, fits, abs(date - left) if date else timedelta.max)


def _candidates(entry: Entry, free: Sequence[_Seen], when: Near, pairs: Iterable[Pair]) -> list[HistoryRow]:
    """The rows that could be `entry`, the likeliest first."""
    rank = {pair.task.task_id: (-pair.fit, pair.apart) for pair in pairs if pair.entry.number == entry.number}
    close = [seen for seen in free if when.possible.meets(seen.span)]
    close.sort(key=lambda seen: rank.get(seen.task_id, (1, timedelta.max)))
    return [seen.row for seen in close]
