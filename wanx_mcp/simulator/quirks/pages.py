"""Quirks of the connection: gateways that answer instead of the provider, Retry-After, huge and late answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from wanx_mcp.simulator.quirks.quirk import Kind, Quirk, refusing
from wanx_mcp.simulator.replies import html, plain, refusal

KINDS: tuple[Kind, ...] = ("create", "read", "history", "account")
LATER = {"retry-after": "3600"}
TURNED_AWAY, UNCLEAR = (401, 403, 404, 405, 413, 414, 431, 451), (200, 400, 408, 409, 423, 425, 429, 503)
"""Statuses of a gateway's page: those that mean that an order was not placed, and those that leave it open."""

_TITLES = {200: "Sign in", 403: "Just a moment... checking your browser"}


def _instead(name: str, about: str, kind: Kind, answer: Callable[[], Response]) -> Quirk:
    return refusing(f"{kind}_{name}", f"{kind}: {about}", kind, lambda _: answer())


def html_page(kind: Kind, status: int) -> Quirk:
    """A gateway's HTML page instead of requests of that kind."""
    title = _TITLES.get(status, f"{status} from the gateway")
    return _instead(f"html_{status}", f"an HTML page with {status}", kind, lambda: html(status, title))


def refused(kind: Kind, status: int, words: str = "not now") -> Quirk:
    """The provider's JSON refusal of requests of that kind."""
    return _instead(f"json_{status}", f"refused with {status}", kind, lambda: refusal(status, words))


def _text(kind: Kind) -> Quirk:
    return _instead("plain_404", "a line of text with 404", kind, lambda: plain(404, "404 page not found"))


def _later(kind: Kind, status: int) -> Quirk:
    words = "try again later"
    return _instead(f"{status}_hour", f"{status}, Retry-After 3600", kind, lambda: refusal(status, words, LATER))


def huge(kind: Kind, megabytes: int = 8) -> Quirk:
    """A JSON list of that size as the answer."""

    def answer() -> Response:
        body = b"[" + b"{}," * (megabytes * 1_000_000 // 3) + b"{}]"
        return Response(body, media_type="application/json")

    return _instead("huge", f"{megabytes} MB of JSON", kind, answer)


def stall(seconds: float = 15, *, first: bool = False) -> Quirk:
    """Answers are late by `seconds` of the simulator's clock; with `first`, the request is carried out late, too."""
    late = Quirk(name="stall_after", about=f"the answer comes {seconds:g} s after the act", stall_after=seconds)
    about = f"the act and its answer come {seconds:g} s late"
    return replace(late, name="stall_before", about=about, stall_before=seconds, stall_after=0) if first else late


QUIRKS = (
    *(html_page("create", status) for status in sorted(TURNED_AWAY + UNCLEAR)),
    *(html_page(kind, status) for kind in KINDS[1:] for status in (200, 403, 404)),
    *(_text(kind) for kind in KINDS),
    *(_later(kind, status) for kind in ("create", "read") for status in (429, 503)),
    *(huge(kind) for kind in ("read", "history")),
    stall(),
    stall(first=True),
)
