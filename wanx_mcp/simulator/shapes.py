"""The simulated provider's JSON: the documented shape, dressed in the oddities of the day [contract 5]."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from wanx_mcp.simulator.accounts import account_number
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.weather import Dress

ZERO = "0001-01-01T00:00:00Z"
_NO_ERROR = {"code": 0, "raw_message": "", "message": "", "detail": None}
Dating = Callable[[datetime], datetime]
"""How the provider's database dates a moment."""

_NANOSECONDS = frozenset({Dress.NANOSECONDS})
_NO_WEBHOOK = {"endpoint": "", "secret": ""}


def _same(moment: datetime) -> datetime:
    return moment


def task_json(
    task: SimulatedTask, now: datetime, url: str, dresses: frozenset[Dress], clock: Dating = _same
) -> dict[str, Any]:
    """`data` of a create or get answer at the time `now`; `url` is where the finished video is; `clock` dates it."""
    status = task.status(now)
    error = {"code": 1100, "raw_message": task.plan.error, "message": task.plan.error, "detail": None}
    meta: dict[str, Any] = {
        **({} if Dress.NO_DATES in dresses else _dates(task, now, dresses, clock)),
        "usage": {"type": "point", "frozen": task.frozen(now), "consume": task.consumed(now)},
        "is_using_private_pool": False,
    }
    if Dress.NO_USAGE in dresses:
        del meta["usage"]
    return {
        "task_id": task.task_id,
        "model": task.model,
        "task_type": task.task_type,
        "status": _word(status, dresses),
        # The secret comes back in clear, as it does in life [contract 14].
        "config": {"service_mode": "", "webhook_config": {**_NO_WEBHOOK, **task.webhook}},
        "input": {"negative_prompt": "", "aspect_ratio": "16:9", **task.input},
        "output": _output(status, now - task.ended_at, url, dresses),
        "meta": meta,
        "detail": None,
        "logs": [],
        "error": error if status == "failed" else _NO_ERROR,
    }


def history_row(task: SimulatedTask, now: datetime, url: str, clock: Dating = _same) -> dict[str, Any]:
    """A row of the task history: the task type is `action`, the input is missing, and a status word is its own
    [contract 15]."""
    status = task.status(now)
    changes = [moment for moment in (task.created_at, task.started_at, task.ended_at) if moment <= now]
    return {
        "id": _row_number(task),
        "account_id": account_number(task.owner),
        "api_key_id": task.key_id,
        "task_id": task.task_id,
        "task_model": task.model,
        "action": task.task_type,
        "status": "finished" if status == "completed" else status,
        "service_mode": "public",
        "usage": task.frozen(now) + task.consumed(now),
        "usage_type": "point",
        "fixed": True,
        "created_at": _date(clock(task.created_at), _NANOSECONDS),
        "updated_at": _date(clock(max(changes, default=task.created_at)), _NANOSECONDS),
        "detail": {
            "model": task.model,
            "task_id": task.task_id,
            "task_type": task.task_type,
            "output": url if status == "completed" else None,
        },
    }


def _row_number(task: SimulatedTask) -> int:
    return int(hashlib.sha256(task.task_id.encode()).hexdigest()[:7], 16) + 1


def envelope(data: Any, dresses: frozenset[Dress]) -> dict[str, Any]:
    """`data` with `code` and `message` around it, or as the dress wants it."""
    if Dress.FLAT in dresses and isinstance(data, dict):
        return data
    if Dress.NO_CODE in dresses:
        return {"data": data}
    return {"code": 0 if Dress.CODE_ZERO in dresses else 200, "data": data, "message": "success"}


def _word(status: str, dresses: frozenset[Dress]) -> str:
    if Dress.STRANGE_STATUS in dresses and status == "processing":
        status = "post_processing"
    if Dress.CAPITALS in dresses:
        status = status.capitalize()
    return status + "\t" if Dress.TRAILING_TAB in dresses else status


def _dates(task: SimulatedTask, now: datetime, dresses: frozenset[Dress], clock: Dating) -> dict[str, str]:
    started, ended = now >= task.started_at, now >= task.ended_at
    return {
        "created_at": _date(clock(task.created_at), dresses),
        "started_at": _date(clock(task.started_at), dresses) if started and not task.cancelled_at else ZERO,
        "ended_at": _date(clock(task.ended_at), dresses) if ended else ZERO,
    }


def _date(date: datetime, dresses: frozenset[Dress]) -> str:
    if Dress.OFFSET_DATES in dresses:
        return date.astimezone(timezone(timedelta(hours=8))).isoformat(timespec="microseconds")
    if Dress.NANOSECONDS in dresses:
        return f"{date:%Y-%m-%dT%H:%M:%S.%f}391Z"
    return f"{date:%Y-%m-%dT%H:%M:%S.%f}Z"


def _output(status: str, over: timedelta, url: str, dresses: frozenset[Dress]) -> Any:
    early = status == "processing" and Dress.EARLY_URL in dresses
    late = Dress.LATE_URL in dresses and over < timedelta(seconds=5)
    if not early and (status != "completed" or late):
        return {"video_url": ""} if late else None
    for dress, output in (
        (Dress.VIDEO, {"video": url}),
        (Dress.VIDEO_OBJECT, {"video": {"url": url, "width": 832, "height": 480}}),
        (Dress.VIDEO_URLS, {"video_urls": [url]}),
        (Dress.WORKS, {"works": [{"status": 99, "video": {"resource_without_watermark": url, "resource": ""}}]}),
        (Dress.STRAY_URL, {"result": {"files": [{"href": url}]}}),
    ):
        if dress in dresses:
            return output
    return {"video_url": url}
