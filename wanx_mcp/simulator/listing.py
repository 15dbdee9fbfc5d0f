"""The task history: the query of a page, and its rows [contract 7.4, 15]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.quirks.quirk import HistoryQuery, Json, Quirk, View, changed

MAX_PAGE_SIZE = 100
FILTER = "wan"
QuirksOf = Callable[[SimulatedTask], tuple[Quirk, ...]]
RowOf = Callable[[SimulatedTask], Json]


def read_query(parameters: Mapping[str, str]) -> HistoryQuery:
    """The query in the parameters of a URL. Raises ValueError with the reason why it is invalid."""
    try:
        page, size = int(parameters.get("page", "1")), int(parameters.get("page_size", "10"))
        since, until = float(parameters.get("start_time", "0")), float(parameters.get("end_time", "inf"))
    except ValueError:
        raise ValueError("page, page_size, start_time and end_time are numbers") from None
    if not 1 <= size <= MAX_PAGE_SIZE or page < 1:
        raise ValueError(f"page_size is 1 to {MAX_PAGE_SIZE}")
    return HistoryQuery(page, size, since, until, parameters.get("model", ""))


def page_of(tasks: Iterable[SimulatedTask], query: HistoryQuery, view: View, quirks_of: QuirksOf, row_of: RowOf) -> Any:
    """`data` of the answer to `query`: a page of `tasks`, which are sorted newest first."""
    for quirk in view.quirks:
        query = quirk.asks(query)
    view = replace(view, query=query)
    found = ((replace(view, task=task), quirks_of(task)) for task in tasks if _matches(task, query, quirks_of(task)))
    listed = [(seen, quirks) for seen, quirks in found if not any(quirk.hides(seen) for quirk in quirks)]
    rows = [changed(row_of(seen.task), (quirk.row for quirk in quirks), seen) for seen, quirks in listed if seen.task]
    rows = changed(rows, (quirk.rows for quirk in view.quirks), view)
    first = (query.page - 1) * query.size
    body = {
        "data": rows[first : first + query.size],
        "page": query.page,
        "size": query.size,
        "total": len(rows),
    }
    return changed(body, (quirk.page for quirk in view.quirks), view)


def dated(quirks: Iterable[Quirk]) -> Callable[[datetime], datetime]:
    """The timestamp that the provider's database holds for a moment."""
    clocks = [quirk.clock for quirk in quirks]

    def date(moment: datetime) -> datetime:
        for clock in clocks:
            moment = clock(moment)
        return moment

    return date


def _matches(task: SimulatedTask, query: HistoryQuery, quirks: tuple[Quirk, ...]) -> bool:
    """Whether the filters of the query, which compare the timestamps of the database, match the task."""
    created_at = dated(quirks)(task.created_at).timestamp()
    model_matches = query.model == "" or (query.model == FILTER and not task.is_of_other_product)
    return model_matches and query.since <= created_at <= query.until
