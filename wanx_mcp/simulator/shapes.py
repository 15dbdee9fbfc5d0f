"""The simulated provider's JSON: the documented format, with the variants that are switched on [contract 5]."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from wanx_mcp.simulator.accounts import account_number
from wanx_mcp.simulator.life import SimulatedTask
from wanx_mcp.simulator.weather import Variant

ZERO = "0001-01-01T00:00:00Z"
NO_ERROR = {"code": 0, "raw_message": "", "message": "", "detail": None}
Clock = Callable[[datetime], datetime]
"""The timestamp that the provider's database holds for a moment."""

_NANOSECONDS = frozenset({Variant.NANOSECONDS})
_NO_WEBHOOK = {"endpoint": "", "secret": ""}


def task_json(
    task: SimulatedTask, now: datetime, url: str, variants: frozenset[Variant], clock: Clock
) -> dict[str, Any]:
    """`data` of the answer to a create or a read at `now`; `url` is that of the finished video."""
    status = task.status(now)
    error = {"code": 1100, "raw_message": task.plan.error, "message": task.plan.error, "detail": None}
    meta: dict[str, Any] = {
        **({} if Variant.NO_DATES in variants else _dates(task, now, variants, clock)),
        "usage": {"type": "point", "frozen": task.frozen(now), "consume": task.consumed(now)},
        "is_using_private_pool": False,
    }
    if Variant.NO_USAGE in variants:
        del meta["usage"]
    return {
        "task_id": task.task_id,
        "model": task.model,
        "task_type": task.task_type,
        "status": _word(status, variants),
        # The real provider returns the secret in clear, too [contract 14].
        "config": {"service_mode": "", "webhook_config": {**_NO_WEBHOOK, **task.webhook}},
        "input": {"negative_prompt": "", "aspect_ratio": "16:9", **task.input},
        "output": _output(status, now - task.ended_at, url, variants),
        "meta": meta,
        "detail": None,
        "logs": [],
        "error": error if status == "failed" else NO_ERROR,
    }


def history_row(task: SimulatedTask, now: datetime, url: str, clock: Clock) -> dict[str, Any]:
    """A row of the task history: the task type is `action`, there is no input, and "completed" is "finished"
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


def envelope(data: Any, variants: frozenset[Variant]) -> dict[str, Any]:
    """`data` with `code` and `message` around it, or in the variant that is switched on."""
    if Variant.FLAT in variants and isinstance(data, dict):
        return data
    if Variant.NO_CODE in variants:
        return {"data": data}
    return {"code": 0 if Variant.CODE_ZERO in variants else 200, "data": data, "message": "success"}


def _word(status: str, variants: frozenset[Variant]) -> str:
    if Variant.STRANGE_STATUS in variants and status == "processing":
        status = "post_processing"
    if Variant.CAPITALS in variants:
        status = status.capitalize()
    return status + "\t" if Variant.TRAILING_TAB in variants else status


def _dates(task: SimulatedTask, now: datetime, variants: frozenset[Variant], clock: Clock) -> dict[str, str]:
    started, ended = now >= task.started_at, now >= task.ended_at
    return {
        "created_at": _date(clock(task.created_at), variants),
        "started_at": _date(clock(task.started_at), variants) if started and not task.cancelled_at else ZERO,
        "ended_at": _date(clock(task.ended_at), variants) if ended else ZERO,
    }


def _date(date: datetime, variants: frozenset[Variant]) -> str:
    if Variant.OFFSET_DATES in variants:
        return date.astimezone(timezone(timedelta(hours=8))).isoformat(timespec="microseconds")
    if Variant.NANOSECONDS in variants:
        return f"{date:%Y-%m-%dT%H:%M:%S.%f}391Z"
    return f"{date:%Y-%m-%dT%H:%M:%S.%f}Z"


def _output(status: str, over: timedelta, url: str, variants: frozenset[Variant]) -> Any:
    early = status == "processing" and Variant.EARLY_URL in variants
    late = Variant.LATE_URL in variants and over < timedelta(seconds=5)
    if not early and (status != "completed" or late):
        return {"video_url": ""} if late else None
    for variant, output in (
        (Variant.VIDEO, {"video": url}),
        (Variant.VIDEO_OBJECT, {"video": {"url": url, "width": 832, "height": 480}}),
        (Variant.VIDEO_URLS, {"video_urls": [url]}),
        (Variant.WORKS, {"works": [{"status": 99, "video": {"resource_without_watermark": url, "resource": ""}}]}),
        (Variant.STRAY_URL, {"result": {"files": [{"href": url}]}}),
    ):
        if variant in variants:
            return output
    return {"video_url": url}
