"""Quirks of a single task: reads that are denied or answered by something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from wanx_mcp.simulator.quirks.quirk import Lasts, Quirk, View
from wanx_mcp.simulator.replies import html, plain, refusal


def _denied(name: str, about: str, deny: Callable[[View], Response | None]) -> Quirk:
    def refuses(view: View) -> Response | None:
        return deny(view) if view.task is not None and view.kind in ("read", "cancel") else None

    return Quirk(name=f"task_{name}", about=about, lasts=Lasts.TASK, refuses=refuses)


def _unknown() -> Response:
    return refusal(404, "Record Not Found")


def young(seconds: float = 30) -> Quirk:
    """A task is unknown in its first `seconds`."""
    age = timedelta(seconds=seconds)
    return _denied(
        "young",
        f"unknown in its first {seconds:g} s",
        lambda view: _unknown() if view.task and view.now - view.task.created_at < age else None,
    )


QUIRKS = (
    young(),
    _denied("forgotten", "no longer known, although it may be in the history", lambda _: _unknown()),
    _denied("html_404", "an HTML page says 404", lambda _: html(404, "404 Not Found")),
    _denied("plain_404", "a line of text says 404", lambda _: plain(404, "404 page not found")),
    _denied("always_500", "each read is a 500", lambda _: refusal(500, "internal error")),
)
