"""Error answers: the provider's refusals, and the pages of gateways in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from wanx_mcp.simulator.weather import Fault


class HangUpError(Exception):
    """The connection is to be cut here; the server that runs the app does that."""


class RefusedError(Exception):
    """Why an order or an upload is refused, with the HTTP status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The provider's JSON error."""
    body: dict[str, Any] = {"code": status, "data": None, "message": message}
    return JSONResponse(body, status, headers)


def html(status: int, title: str) -> Response:
    """An HTML page of a gateway."""
    return HTMLResponse(f"<html><h1>{title}</h1></html>", status)


def plain(status: int, text: str) -> Response:
    """A line of plain text."""
    return PlainTextResponse(text, status)


def spoilt(fault: Fault, answer: Response | None, retry_after: int) -> Response:
    """The answer after that fault; `answer` is None if nothing was done. Raises HangUpError."""
    match fault:
        case Fault.LOSE_REQUEST | Fault.LOSE_ANSWER:
            raise HangUpError
        case Fault.FAIL_500 | Fault.ACT_THEN_500:
            return refusal(500, "internal error")
        case Fault.BUSY:
            return refusal(429, "rate limit exceeded")
        case Fault.BUSY_RETRY_AFTER:
            return refusal(429, "rate limit exceeded", {"retry-after": str(retry_after)})
        case Fault.HTML | Fault.ACT_THEN_HTML:
            return html(502, "502 Bad Gateway")
    assert answer is not None  # noqa: S101  # every other fault acts
    if fault.garbles:
        whole = bytes(answer.body)
        kept = whole[: len(whole) // 2] if fault is Fault.HALF_BODY else b""
        return Response(kept, answer.status_code, media_type="application/json")
    return answer
