"""Quirks of the task history: omitted tasks, and wrong pages and rows [contract 7.4, 15]."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from wanx_mcp.simulator.life import Plan, SimulatedTask
from wanx_mcp.simulator.quirks.quirk import HistoryQuery, Json, Lasts, Quirk, View

NEWER = "wan22-"
OTHER_PRODUCT = ("kling", "video_generation")
"""Model and task type of another product of the provider, ordered with the same account."""


def _hiding(name: str, about: str, hides: Callable[[View], bool], lasts: Lasts = Lasts.RUN) -> Quirk:
    return Quirk(name=name, about=about, lasts=lasts, hides=hides)


def lag(minutes: float = 15) -> Quirk:
    """Rows appear `minutes` after their task was created."""
    late = timedelta(minutes=minutes)
    return _hiding(
        "history_lag",
        f"rows appear {minutes:g} minutes late",
        lambda view: view.task is not None and view.now - view.task.created_at < late,
    )


def _is_filtered(view: View) -> bool:
    return view.query is not None and view.query.model != ""


def _is_older_than_the_filter(view: View) -> bool:
    return _is_filtered(view) and view.task is not None and not view.task.task_type.startswith(NEWER)


def _asking(name: str, about: str, asks: Callable[[HistoryQuery], HistoryQuery]) -> Quirk:
    return Quirk(name=name, about=about, lasts=Lasts.RUN, asks=asks)


def capped(size: int = 20) -> Quirk:
    """No page has more than `size` rows."""
    return _asking(
        "history_capped", f"{size} rows a page at most", lambda asked: replace(asked, size=min(asked.size, size))
    )


def other_clock(hours: float = 8) -> Quirk:
    """start_time and end_time are compared with a clock that is `hours` ahead."""
    off = hours * 3600
    return _asking(
        "history_other_clock",
        f"start_time and end_time are read {hours:g} hours off",
        lambda asked: replace(asked, since=asked.since - off, until=asked.until - off),
    )


def _listing(name: str, about: str, rows: Callable[[list[Json], View], list[Json]], lasts: Lasts = Lasts.RUN) -> Quirk:
    return Quirk(name=name, about=about, lasts=lasts, rows=rows)


def _page_number(view: View) -> int:
    return view.query.page if view.query else 1


def _shuffled(rows: list[Json], view: View) -> list[Json]:
    return view.random.sample(rows, len(rows))


def _task_of_other_product(view: View) -> SimulatedTask:
    model, task_type = OTHER_PRODUCT
    return SimulatedTask(
        task_id=str(uuid.UUID(int=view.random.getrandbits(128), version=4)),
        owner=view.owner,
        model=model,
        task_type=task_type,
        input={"prompt": "a task of another product"},
        config={},
        points=0,
        created_at=view.now,
        plan=Plan(5, 60),
    )


def _arriving(name: str, about: str, when: Callable[[int], bool]) -> Quirk:
    return Quirk(
        name=name, about=about, arrives=lambda view: _task_of_other_product(view) if when(_page_number(view)) else None
    )


def _paging(name: str, about: str, page: Callable[[Json], Any], lasts: Lasts = Lasts.RUN) -> Quirk:
    return Quirk(name=name, about=about, lasts=lasts, page=lambda body, _view: page(body) if body else body)


def _row(name: str, about: str, change: Callable[[Json], Json]) -> Quirk:
    return Quirk(name=name, about=about, lasts=Lasts.TASK, row=lambda row, _view: {**row, **change(row)})


def _in_detail(row: Json, **changes: Any) -> Json:
    return {"detail": {**row["detail"], **changes} if row["detail"] else row["detail"]}


def _other_type(row: Json) -> Json:
    spelt = str(row["action"]).upper().replace("-", "_")
    return {"action": spelt, **_in_detail(row, task_type=spelt)}


QUIRKS = (
    _listing("history_empty", "no rows", lambda _rows, _view: [], Lasts.REQUEST),
    _paging("history_null_list", "the list is null, for no rows", lambda body: {**body, "data": None, "total": 0}),
    _paging("history_null", "the whole answer is null", lambda _: None, Lasts.REQUEST),
    lag(),
    _hiding("history_thin", "only tasks that have ended are listed", lambda view: view.is_open),
    _hiding("history_unlisted", "the task is never listed", lambda _view: True, Lasts.TASK),
    _hiding("history_filter_finds_nothing", "any `model` finds nothing", _is_filtered),
    _hiding("history_filter_finds_newer", f"`model=wan` finds only {NEWER}...", _is_older_than_the_filter),
    _paging("history_total_too_big", "`total` is too big", lambda body: {**body, "total": body.get("total", 0) + 7}),
    _paging("history_total_too_small", "`total` is 1", lambda body: {**body, "total": 1}),
    _paging("history_no_total", "no `total`", lambda body: {n: value for n, value in body.items() if n != "total"}),
    _arriving("history_arrivals", "a row arrives before each page but the first", lambda page: page > 1),
    _arriving("history_strangers", "a row of another product arrives before page 1", lambda page: page == 1),
    _listing(
        "history_departures",
        "a row leaves before each page but the first",
        lambda rows, view: rows[_page_number(view) - 1 :],
        Lasts.REQUEST,
    ),
    _asking("history_page_repeats", "`page` is ignored", lambda asked: replace(asked, page=1)),
    capped(),
    _listing("history_ascending", "the oldest row first", lambda rows, _view: rows[::-1]),
    _listing("history_shuffled", "rows in any order", _shuffled),
    _listing("history_twice", "each row twice", lambda rows, _view: [row for row in rows for _ in range(2)]),
    _asking(
        "history_filters_ignored",
        "start_time and end_time are ignored",
        lambda asked: replace(asked, since=0, until=float("inf")),
    ),
    other_clock(),
    _row("history_row_without_id", "a row without an id", lambda row: {"task_id": "", **_in_detail(row, task_id="")}),
    _row(
        "history_row_without_date",
        "a row whose dates cannot be read",
        lambda _: {"created_at": "yesterday", "updated_at": ""},
    ),
    _row("history_row_long_type", "a row whose task type has 1 MB", lambda _: {"action": "t" * 1_000_000}),
    _row("history_row_other_type", "a row with another name of the task type", _other_type),
    _row("history_row_without_type", "a row that names no task type", lambda _: {"action": "", "detail": None}),
)
