"""A caller without a mind: it reads `Next:` clause by clause and does what the clause says, knowing no schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from .examples import PICTURE

Way = Literal["the first way", "the other way"]
WAYS: tuple[Way, ...] = ("the first way", "the other way")

KINDS: Mapping[str, Any] = {  # what a clause may ask for without naming it, and what this caller has of the kind
    r"text of": "A paper boat drifts along a rain gutter at dusk",
    r"(?:an )?https (?:URL|address)": PICTURE,
    r"true or false": True,
    r"another name": "ghibli",
}
_SET = re.compile(r"^set (?P<name>\w+) to (?P<what>.+)$", re.DOTALL)
_REMOVE = re.compile(r"^remove (?P<name>\w+)$")
_RENAME = re.compile(r"^(?:write it|write (?P<name>\w+)) as (?P<other>\w+)$")
_ADD = re.compile(r"^add (?P<name>\w+)$")
_RANGE = re.compile(r"^an? (?:number|integer) from (?P<least>[\d.]+) to (?P<most>[\d.]+)")


def follow(advice: str, arguments: Mapping[str, Any], way: Way = "the first way") -> dict[str, Any]:
    """The order after one correction. Who changes the task type does only that, and asks again."""
    order = dict(arguments)
    for clause in advice.split("; "):
        first, *others = re.split(r" or (?=set |remove |write )", clause)
        chosen = others[0] if others and way == "the other way" else first
        steps = re.split(r" and (?=set |add |remove )", chosen)
        for step in steps:
            _do(step.strip(), order, clause)
        if others and steps[0].startswith("set task_type"):
            break
    return order


def _do(step: str, order: dict[str, Any], clause: str) -> None:
    if said := _SET.match(step):
        order[said["name"]] = _value(said["what"])
    elif said := _REMOVE.match(step):
        order.pop(said["name"], None)
    elif said := _RENAME.match(step):
        name = said["name"] or re.findall(r"remove (\w+)", clause)[0]
        order[said["other"]] = order.pop(name)
    elif said := _ADD.match(step):
        order.setdefault(said["name"], PICTURE if "image" in said["name"] else "ghibli")


def _value(words: str) -> Any:
    """The first value in quotes, else one of the kind that the words describe."""
    if quoted := re.match(r'^(?:one of )?"([^"]+)"', words):
        return quoted[1]
    if bounds := _RANGE.match(words):
        return float(bounds["least"])
    for kind, value in KINDS.items():
        if re.match(kind, words):
            return value
    raise AssertionError(f"nobody could tell what to set here: {words!r}")
