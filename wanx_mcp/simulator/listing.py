"""The task history: what a page was asked for, and the rows that are on it [contract 7.4, 15]."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.quirks.quirk import Json, Question, Quirk, View, changed

MAX_PAGE_SIZE = 100
FILTER = "wan"
QuirksOf = Callable[[SimulatedTask], tuple[Quirk, ...]]
RowOf = Callable[[SimulatedTask], Json]


def read_question(query: Mapping[str, str]) -> Question:
    """What `query` asks for. Raises ValueError with the reason that it cannot be answered."""
    try:
        page, size = int(query.get("page", "1")), int(query.get("page_size", "10"))
        since, until = float(query.get("start_time", "0")), float(query.get("end_time", "inf"))
    except ValueError:
        raise ValueError("page, page_size, start_time and end_time are numbers") from None
    if not 1 <= size <= MAX_PAGE_SIZE or page < 1:
        raise ValueError(f"page_size is 1 to {MAX_PAGE_SIZE}")
    return Question(page, size, since, until, query.get("model", ""))


def page_of(tasks: Iterable[SimulatedTask], question: Question, view: View, quirks_of: QuirksOf, row_of: RowOf) -> Any:
    """`data` of the answer to `question`: the page of those `tasks`, which come newest first."""
    for quirk in view.quirks:
        question = quirk.asks(question)
    view = replace(view, question=question)
    odd = ((replace(view, task=task), quirks_of(task)) for task in tasks if _matches(task, question, quirks_of(task)))
    listed = [(seen, quirks) for seen, quirks in odd if not any(quirk.hides(seen) for quirk in quirks)]
    rows = [changed(row_of(seen.task), (quirk.row for quirk in quirks), seen) for seen, quirks in listed if seen.task]
    rows = changed(rows, (quirk.rows for quirk in view.quirks), view)
    first = (question.page - 1) * question.size
    body = {
        "data": rows[first : first + question.size],
        "page": question.page,
        "size": question.size,
        "total": len(rows),
    }
    return changed(body, (quirk.page for quirk in view.quirks), view)


def dated(quirks: Iterable[Quirk]) -> Callable[[datetime], datetime]:
    """How the provider's database dates a moment."""
    clocks = [quirk.clock for quirk in quirks]

    def date(moment: datetime) -> datetime:
        for clock in clocks:
            moment = clock(moment)
        return moment

    return date


def _matches(task: SimulatedTask, question: Question, quirks: tuple[Quirk, ...]) -> bool:
    """Whether the filters let it through; they know the dates of the database."""
    created_at = dated(quirks)(task.created_at).timestamp()
    asked_for = question.model == "" or (question.model == FILTER and not task.is_strangers)
    return asked_for and question.since <= created_at <= question.until
