"""Task ids: what counts as one, and when two are the same. One rule for answers, arguments, addresses and commands."""

from __future__ import annotations

import re

LONGEST = 200
_ID = re.compile(rf"[!-~]{{1,{LONGEST}}}")


def is_task_id(text: str) -> bool:
    """Whether `text` can be an id: printable ASCII without blanks, and no step in a path of folders."""
    return _ID.fullmatch(text) is not None and text not in (".", "..")


def same_id(one: str, other: str) -> bool:
    """Whether two ids name one task: white space around them and letter case do not matter."""
    return one.strip().casefold() == other.strip().casefold()
