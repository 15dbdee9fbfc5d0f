"""Rows of the task history, read tolerantly [contract 7.4, 15]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanx_mcp.provider.answers import read_date


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row. `task_id` is None where none can be read: such a row can be any task."""

    task_id: str | None
    task_type: str | None = None
    model: str | None = None
    provider_status: str = ""
    created_at: datetime | None = None


def read_rows(body: Any) -> tuple[list[HistoryRow], int | None] | None:
    """One page of the history and the total it speaks of; None if `body` is no such page.

    Each row is kept, however odd. The server prints an empty list as null too.
    """
    page = _dict(_dict(body).get("data"))
    rows = page.get("data", ...)
    if not isinstance(rows, list | None):
        return None
    total = page.get("total")
    return [read_row(row) for row in rows or []], total if isinstance(total, int) else None


def read_row(row: Any) -> HistoryRow:
    """One row. The task type is called `action` in real rows, whose `detail` differs by model."""
    found = _dict(row)
    detail = _dict(found.get("detail"))
    return HistoryRow(
        task_id=_first(found.get("task_id")),
        task_type=_first(found.get("action"), found.get("task_type"), detail.get("task_type")),
        model=_first(found.get("model"), detail.get("model")),
        provider_status=_first(found.get("status")) or "",
        created_at=read_date(found.get("created_at") or _dict(found.get("meta")).get("created_at")),
    )


def _first(*values: Any) -> str | None:
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), None)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
