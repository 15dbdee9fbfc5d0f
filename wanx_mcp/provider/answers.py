"""What the provider says, read tolerantly: a field of the wrong shape is absent, never a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from wanx_mcp.settings import is_loopback


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


# Words seen on the wire beside the five, compared in lower case and trimmed [contract 5.5, 14].
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

_ID = re.compile(r"[!-~]{1,200}")
_VIDEO = re.compile(r"\.(mp4|webm|mov|m4v)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """One task as the provider tells it. Points: 10,000,000 = 1 USD, None where the provider is silent."""

    task_id: str
    status: Status
    provider_status: str
    task_type: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    video_url: str | None = None
    error_message: str | None = None
    frozen_points: int | None = None
    consumed_points: int | None = None
    input: dict[str, Any] = field(default_factory=dict, repr=False)
    model: str | None = None

    @property
    def shown_points(self) -> int | None:
        """The larger of the frozen and the consumed figure, None where neither is given."""
        return max(
            (points for points in (self.frozen_points, self.consumed_points) if points is not None), default=None
        )

    @property
    def charged_points(self) -> int | None:
        """What an ended task really cost, None while that is not certain.

        Failed tasks are said to release their frozen points [contract 5.6]. A completed task that reports
        nothing consumed is not believed to be free.
        """
        if not self.status.final or self.consumed_points is None:
            return None
        if self.consumed_points > 0:
            return self.consumed_points
        return None if self.status is Status.COMPLETED or self.frozen_points else 0


def read_task(body: Any, *, trusted_loopback: bool) -> Task | None:
    """The task in an answer's envelope or flat body, None if there is none.

    `trusted_loopback`: the provider itself is on loopback, so a video there counts.
    """
    found = _dict(_dict(body).get("data")) or _dict(body)
    task_id = _text(found.get("task_id"))
    if task_id is None or not _ID.fullmatch(task_id):
        return None
    meta, usage = _dict(found.get("meta")), _dict(_dict(found.get("meta")).get("usage"))
    word = (_text(found.get("status")) or "").lower()
    url = next((url for url in _urls(found.get("output")) if _acceptable(url, trusted_loopback)), None)
    return Task(
        task_id=task_id,
        status=_WORDS.get(word, Status.PROCESSING if word else Status.PENDING),
        provider_status=word,
        task_type=_text(found.get("task_type")),
        created_at=read_date(meta.get("created_at") or found.get("created_at")),
        started_at=read_date(meta.get("started_at")),
        ended_at=read_date(meta.get("ended_at") or meta.get("completed_at")),
        video_url=url,
        error_message=_error(found.get("error")),
        frozen_points=_points(usage.get("frozen")),
        consumed_points=_points(usage.get("consume")),
        input=_dict(found.get("input")),
        model=_text(found.get("model")),
    )


def read_status(word: str) -> Status | None:
    """The state that a word of the provider's stands for, None if it is an unknown one."""
    return _WORDS.get(word.strip().lower())


def read_rows(body: Any) -> tuple[list[Task], int | None] | None:
    """One page of the task history and the total it speaks of; None if any part of it cannot be read.

    Rows are thin: no prompt, and a status word of their own [contract 7.4, 14].
    """
    page = _dict(_dict(body).get("data"))
    rows = page.get("data")
    if not isinstance(rows, list):
        return None
    tasks = [task for row in rows if (task := read_task(_dict(row), trusted_loopback=False))]
    if len(tasks) < len(rows):
        return None
    total = page.get("total")
    return tasks, total if isinstance(total, int) else None


def read_upload(body: Any, *, trusted_loopback: bool) -> str | None:
    """The address of an uploaded file: `data.url`, or `url` as the official CLI reads it [contract 7.5]."""
    urls = _links(_dict(_dict(body).get("data")).get("url"), _dict(body).get("url"))
    return next((url for url in urls if _acceptable(url, trusted_loopback)), None)


def read_code(body: Any) -> int | None:
    """The envelope's `code`, None where there is none or it means success (200 or 0)."""
    code = _dict(body).get("code")
    if isinstance(code, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", code):
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and code not in (0, 200) else None


def read_message(body: Any) -> str:
    """The provider's own words about a refusal, raw, or an empty text."""
    outer, inner = _dict(body), _dict(_dict(body).get("data"))
    words = [_error(outer.get("error")), _text(outer.get("message")), _error(inner.get("error"))]
    return next((word for word in words if word and word.lower() != "success"), "")


def read_date(value: Any) -> datetime | None:
    """A date with nanoseconds, an offset or none (then UTC); the year 0001 means "not yet" [contract 5.6]."""
    text = _text(value)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
        if date.year <= 1:
            return None
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _urls(output: Any) -> Iterator[str]:
    """Every place where a video link has been seen, the likeliest first [contract 5.4]."""
    holder = _dict(output)
    video, works = holder.get("video"), holder.get("works")
    yield from _links(
        holder.get("video_url"), video, _dict(video).get("url"), _dict(holder.get("video_raw")).get("url")
    )
    yield from _links(*_list(holder.get("video_urls")))
    for work in map(_dict, _list(works)):
        shown, resource = _dict(work.get("video")), _dict(work.get("resource"))
        yield from _links(shown.get("resource_without_watermark"), shown.get("resource"))
        yield from _links(resource.get("resourceWithoutWatermark"), resource.get("resource"), work.get("resource"))
    yield from (link for link in _links(*_strings(output)) if _VIDEO.search(_path(link)))


def _links(*values: Any) -> Iterator[str]:
    for value in values:
        text = _text(value)
        if text and text.lower().startswith(("https://", "http://")):
            yield text


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > 20:
        return
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else _list(value):
        yield from _strings(inner, depth + 1)


def _acceptable(url: str, trusted_loopback: bool) -> bool:
    if any(char.isspace() or not char.isprintable() for char in url):
        return False
    if "@" in _authority(url):  # what stands before it looks like the host and is none
        return False
    return bool(_host(url)) and (url.lower().startswith("https://") or (trusted_loopback and is_loopback(url)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _authority(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _error(value: Any) -> str | None:
    holder = _dict(value)
    return _text(value) or _text(holder.get("message")) or _text(holder.get("raw_message"))


def _points(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**15:
        return None
    return int(value)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
