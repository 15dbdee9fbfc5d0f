"""Parses a task in an answer. Tolerant: a field of the wrong shape counts as absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from wanx_mcp.limits.provider import MOST_LOGS, WORD_CHARACTERS
from wanx_mcp.provider.fields import as_count, as_dict, as_list, as_text, first_text, read_date, texts
from wanx_mcp.provider.links import acceptable, video_link
from wanx_mcp.taskid import is_task_id


class Status(StrEnum):
    """The five states of a task."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


# Status words that have been seen, compared in lower case and trimmed [contract 5.5, 14].
_WORDS = {
    "staged": Status.PENDING,
    "success": Status.COMPLETED,
    "succeeded": Status.COMPLETED,
    "finished": Status.COMPLETED,
    "error": Status.FAILED,
    "canceled": Status.CANCELLED,
    "running": Status.PROCESSING,
    "in_progress": Status.PROCESSING,
    "starting": Status.PROCESSING,
    "retry": Status.PROCESSING,
} | {status.value: status for status in Status}

_MESSAGE_FIELDS = ("message", "msg", "reason", "error", "detail", "text", "log", "content")
"""Fields of an object in `logs` or `detail` that can hold a message."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Points frozen and consumed, 10,000,000 to the US dollar; None where there is no usable figure.

    `odd`: a figure was given that could not be read.
    """

    frozen: int | None = None
    consumed: int | None = None
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the provider describes it. Points: 10,000,000 = 1 USD, None where there is no usable figure."""

    task_id: str
    status: Status
    provider_status: str
    task_type: str | None = None
    model: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    video_url: str | None = None
    error_message: str | None = None
    frozen_points: int | None = None
    consumed_points: int | None = None
    odd_usage: bool = False
    input: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def charged_points(self) -> int | None:
        """What an ended task cost, None while that is not certain."""
        # Failed tasks release their frozen points, by the documentation [contract 5.6]. A completed task that reports
        # no consumption need not be free.
        if not self.status.final or self.consumed_points is None:
            return None
        if self.consumed_points > 0:
            return self.consumed_points
        return None if self.status is Status.COMPLETED or self.frozen_points or self.odd_usage else 0

    @property
    def shown_points(self) -> int | None:
        """The larger of what is frozen and what is consumed, None if neither is known."""
        return max(
            (points for points in (self.frozen_points, self.consumed_points) if points is not None), default=None
        )


def read_task(body: Any, *, trusted_loopback: bool) -> Task | None:
    """The task in the `data` of an answer, or in the answer itself; None if there is none.

    `trusted_loopback`: the provider itself is on loopback, so that a video link there is accepted.
    """
    found = as_dict(as_dict(body).get("data")) or as_dict(body)
    task_id = as_text(found.get("task_id"))
    if task_id is None or not is_task_id(task_id):
        return None
    meta = as_dict(found.get("meta"))
    status, word = read_status(found.get("status"))
    usage = read_usage(as_dict(meta.get("usage")))
    return Task(
        task_id=task_id,
        status=status,
        provider_status=word,
        task_type=as_word(found.get("task_type")),
        model=as_word(found.get("model")),
        created_at=read_date(meta.get("created_at") or found.get("created_at")),
        started_at=read_date(meta.get("started_at")),
        ended_at=read_date(meta.get("ended_at") or meta.get("completed_at")),
        video_url=video_link(
            found.get("output"), trusted_loopback=trusted_loopback, finished=status is Status.COMPLETED
        ),
        error_message=_error(found.get("error")) or (_failure(found) if status is Status.FAILED else None),
        frozen_points=usage.frozen,
        consumed_points=usage.consumed,
        odd_usage=usage.odd,
        input=as_dict(found.get("input")),
    )


def is_known_word(word: str) -> bool:
    """Whether the status word, in lower case, is a known one."""
    return word in _WORDS


def read_status(value: Any) -> tuple[Status, str]:
    """The state that a status word means, and the word in lower case. An unknown word means PROCESSING."""
    word = (as_word(value) or "").lower()
    return _WORDS.get(word, Status.PROCESSING if word else Status.PENDING), word


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """The figures of a `usage` object: whole points only. Other units (quota, llm, mj) are ignored."""
    given = [name for name in ("frozen", "consume") if usage.get(name) is not None]
    if (as_word(usage.get("type")) or "").casefold() != "point":
        return Usage(odd=bool(given))
    read = {name: as_count(usage[name]) for name in given}
    return Usage(read.get("frozen"), read.get("consume"), odd=None in read.values())


def read_upload(body: Any, *, trusted_loopback: bool) -> str | None:
    """The address of an uploaded file: `data.url`, or `url` as the official CLI reads it [contract 7.5]."""
    outer = as_dict(body)
    urls = filter(None, map(as_text, (as_dict(outer.get("data")).get("url"), outer.get("url"))))
    return next((url for url in urls if acceptable(url, trusted_loopback=trusted_loopback)), None)


def read_code(body: Any) -> int | None:
    """The envelope's `code`, None where there is none or it means success (200 or 0)."""
    code = envelope_code(body)
    return None if code in (0, 200) else code


def envelope_code(body: Any) -> int | None:
    """The envelope's `code` as an integer, None if it is no number."""
    code = as_dict(body).get("code")
    if isinstance(code, str) and re.fullmatch(r"[0-9]{1,9}", code.strip()):
        return int(code)
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 10**9 else None


def is_own(body: Any) -> bool:
    """Whether `body` is the provider's own envelope: with a numeric `code`, or with both `message` and `data`.

    Pages of gateways are not JSON, or JSON of another shape [contract 5.1, 6.1].
    """
    outer = as_dict(body)
    return envelope_code(body) is not None or {"message", "data"} <= outer.keys()


def read_message(body: Any) -> str:
    """The provider's message about a refusal, unquoted; empty if there is none."""
    outer, inner = as_dict(body), as_dict(as_dict(body).get("data"))
    words = [_error(outer.get("error")), as_text(outer.get("message")), _error(inner.get("error"))]
    return next((word for word in words if word and word.lower() != "success"), "")


def as_word(value: Any) -> str | None:
    """A name or a single word, cut to WORD_CHARACTERS."""
    text = as_text(value)
    return text and text[:WORD_CHARACTERS].rstrip()


def _error(value: Any) -> str | None:
    holder = as_dict(value)
    return first_text(value, holder.get("message"), holder.get("raw_message"))


def _failure(found: Mapping[str, Any]) -> str | None:
    """Why a task failed whose error has no message: the last message of its logs, else the error's detail or code."""
    error, logs = as_dict(found.get("error")), found.get("logs")
    entries = as_list(logs) or [logs]
    messages = (_message(entry) for entry in [*reversed(entries[-MOST_LOGS:]), error.get("detail")])
    if message := next(filter(None, messages), None):
        return message
    code = error.get("code")
    known = isinstance(code, int | str) and not isinstance(code, bool) and str(code).strip() not in ("", "0")
    return f"error code {str(code)[:WORD_CHARACTERS].strip()}" if known else None


def _message(value: Any) -> str | None:
    """The message in a text or an object: from one of _MESSAGE_FIELDS, else its last text that is not a date."""
    holder = as_dict(value)
    usual = first_text(value, *(holder.get(name) for name in _MESSAGE_FIELDS))
    return usual or next((text for text in reversed(list(texts(value))) if read_date(text) is None), None)
