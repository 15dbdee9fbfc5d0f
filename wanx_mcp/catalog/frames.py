"""Frames of one's own videos as pictures: `task:ID`, `task:ID@first`, `task:ID@last`, `task:ID@SECONDS`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wanx_mcp.taskid import is_task_id

SCHEME = "task:"
FIRST, LAST = "first", "last"
_SECONDS = re.compile(r"\d{1,5}(\.\d{1,6})?")
_FORMS = "must name a frame as task:ID (its last frame), task:ID@first, task:ID@last or task:ID@SECONDS"


@dataclass(frozen=True, slots=True)
class FrameOf:
    """A frame of a task's video. `moment` is "first", "last", or seconds from the first frame as they were written."""

    task_id: str
    moment: str


def is_frame(value: str) -> bool:
    """Whether `value` can only be meant as a frame of a task. Such a value is never looked up as a path."""
    return value.strip()[: len(SCHEME)].lower() == SCHEME


def frame_of(value: str) -> FrameOf | None:
    """The frame that `value` names, None for any other picture.

    Raises ValueError; its message continues a sentence that begins with the argument's name.
    """
    if not is_frame(value):
        return None
    rest = value.strip()[len(SCHEME) :]
    task_id, mark, moment = rest.rpartition("@")
    if not mark:
        task_id, moment = rest, LAST
    moment = moment.lower()
    if moment not in (FIRST, LAST):
        moment = read_seconds(moment)
    if not is_task_id(task_id):
        raise ValueError(_FORMS)
    return FrameOf(task_id, moment)


def read_seconds(text: str) -> str:
    """Seconds as they were written, without a unit. Raises ValueError for anything else."""
    plain = text.removesuffix("s").strip()
    if not _SECONDS.fullmatch(plain):
        raise ValueError(_FORMS)
    return plain
