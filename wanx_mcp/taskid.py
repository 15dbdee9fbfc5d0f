"""What can be the id of a task: one rule for every door."""

from __future__ import annotations

import re

_ID = re.compile(r"[!-~]{1,200}")


def is_task_id(text: str) -> bool:
    """Printable ASCII without blanks, 1 to 200 characters; not `.` or `..`, which paths would resolve."""
    return _ID.fullmatch(text) is not None and text not in (".", "..")
