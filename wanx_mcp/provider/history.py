"""Reads the account's task history, and says whether the reading is complete."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from wanx_mcp.errors import ProviderError
from wanx_mcp.limits import PAGE_SECONDS
from wanx_mcp.limits.provider import ANSWER_BYTES, HISTORY_PAGE_ROWS, MOST_HISTORY_PAGES
from wanx_mcp.provider.classify import Quote, read_error
from wanx_mcp.provider.rows import HistoryRow, read_rows
from wanx_mcp.provider.wire import Wire

HISTORY = "/api/open/tasks/histories"
_UNREADABLE_ROW = HistoryRow(task_id=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a time window, each id once, in the order of the answers; all rows without an id are kept.

    `complete`: nothing suggests that a row is missing; otherwise `problem` says why, as a short phrase.
    `begun_at` and `read_at` are the Date headers of the first and of the last page.
    """

    rows: tuple[HistoryRow, ...]
    complete: bool
    problem: str = ""
    read_at: datetime | None = None
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    rows: tuple[HistoryRow, ...]
    problem: str
    date: datetime | None


@dataclass(slots=True)
class _Pass:
    """The pages read so far in one page size."""

    pages: list[_Page] = field(default_factory=list)
    problem: str = ""

    @property
    def rows(self) -> list[HistoryRow]:
        return _once_each(row for page in self.pages for row in page.rows)


class History:
    """Reads the history over a Wire."""

    # No filter by model: it is not known what the provider's `model=wan` covers, so an empty answer to it would prove
    # nothing [contract 15].

    def __init__(self, wire: Wire, quote: Quote) -> None:
        self._wire = wire
        self._quote = quote

    async def read(self, since: datetime, until: datetime, *, within: float) -> Reading:
        """Every task created between two moments of the provider's time.

        Starts no page after `within` seconds. Raises the errors of a read if the first page cannot be read; any later
        problem makes the reading incomplete.
        """
        query = {"start_time": math.floor(since.timestamp()), "end_time": math.ceil(until.timestamp())}
        deadline = self._wire.clock.seconds() + within
        passes = [await self._pass(query, HISTORY_PAGE_ROWS[0], deadline, raises=True)]
        if len(passes[0].pages) > 2 and not passes[0].problem:  # two pages of rows, then the empty one
            passes.append(second := await self._pass(query, HISTORY_PAGE_ROWS[1], deadline))
            second.problem = second.problem or ("" if second.rows else "its second reading is empty")
        pages = [page for one in passes for page in one.pages]
        problem = next((one.problem for one in passes if one.problem), "")
        rows = _joined([one.rows for one in passes])
        return Reading(tuple(rows), not problem, problem, pages[-1].date, pages[0].date)

    async def _pass(self, query: dict[str, int], size: int, deadline: float, *, raises: bool = False) -> _Pass:
        """All pages in one page size, up to the first empty page or the first problem."""
        found = _Pass()
        while not found.problem:
            number = len(found.pages) + 1
            if number > MOST_HISTORY_PAGES:
                found.problem = f"it has more than {MOST_HISTORY_PAGES} pages"
            elif number > 1 and self._wire.clock.seconds() >= deadline:
                found.problem = "reading it took too long"
            else:
                try:
                    page = await self._page(query | {"page": number, "page_size": size})
                except ProviderError as error:
                    if raises and number == 1:
                        raise
                    found.problem = f"page {number} could not be read ({error.code})"
                    break
                found.problem = _page_problem(page, found.pages)
                found.pages.append(page)
                if not page.rows:
                    found.problem = found.problem or _order_problem(found.rows)
                    break
        return found

    async def _page(self, query: dict[str, int]) -> _Page:
        outcome = await self._wire.read(
            "GET", HISTORY, query=query, parse=read_rows, within=PAGE_SECONDS, most=ANSWER_BYTES
        )
        if outcome.found is None or outcome.answer is None:
            raise read_error(outcome, self._quote)
        rows, _total = outcome.found  # wrong totals have been seen, so it proves nothing
        problem = "" if outcome.answer.fresh else "a page came from a cache"
        if _UNREADABLE_ROW in rows:
            problem = "a row cannot be read"
        return _Page(tuple(row for row in rows if row != _UNREADABLE_ROW), problem, outcome.answer.date)


def _page_problem(page: _Page, earlier: Sequence[_Page]) -> str:
    repeats = bool(page.rows) and bool(earlier) and page.rows == earlier[-1].rows
    return page.problem or ("a page repeats the previous one" if repeats else "")


def _order_problem(rows: Sequence[HistoryRow]) -> str:
    dates = [row.created_at for row in rows if row.created_at is not None]
    falling = all(later <= earlier for earlier, later in pairwise(dates))
    rising = all(later >= earlier for earlier, later in pairwise(dates))
    return "" if falling or rising else "its rows are not sorted by date"


def _joined(passes: Sequence[Sequence[HistoryRow]]) -> list[HistoryRow]:
    """The rows of all passes, each id once. A row that only a later pass has stays behind the row before it."""
    # The place matters: it can show how old a row without a date is.
    joined = list(passes[0])
    for rows in passes[1:]:
        places = {row.task_id: place for place, row in enumerate(joined) if row.task_id is not None}
        inserts: dict[int, list[HistoryRow]] = {}
        place = -1
        for row in rows:
            if row.task_id in places:
                place = places[row.task_id]
            else:
                inserts.setdefault(place, []).append(row)
        merged = list(inserts.get(-1, ()))
        for place, row in enumerate(joined):
            merged += [row, *inserts.get(place, ())]
        joined = merged
    return joined


def _once_each(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows in order, with only the first of each id."""
    seen = set[str]()
    kept = []
    for row in rows:
        if row.task_id is None or row.task_id not in seen:
            kept.append(row)
            seen |= {row.task_id} if row.task_id is not None else set()
    return kept
