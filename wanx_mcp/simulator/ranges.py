"""Serves a file like a storage host: all of it, or the requested range, which players need to seek."""

from __future__ import annotations

import re

from starlette.responses import Response

_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15}))")


def serve(content: bytes, media_type: str, asked: str | None) -> Response:
    """`content`, or the range in the Range header `asked`; several ranges are answered with all of it."""
    headers = {"accept-ranges": "bytes", "cache-control": "no-store"}
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None:
        return Response(content, media_type=media_type, headers=headers)
    size = len(content)
    first, last, tail = (None if text in (None, "") else int(text) for text in found.groups())
    if first is None:
        first, last = max(0, size - (tail or 0)), None
    end = size if last is None else min(last + 1, size)
    if first >= end:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
    return Response(content[first:end], 206, media_type=media_type, headers=headers)
