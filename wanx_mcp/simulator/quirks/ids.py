"""Quirks of ids: unusual ones, and answers about another id."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View, showing

LONGEST = 200


def _given(name: str, about: str, spell: Callable[[str], str]) -> Quirk:
    return Quirk(
        name=f"id_{name}",
        about=about,
        lasts=Lasts.TASK,
        makes=lambda task, _view: replace(task, task_id=spell(task.task_id)),
    )


def _answered(name: str, about: str, spell: Callable[[str], str]) -> Quirk:
    def change(data: Json, _view: View) -> Json:
        return {"task_id": spell(data["task_id"])}

    return showing(f"id_{name}", about, change, lambda view: view.kind == "read")


def _taken(task: SimulatedTask, view: View) -> SimulatedTask:
    return replace(task, task_id=view.task.task_id) if view.task else task


QUIRKS = (
    _given("underscore", "an id that begins with _", lambda task_id: f"_{task_id}"),
    _given("slash", "an id with a slash", lambda task_id: f"{task_id[:8]}/{task_id[9:]}"),
    _given("reserved", "an id with %2F, ?, # and &", lambda task_id: f"{task_id[:8]}%2F?a=b&c#d{task_id[9:]}"),
    _given("long", f"an id of {LONGEST} characters", lambda task_id: (task_id * 6)[:LONGEST]),
    _given("upper", "an id in capitals", str.upper),
    _given("number", "an id of digits", lambda task_id: "".join(str(ord(letter) % 10) for letter in task_id)),
    Quirk(
        name="id_taken",
        about="an order gets the id of the newest task; none is created",
        lasts=Lasts.TASK,
        makes=_taken,
    ),
    _answered(
        "another", "a read answers about another id", lambda task_id: str(uuid.uuid5(uuid.NAMESPACE_OID, task_id))
    ),
    _answered("other_case", "a read answers with the id in the other case", str.swapcase),
    _answered("padded", "a read answers with spaces around the id", lambda task_id: f" {task_id}\n"),
)
