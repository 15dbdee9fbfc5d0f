"""Task ids: what counts as one, and when two are the same. One rule for answers, arguments, addresses and commands."""

from __future__ import annotations

import re

LONGEST = 200
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ID = re.compile(rf"[!-~]{{1,{LONGEST}}}")


def is_task_id(text: str) -> bool:
    """Whether `text` can be an id: printable ASCII without blanks, and no step in a path of folders."""
    return _ID.fullmatch(text) is not None and text not in (".", "..")


def same_id(one: str, other: str) -> bool:
    """Whether two ids name one task: white space around them and letter case do not matter."""
    return one.strip().casefold() == other.strip().casefold()


def shape_doubt(text: str) -> str | None:
    """Why `text` does not look like an id of the provider's, None if it does. It can be one all the same."""
    if _UUID.fullmatch(text):
        return None
    if "://" in text:
        return "it looks like a link"
    if "." in text.rpartition("/")[2] or text.startswith(("/", "~")) or "\\" in text:
        return "it looks like the name of a file"
    return "the provider's ids look like 4f1a2b3c-0000-4000-8000-1234567890ab; it may be an id of your own program"
