"""What a media host says of parts: whether it can resume, where it resumes, and how long the whole is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


def validator(response: httpx.Response) -> str | None:
    """What names this very content for If-Range: a strong ETag, else the date of its last change."""
    tag = response.headers.get("etag", "")
    if tag.startswith('"'):
        return str(tag)
    return None if tag else response.headers.get("last-modified")


def resumed(content_range: str, start: int, known: int | None) -> int | None:
    """The whole length that a 206 tells, None if it does not go on where we stopped."""
    found = _RANGE.fullmatch(content_range.strip())
    if found is None or int(found[1]) != start or found[3] == "*":
        return None
    total = int(found[3])
    return total if int(found[2]) == total - 1 and known in (None, total) else None


def whole(content_range: str) -> int | None:
    """The whole length that a 206 tells although nobody asked for a part, 0 if it does not say, None if it does not
    begin at the beginning."""
    if not content_range:
        return 0
    found = _RANGE.fullmatch(content_range.strip())
    if found is None or int(found[1]) != 0:
        return None
    return 0 if found[3] == "*" else int(found[3])
