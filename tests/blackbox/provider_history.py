"""The provider's list of tasks, honest or not (contract, sections 7.4 and 15). Each way to be wrong is a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .echoes import local
from .provider_task import ENDED, Task, stamp

Json = dict[str, Any]
MAX_PAGE_SIZE = 100
NEWER = ("wan22-txt2video-14b", "wan22-img2video-14b")


@dataclass(frozen=True)
class Asked:
    """The question. Times are unix seconds; `model` is empty without a filter."""

    page: int = 1
    size: int = 10
    since: float = 0
    until: float = 10**12
    model: str = ""

    @classmethod
    def of(cls, query: dict[str, str]) -> Asked:
        return cls(
            page=int(query.get("page", 1)),
            size=int(query.get("page_size", 10)),
            since=float(query.get("start_time", 0)),
            until=float(query.get("end_time", 10**12)),
            model=query.get("model", ""),
        )


@dataclass(frozen=True)
class History:
    """One way in which the list differs from an honest one; several can be combined."""

    name: str
    ask: Callable[[Asked], Asked] = lambda asked: asked
    keeps: Callable[[Task, Asked], bool] = lambda _task, _asked: True
    row: Callable[[Json], Json] = lambda row: row
    rows: Callable[[list[Json], Asked], list[Json]] = lambda rows, _asked: rows
    body: Callable[[Json], Any] = lambda body: body


def page_of(tasks: Iterable[Task], asked: Asked, odd: Iterable[History]) -> Any:
    """`data` of the answer: the newest task first, the page cut out of all that was found."""
    odd = tuple(odd)
    for one in odd:
        asked = one.ask(asked)
    found = [task for task in tasks if asked.since <= task.dated.timestamp() <= asked.until]
    found = [task for task in found if asked.model in ("", "wan") and all(one.keeps(task, asked) for one in odd)]
    found.sort(key=lambda task: task.created, reverse=True)
    rows = [task.as_history_row() for task in found]
    for one in odd:
        rows = one.rows([one.row(row) for row in rows], asked)
    first = (asked.page - 1) * asked.size
    body: Any = {
        "data": rows[first : first + asked.size],
        "page": asked.page,
        "size": asked.size,
        "total": len(rows),
    }
    for one in odd:
        body = one.body(body)
    return body


def lag(seconds: float) -> History:
    """Tasks are listed when they are that old."""
    return History("lag", keeps=lambda task, _: task.age_seconds >= seconds)


def dropping(*task_ids: str) -> History:
    return History("dropping", keeps=lambda task, _: task.task_id not in task_ids)


def capped(size: int) -> History:
    return History("capped", ask=lambda asked: replace(asked, size=min(asked.size, size)))


def other_clock(seconds: float) -> History:
    """The filters are compared with a clock that is so many seconds ahead."""
    return History(
        "other clock", ask=lambda asked: replace(asked, since=asked.since - seconds, until=asked.until - seconds)
    )


def total(value: Any) -> History:
    return History("another total", body=lambda body: {**body, "total": value})


def changing(name: str, **changes: Any) -> History:
    """Every row with some of its fields replaced."""
    return History(name, row=lambda row: {**row, **changes})


def stranger(number: int) -> Json:
    """A row of another product that nobody can read any more."""
    now = stamp(datetime.now(UTC))
    return {
        "id": number,
        "account_id": 1,
        "api_key_id": 1,
        "task_id": f"stranger-{number}",
        "task_model": "kling",
        "action": "video_generation",
        "status": "finished",
        "created_at": now,
        "updated_at": now,
        "detail": None,
    }


EMPTY = History("empty", rows=lambda _rows, _asked: [])
NULL_LIST = History("null list", body=lambda body: {**body, "data": None, "total": 0})
NULL = History("null", body=lambda _: None)
THIN = History("thin", keeps=lambda task, _: task.status in ENDED)
FILTER_FINDS_NOTHING = History("filter finds nothing", keeps=lambda _task, asked: asked.model == "")
FILTER_FINDS_NEWER = History(
    "filter finds newer", keeps=lambda task, asked: asked.model == "" or task.order["task_type"] in NEWER
)
NO_TOTAL = History("no total", body=lambda body: {name: value for name, value in body.items() if name != "total"})
MOVING = History("moving", rows=lambda rows, asked: [stranger(page) for page in range(asked.page - 1, 0, -1)] + rows)
SHRINKING = History("shrinking", rows=lambda rows, asked: rows[asked.page - 1 :])
STRANGERS = History("strangers", rows=lambda rows, _asked: [stranger(0), *rows])
REPEATING = History("repeating", ask=lambda asked: replace(asked, page=1))
ASCENDING = History("ascending", rows=lambda rows, _asked: rows[::-1])
MIXED = History("mixed", rows=lambda rows, _asked: rows[1::2] + rows[::2])
NO_TIME_FILTER = History("no time filter", ask=lambda asked: replace(asked, since=0, until=10**12))
NO_IDS = changing("no ids", task_id="", detail=None)
NO_DATES = changing("no dates", created_at="yesterday", updated_at=None)
LOCAL_DATES = History("local dates", row=lambda row: {**row, "created_at": local(row["created_at"])})
OTHER_TYPE = changing("other type", action="Wan2.1", detail={"workflow_type": "wan", "output": None})

HISTORIES = (
    *(EMPTY, NULL_LIST, NULL, THIN, FILTER_FINDS_NOTHING, FILTER_FINDS_NEWER, NO_TOTAL, MOVING, SHRINKING, STRANGERS),
    *(REPEATING, ASCENDING, MIXED, NO_TIME_FILTER, NO_IDS, NO_DATES, LOCAL_DATES, OTHER_TYPE),
    *(lag(900), capped(1), other_clock(8 * 3600), total(1), total(99)),
)
