"""Reads the provider's history for orders in doubt: which window, which rows could be them, and who vouches for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wanx_mcp.catalog.wire import MODEL
from wanx_mcp.errors import WanxError
from wanx_mcp.ledger import Entry
from wanx_mcp.provider import HistoryRow, Reading, Task
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.matching import Fit, Pair, fit
from wanx_mcp.studio.nearness import Span, creation_offset, near, spans

BEFORE = timedelta(minutes=5)
AFTER = timedelta(minutes=15)
"""How far the window of a reading reaches beyond its orders."""

CANARY_BEFORE = timedelta(hours=6)
"""A task of ours this much older than an order is no canary for it."""

INSIDE = timedelta(minutes=1)
"""A task of ours must be shown if it lies this far inside the window."""

WINDOW_LENGTH = timedelta(hours=2)
"""Orders further apart than this are looked up in readings of their own."""

MOST_WINDOWS = 3
"""Readings of one round. The newest doubts come first; the rest has to wait."""

MOST_CANDIDATES = 20
"""Rows of one reading that are read in full."""

MOST_CANARIES = 3
KEPT = 500
"""Echoes that are remembered, so that they are read once."""

READING_SECONDS = 60.0
TASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Window:
    """Orders that one reading looks for, and the stretch of the provider's time that it reads."""

    entries: tuple[Entry, ...]
    since: datetime
    until: datetime
    offset: timedelta
    """By how much the provider's dates of tasks are ahead of its `Date`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a reading showed. `near`: the rows that could be each order, by its number; `tasks`: those of them that
    could be read; `problem`: why the reading proves nothing, or an empty text."""

    near: Mapping[int, list[HistoryRow]]
    tasks: Mapping[str, Task]
    pairs: tuple[Pair, ...]
    problem: str
    read_at: datetime | None
    canaries: Mapping[str, datetime]
    """By the hash of a key: the date of the newest task placed with it that vouches for the reading."""


class Histories:
    """Readings for one account. Only complete echoes are remembered: never a page, a denial or an empty input."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._echoes: OrderedDict[str, Task] = OrderedDict()

    async def windows(self, entries: Sequence[Entry]) -> list[Window]:
        """The windows of a round, those of the newest orders first."""
        if not entries:
            return []
        latest = await self._account.latest_accepted()
        offset = creation_offset(latest)
        left = sorted(entries, key=lambda entry: entry.moment, reverse=True)
        found: list[Window] = []
        while left and len(found) < MOST_WINDOWS:
            newest = left[0].moment
            inside = [entry for entry in left if newest - entry.moment <= WINDOW_LENGTH]
            left = [entry for entry in left if entry not in inside]
            found.append(_window(inside, latest, offset))
        return found

    async def read(self, window: Window, under_way: Sequence[Entry]) -> Found:
        """Read the history of `window`. Orders `under_way` compete for its rows: one of those may be theirs.

        Raises the errors of a read.
        """
        account, offset = self._account, window.offset
        early, late = min(window.since, window.since - offset), max(window.until, window.until - offset)
        reading = await account.provider.history(early, late, within=READING_SECONDS)
        known = await account.known_ids([row.task_id for row in reading.rows if row.task_id])
        wanted = [near(entry, offset) for entry in (*window.entries, *under_way)]
        unowned = _unowned_near(reading, known, wanted)
        types = {entry.task_type for entry in window.entries}
        tasks = await self._tasks(sorted((row for row, _ in unowned), key=lambda row: row.task_type not in types))
        ours = [(row, span) for row, span in unowned if _may_be_ours(tasks.get(row.task_id or ""))]
        rows = {
            entry.number: [row for row, span in ours if near(entry, offset).meets(span)]
            for entry in (*window.entries, *under_way)
        }
        pairs = tuple(
            pair
            for entry in (*window.entries, *under_way)
            for row in rows[entry.number]
            if (pair := _pair(entry, row, tasks.get(row.task_id or ""), offset)) is not None
        )
        problem = reading.problem or await self._missing(reading, window)
        canaries = {} if problem else await self._canaries(reading, window)
        return Found(rows, tasks, pairs, problem, reading.read_at, canaries)

    async def _tasks(self, rows: Sequence[HistoryRow]) -> dict[str, Task]:
        """The tasks of `rows` in full, MOST_CANDIDATES of them at a time. A row that cannot be read is passed over, and
        stays a candidate."""
        found, asked = {}, 0
        for task_id in [row.task_id for row in rows if row.task_id]:
            asked += task_id not in self._echoes
            if asked <= MOST_CANDIDATES and (task := await self._task(task_id)) is not None:
                found[task_id] = task
        return found

    async def _task(self, task_id: str) -> Task | None:
        if (echo := self._echoes.get(task_id)) is not None:
            return echo
        try:
            task = await self._account.provider.get(task_id, within=TASK_SECONDS)
        except WanxError:
            return None
        if task.input.get("prompt"):
            self._echoes[task_id] = task
            while len(self._echoes) > KEPT:
                self._echoes.popitem(last=False)
        return task

    async def _missing(self, reading: Reading, window: Window) -> str:
        """Which task of ours should be in the reading and is not, in words; an empty text if none."""
        shown = {row.task_id for row in reading.rows}
        ours = await self._account.accepted(window.since + INSIDE, window.until - INSIDE)
        for entry in ours:
            if entry.seen_at is not None and entry.status not in ("failed", "cancelled") and entry.task_id not in shown:
                return f"the history does not show task {entry.task_id} of yours either"
        return ""

    async def _canaries(self, reading: Reading, window: Window) -> dict[str, datetime]:
        shown = {row.task_id for row in reading.rows}
        ours = [entry for entry in await self._account.accepted(window.since, window.until) if entry.task_id in shown]
        found = {}
        for key in {entry.account for entry in window.entries}:
            if (placed := await self._canary([entry for entry in ours if entry.account == key])) is not None:
                found[key] = placed - window.offset
        return found

    async def _canary(self, shown: Sequence[Entry]) -> datetime | None:
        """The date of the newest of our tasks which the history has `shown` that the provider still tells by its id.
        It is unfinished, unless this history has shown an unfinished one before: else it could be a list of finished
        tasks only."""
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
            if _may_be_ours(task) and (placed := task.created_at or entry.placed_at):
                return placed
        return None


def _window(entries: Sequence[Entry], latest: Sequence[Entry], offset: timedelta) -> Window:
    """The window of `entries`, in the time of the provider's dates: it reaches to a task of ours that can vouch."""
    first, last = min(entry.moment for entry in entries), max(entry.moment for entry in entries)
    wide = max((near(entry, offset) for entry in entries), key=lambda span: span.until or last)
    since = min(first + offset - BEFORE, *(span.since for span in [near(e, offset) for e in entries] if span.since))
    until = max(last + offset + AFTER, wide.until or last)
    placed = [entry.placed_at for entry in latest if entry.placed_at and entry.gone_at is None]
    later = [date for date in placed if date >= last + offset]
    earlier = [date for date in placed if first + offset - CANARY_BEFORE <= date < last + offset]
    if later:
        until = max(until, max(later) + INSIDE)
    if earlier:
        since = min(since, max(earlier) - 2 * INSIDE)
    return Window(tuple(entries), since, until, offset)


def _unowned_near(reading: Reading, known: set[str], wanted: Sequence[Span]) -> list[tuple[HistoryRow, Span]]:
    """The rows that nobody owns and whose dates lie near one of the orders."""
    dated = zip(reading.rows, spans(reading.rows), strict=True)
    return [
        (row, span)
        for row, span in dated
        if row.task_id not in known and any(near_order.meets(span) for near_order in wanted)
    ]


def _may_be_ours(task: Task | None) -> bool:
    """A task whose own GET names another model is never ours."""
    return task is None or task.model is None or task.model.strip().casefold() == MODEL.casefold()


def _pair(entry: Entry, row: HistoryRow, task: Task | None, offset: timedelta) -> Pair | None:
    if task is None:
        return None
    fits = fit(entry, task)
    date = row.created_at or task.created_at
    unknown_time = entry.error is None or date is None
    if fits is Fit.NONE or (unknown_time and fits is not Fit.EXACT):
        return None
    apart = abs(date - entry.moment - offset) if date else timedelta.max
    return Pair(entry, task, fits, apart)
