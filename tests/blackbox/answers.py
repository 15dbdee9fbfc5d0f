"""How a tool's answer reads to an agent: the grammar of error texts, and waiting for a task to end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from .rawclient import StdioServer, ToolAnswer

CODES = (
    "invalid_order", "invalid_arguments", "budget_exceeded", "adult_content_off", "not_configured", "unauthorized",
    "out_of_credit", "rate_limited", "task_not_found", "unreachable", "refused", "provider_fault", "outcome_unknown",
    "image_rejected", "not_finished", "download_failed", "preview_failed", "cannot_cancel", "ledger_unusable", "extra_missing",
)  # fmt: skip
_ERROR = re.compile(
    r"(?P<code>[a-z_]+): (?P<what>.+?)\. Charged by this call: (?P<charged>no|maybe|yes)\."
    r"(?: (?P<known>.+?)\.)?? Next: (?P<next>.+)\.",
    re.DOTALL,
)


@dataclass(frozen=True)
class ErrorText:
    """`<code>: <what>. Charged by this call: <charged>. [<known>.] Next: <next>.`"""

    code: str
    what: str
    charged: str
    next: str
    known: str | None = None


def error_of(answer: ToolAnswer, *codes: str, charged: str = "no|maybe|yes") -> ErrorText:
    """The parts of an error; fails when the answer is no error, is badly formed, or is none of `codes`."""
    assert answer.is_error, f"expected {codes or 'an error'}, got: {answer.result}"
    assert "structuredContent" not in answer.result, "an error is text only"
    assert len(answer.result["content"]) == 1, "an error is one text"
    found = _ERROR.fullmatch(answer.text)
    assert found, f"not `<code>: <what>. Charged by this call: no|maybe|yes. [<known>.] Next: <what>.`: {answer.text!r}"
    error = ErrorText(**found.groupdict())
    assert error.code in CODES, answer.text
    assert not codes or error.code in codes, answer.text
    assert error.charged in charged.split("|"), answer.text
    return error


def fetch_to_the_end(server: StdioServer, task_id: str, waits: int = 6) -> dict[str, Any]:
    """Asks with short waits, as an agent does, until the task has ended."""
    for _ in range(waits):
        told = server.call("get_wanx_task", task_id=task_id, wait_seconds=10).structured
        if told["status"] in ("completed", "failed", "cancelled") and (
            told["status"] != "completed" or told.get("video_url")
        ):
            return told
    raise AssertionError(f"the task never ended: {told}")


def keeps_its_schemas(server: StdioServer) -> int:
    """Every structured result that the server gave fits its tool's output schema; how many there were."""
    jsonschema = pytest.importorskip("jsonschema")
    schemas = {tool["name"]: tool.get("outputSchema") for tool in server.tools()}
    given = server.structured_answers()
    for tool, content in given:
        jsonschema.Draft202012Validator(schemas[tool]).validate(content)
        assert None not in content.values(), f"{tool} should leave out what it does not know: {content}"
    return len(given)


def complete_on_its_own(answer: ToolAnswer, *facts: str) -> None:
    """Both the text and the structured content carry the facts, since a client may show only one of them."""
    structured = str(answer.structured)
    for fact in facts:
        assert fact in answer.text, (fact, answer.text)
        assert fact in structured, (fact, structured)
    assert answer.structured.get("next_step"), answer.structured
