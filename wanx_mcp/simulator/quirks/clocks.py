"""Quirks of time: the timestamps of tasks, the Date header, and the format of timestamps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View

LOCAL = timezone(timedelta(hours=8))
_DATES = ("created_at", "started_at", "ended_at", "updated_at")
SWING, PERIOD = 30.0, 120.0
"""Minutes."""


def created_off(minutes: float = 60) -> Quirk:
    """The timestamps of tasks are `minutes` ahead of the Date header (or behind); the history filters by them, too."""
    off = timedelta(minutes=minutes)
    return Quirk(
        name="clock_created_off",
        about=f"dates of tasks are {minutes:+g} minutes off",
        lasts=Lasts.RUN,
        clock=lambda moment: moment + off,
    )


def date_off(minutes: float = 60) -> Quirk:
    """The Date header is `minutes` ahead of the timestamps of tasks, or behind them."""
    off = timedelta(minutes=minutes)
    return Quirk(
        name="clock_date_off",
        about=f"the Date header is {minutes:+g} minutes off",
        lasts=Lasts.RUN,
        date=lambda now: now + off,
    )


def _swung(moment: datetime) -> datetime:
    """`moment` on a clock that goes from right to SWING minutes ahead and back to right in each PERIOD."""
    phase = (moment.timestamp() / 60 / PERIOD) % 1
    return moment + timedelta(minutes=SWING) * (1 - abs(2 * phase - 1))


def cached_date(seconds: int = 3600, *, age: bool = True) -> Quirk:
    """The Date header of a cache that stores answers for `seconds`; with `age`, an Age header, too."""

    def cached(now: datetime) -> datetime:
        return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)

    name = "clock_cached_date" if age else "clock_cached_date_without_age"
    return Quirk(
        name=name,
        about=f"a Date header up to {seconds} s old, {'with' if age else 'without'} an Age header",
        lasts=Lasts.RUN,
        date=cached,
        age=age,
    )


def _local(text: str) -> str:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:  # another quirk has changed it
        return text
    return text if date.year <= 1 else date.astimezone(LOCAL).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _rewritten(holder: Json, write: Callable[[str], str]) -> Json:
    return {name: write(value) if name in _DATES else value for name, value in holder.items()}


def _local_task(data: Json, _view: View) -> Json:
    return {**data, "meta": _rewritten(data["meta"], _local)}


def _local_row(row: Json, _view: View) -> Json:
    return _rewritten(row, _local)


QUIRKS = (
    created_off(),
    date_off(),
    Quirk(
        name="clock_swinging",
        about=f"all dates swing between 0 and {SWING:g} minutes ahead",
        lasts=Lasts.RUN,
        clock=_swung,
        date=_swung,
    ),
    Quirk(name="clock_no_date", about="no Date header", lasts=Lasts.RUN, date=lambda _now: None),
    cached_date(),
    cached_date(age=False),
    Quirk(
        name="clock_local_dates",
        about="dates of tasks in +08:00 without the offset",
        lasts=Lasts.RUN,
        shows=_local_task,
        row=_local_row,
    ),
)
