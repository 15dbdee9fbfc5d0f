"""Links to finished videos, which end: signatures expire and files are deleted [contract 7.6, 12]."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from wanx_mcp.simulator.life import SimulatedTask

KEPT = timedelta(hours=24)
"""How long a video exists after its task has ended: an assumption, none is documented."""


def signed(url: str, task: SimulatedTask, until: datetime) -> str:
    """`url` with a signature that expires at `until`."""
    expires = str(int(until.timestamp()))
    return f"{url}?{urlencode({'Expires': expires, 'Signature': _signature(task, expires)})}"


def link_refusal(task: SimulatedTask, query: Mapping[str, str], now: datetime, kept: timedelta) -> Response | None:
    """The error that the store answers a request for the video of `task` with at `now`; None if it serves it."""
    if "Expires" in query:
        expires = query["Expires"]
        if query.get("Signature") != _signature(task, expires):
            return _error(403, "SignatureDoesNotMatch", "The signature does not match.")
        if now.timestamp() >= int(expires):
            return _error(403, "AccessDenied", "Request has expired.")
    there = task.status(now) in ("completed", "processing") and now < task.ended_at + kept
    return None if there else absent()


def absent() -> Response:
    """The error for a file that does not exist (any more)."""
    return _error(404, "NoSuchKey", "The specified key does not exist.")


def _signature(task: SimulatedTask, expires: str) -> str:
    return hashlib.sha256(f"{task.owner} {task.task_id} {expires}".encode()).hexdigest()[:32]


def _error(status: int, code: str, words: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{words}</Message></Error>'
    return Response(body, status, media_type="application/xml")
