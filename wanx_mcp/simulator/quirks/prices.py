"""Quirks of money: the price of a task, and its `usage` [contract 5.6]. 10,000,000 points are 1 USD."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View, showing

Change = Callable[[Json, View], Json | None]
"""Changes the correct usage of a task; None leaves it out."""


def price_factor(times: float = 10) -> Quirk:
    """New tasks cost, and freeze, `times` as much."""
    return Quirk(
        name="price_factor",
        about=f"a task costs {times:g} times as much",
        lasts=Lasts.TASK,
        makes=lambda task, _view: replace(task, points=round(task.points * times)),
    )


def _usage(name: str, about: str, change: Change) -> Quirk:
    def used(data: Json, view: View) -> Json:
        meta = dict(data["meta"])
        if "usage" in meta and (usage := change(dict(meta.pop("usage")), view)) is not None:
            meta["usage"] = usage
        return {"meta": meta}

    return showing(f"usage_{name}", about, used, lambda _: True)


def _points(view: View) -> int:
    return view.task.points if view.task else 0


def _at(status: str, change: Callable[[View], Json]) -> Change:
    return lambda usage, view: {**usage, **change(view)} if view.status == status else usage


def _amounts(usage: Json, change: Callable[[Any], Any]) -> Json:
    """The numbers of a usage; those that are not 0 are changed."""
    return {name: change(usage[name]) or usage[name] for name in ("frozen", "consume") if name in usage}


def _quota_row(row: Json, _view: View) -> Json:
    return {**row, "usage": 1, "usage_type": "quota"}


QUIRKS = (
    price_factor(),
    replace(
        _usage(
            "quota", "one of a quota instead of points", lambda _u, _v: {"type": "quota", "frozen": 0, "consume": 1}
        ),
        row=_quota_row,
    ),
    _usage("fraction", "a fraction of a point", lambda usage, _: {**usage, **_amounts(usage, lambda _: 1.2)}),
    _usage("text", "points as text", lambda usage, _: {**usage, **_amounts(usage, str)}),
    _usage("late", "no usage until the end", lambda usage, view: None if view.is_open else usage),
    _usage("at_once", "consumed at the start", lambda usage, view: {**usage, "frozen": 0, "consume": _points(view)}),
    _usage(
        "both", "frozen and consumed alike", lambda usage, view: {**usage, **_amounts(usage, lambda _: _points(view))}
    ),
    _usage("nothing", "a finished task consumed nothing", _at("completed", lambda _: {"consume": 0})),
    _usage(
        "little", "a finished task consumed 40 %", _at("completed", lambda view: {"consume": _points(view) * 2 // 5})
    ),
    _usage("held", "a failed task stays frozen", _at("failed", lambda view: {"frozen": _points(view)})),
    _usage("charged", "a failed task is charged", _at("failed", lambda view: {"consume": _points(view)})),
    _usage("untyped", "usage without a type", lambda usage, _: _amounts(usage, lambda points: points)),
)
