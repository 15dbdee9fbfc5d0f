"""Quirks of the way: gateways that answer instead of the provider, pauses that are asked for, answers that are late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from wanx_mcp.simulator.quirks.quirk import Kind, Quirk, View
from wanx_mcp.simulator.replies import html, plain, refusal

KINDS: tuple[Kind, ...] = ("create", "read", "history", "account")
LATER = {"retry-after": "3600"}
_TITLES = {
    401: "401 Authorization Required",
    403: "Just a moment... checking your browser",
    404: "404 Not Found",
    413: "413 Request Entity Too Large",
    503: "503 Service Unavailable",
}


def _instead(name: str, about: str, kind: Kind, answer: Callable[[], Response]) -> Quirk:
    """A request of that kind never reaches the provider."""

    def refuses(view: View) -> Response | None:
        return answer() if view.kind == kind and view.task is None else None

    return Quirk(name=f"{kind}_{name}", about=f"to a {kind}: {about}", refuses=refuses)


def _page(kind: Kind, status: int) -> Quirk:
    return _instead(f"html_{status}", f"an HTML page with {status}", kind, lambda: html(status, _TITLES[status]))


def _text(kind: Kind) -> Quirk:
    return _instead("plain_404", "a line of text with 404", kind, lambda: plain(404, "404 page not found"))


def _later(kind: Kind, status: int) -> Quirk:
    words = "try again later"
    return _instead(f"{status}_hour", f"{status}, Retry-After 3600", kind, lambda: refusal(status, words, LATER))


def stall(seconds: float = 15, *, first: bool = False) -> Quirk:
    """Answers come `seconds` of the simulator's clock late; `first`: what was asked is done after them, too."""
    late = Quirk(name="stall_after", about=f"the answer comes {seconds:g} s after the act", stall_after=seconds)
    about = f"the act and its answer come {seconds:g} s late"
    return replace(late, name="stall_before", about=about, stall_before=seconds, stall_after=0) if first else late


QUIRKS = (
    *(_page("create", status) for status in _TITLES),
    *(_page(kind, status) for kind in KINDS[1:] for status in (403, 404)),
    *(_text(kind) for kind in KINDS),
    *(_later(kind, status) for kind in ("create", "read") for status in (429, 503)),
    stall(),
    stall(first=True),
)
