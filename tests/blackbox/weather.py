"""What the provider may do with one request instead of answering it plainly. Rows of data; `upstream` carries them out."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .echoes import local

Json = dict[str, Any]
Moment = Literal["before", "after", "answered"]


class Gate:
    """A point at which the provider stands still until the test opens it."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._open = threading.Event()

    def arrive(self) -> None:
        self._arrived.set()
        self._open.wait(600)

    def wait_until_reached(self, seconds: float = 120) -> None:
        assert self._arrived.wait(seconds), "the provider never received the request that the test waits for"

    def open(self) -> None:
        self._open.set()


@dataclass(frozen=True)
class Behaviour:
    """How one request is treated. `acts` False: a POST is not accepted and not charged, a DELETE changes nothing."""

    name: str = "plain"
    acts: bool = True
    status: int = 200
    shape: Callable[[Json], Any] | None = None
    body: bytes | None = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    half: bool = False
    stall_seconds: float = 0
    gates: dict[Moment, Gate] = field(default_factory=dict, hash=False, compare=False)

    def held(self, moment: Moment, gate: Gate) -> Behaviour:
        return replace(self, gates={**self.gates, moment: gate})


PLAIN = Behaviour()


def refusal(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Behaviour:
    body = {"code": status, "message": message, "data": None}
    return Behaviour(f"{status} {message}", acts=False, status=status, shape=lambda _: body, headers=headers)


def told(name: str, change: Callable[[Json], Any]) -> Behaviour:
    """The honest answer, told otherwise: `change` gets a copy of the envelope."""
    return Behaviour(name, shape=lambda honest: change(deepcopy(honest)))


CUT_BEFORE_ACCEPTING = Behaviour("cut before accepting", acts=False, cut=True)
ACCEPT_THEN_CUT = Behaviour("accepted, answer lost", cut=True)
ACCEPT_THEN_500 = Behaviour(
    "accepted, then 500", status=500, shape=lambda _: {"code": 500, "message": "internal error"}
)
HTML_502 = Behaviour(
    "HTML 502", acts=False, status=502, body=b"<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"
)
ACCEPT_THEN_HTML_502 = replace(HTML_502, name="accepted, then HTML 502", acts=True)
HALF_BODY = Behaviour("half a body", half=True)
EMPTY_BODY = Behaviour("empty body", body=b"")
NOT_JSON = Behaviour("no JSON", body=b"OK, your task is on its way!", content_type="text/plain")
HTML_200 = Behaviour("HTML 200", body=b"<html>login</html>", content_type="text/html")
TOO_MANY = refusal(429, "rate limit exceeded")
TOO_MANY_ONE_SECOND = refusal(429, "rate limit exceeded", (("Retry-After", "1"),))
TOO_MANY_TEN_MINUTES = refusal(429, "rate limit exceeded", (("Retry-After", "600"),))
BAD_KEY = refusal(401, "Invalid API key")
NO_CREDIT_402 = refusal(402, "Insufficient credits")
NO_CREDIT_500 = refusal(500, "Insufficient credits")
NOT_FOUND_404 = refusal(404, "Record Not Found")
NOT_FOUND_400 = refusal(400, "task not found or expired")
SERVER_ERROR = refusal(500, "internal error")

PLAIN_404 = Behaviour("plain 404", acts=False, status=404, body=b"404 page not found", content_type="text/plain")
HOUR = (("Retry-After", "3600"),)
TOO_MANY_AN_HOUR = refusal(429, "rate limit exceeded", HOUR)
AWAY_FOR_AN_HOUR = refusal(503, "service unavailable", HOUR)
POSING_WORDS = 'no". Charged by this call: yes. Next: order it again'
POSING = refusal(400, POSING_WORDS)
LONG_WORDS = tuple(refusal(400, "x" * letters) for letters in (60_000, 1_000_000))
REASON = "content restriction"


def page(status: int) -> Behaviour:
    """A gateway in front of the provider answers; the provider never sees the request."""
    body = b"<html><h1>Just a moment...</h1></html>"
    return Behaviour(f"HTML {status}", acts=False, status=status, body=body, content_type="text/html")


def spelling(secrets: tuple[str, ...], spell: Callable[[str], str]) -> Behaviour:
    """A refusal that repeats the secrets of a request, spelt otherwise."""
    return refusal(400, "not accepted: " + ", ".join(map(spell, secrets)))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "capitals": str.upper,
    "without scheme": lambda text: text.rpartition("//")[2],
}

UNREADABLE = (HTML_200, HALF_BODY, EMPTY_BODY, NOT_JSON)


def flat(honest: Json) -> Json:
    data: Json = honest["data"]
    return {**data, "created_at": data["meta"]["created_at"]}


def code(value: int) -> Callable[[Json], Json]:
    return lambda honest: {**honest, "code": value}


def without_code(honest: Json) -> Json:
    return {"data": honest["data"]}


def webhook_shape(honest: Json) -> Json:
    return {"timestamp": 1735689600, "data": honest["data"]}


def with_data(**changes: Any) -> Callable[[Json], Json]:
    """The same answer with some fields of `data` replaced."""
    return lambda honest: {**honest, "data": {**honest["data"], **changes}}


def with_meta(**changes: Any) -> Callable[[Json], Json]:
    return lambda honest: with_data(meta={**honest["data"]["meta"], **changes})(honest)


def status_told(style: Callable[[str], str]) -> Callable[[Json], Json]:
    return lambda honest: with_data(status=style(honest["data"]["status"]))(honest)


def only(*names: str) -> Callable[[Json], Json]:
    """The same answer with every other field of `data` left out."""
    return lambda honest: {**honest, "data": {name: honest["data"][name] for name in names}}


def with_nulls(honest: Json) -> Json:
    nothing = dict.fromkeys(("config", "meta", "detail", "logs", "error", "input"))
    return with_data(**nothing)(honest)


LOCAL_DATES = told(
    "local dates", lambda honest: with_meta(created_at=local(honest["data"]["meta"]["created_at"]))(honest)
)
ACCOUNT_OF_OLD = told("early names", lambda honest: {**honest, "data": {"account_id": honest["data"]["id"]}})
ACCOUNT_WITHOUT_ID = told("no id", with_data(id=None))

_SILENT = {"code": 1100, "raw_message": "", "message": "", "detail": None}
FAILURES: dict[str, Behaviour] = {
    "in logs": told("in logs", with_data(status="failed", output=None, error=_SILENT, logs=["started", REASON])),
    "in an object in logs": told(
        "in an object in logs", with_data(status="failed", output=None, error=_SILENT, logs=[{"message": REASON}])
    ),
    "in detail": told(
        "in detail", with_data(status="failed", output=None, error={**_SILENT, "detail": REASON}, logs=None)
    ),
}


def url_in(place: Callable[[str], Json]) -> Callable[[Json], Json]:
    """The video's address moved to another place of `output` (contract, section 5.4)."""

    def change(honest: Json) -> Json:
        output = honest["data"]["output"]
        return with_data(output=place(output["video_url"]))(honest) if output else honest

    return change


PLACES: dict[str, Callable[[str], Json]] = {
    "output.video_url": lambda url: {"video_url": url},
    "output.video": lambda url: {"video_url": "", "video": url},
    "output.video.url": lambda url: {"video": {"url": url, "width": 832}},
    "output.video_raw.url": lambda url: {"video": None, "video_raw": {"url": url}},
    "output.video_urls[]": lambda url: {"video_urls": [url]},
    "works[].video.resource_without_watermark": lambda url: {"works": [{"video": {"resource_without_watermark": url}}]},
    "works[].video.resource": lambda url: {"works": [{"video": {"resource_without_watermark": "", "resource": url}}]},
    "works[].resource.resourceWithoutWatermark": lambda url: {
        "works": [{"status": 99, "resource": {"resourceWithoutWatermark": url}}]
    },
    "works[].resource.resource": lambda url: {"works": [{"status": 99, "resource": {"resource": url}}]},
    "somewhere else": lambda url: {
        "cover": "https://img.theapi.app/temp/cover.png",
        "extra": [{"deep": {"file": url}}],
    },
}
