"""Rows of the task history, read tolerantly [contract 7.4, 15]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanx_mcp.provider.answers import read_date, read_status


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row; None where it is silent. It has no prompt, and a status word of its own."""

    task_id: str | None
    task_type: str | None = None
    model: str | None = None
    status: str | None = None
    created_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether its word says that the task has not ended; an unknown word says nothing."""
        status = read_status(self.status or "")
        return status is not None and not status.final


def read_page(body: Any) -> list[HistoryRow | None] | None:
    """The rows of one page, None in the place of one that is no object. None for what is no page.

    The server prints an empty list as null too.
    """
    page = _dict(body).get("data")
    if isinstance(page, dict):
        if "data" not in page:
            return None
        page = [] if page["data"] is None else page["data"]
    return [read_row(row) for row in page] if isinstance(page, list) else None


def read_row(row: Any) -> HistoryRow | None:
    """One row; None if it is no object, or an empty one."""
    if not isinstance(row, dict) or not row:
        return None
    detail = _dict(row.get("detail"))
    return HistoryRow(
        task_id=_first(row.get("task_id")),
        task_type=_first(row.get("action"), detail.get("task_type"), row.get("task_type")),
        model=_first(row.get("task_model"), detail.get("model"), row.get("model")),
        status=_first(row.get("status")),
        created_at=read_date(row.get("created_at") or _dict(row.get("meta")).get("created_at")),
    )


def _first(*values: Any) -> str | None:
    return next((value.strip() for value in values if isinstance(value, str) and value.strip()), None)


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
