"""Parses rows of the task history, tolerant of odd shapes. They have no prompt [contract 7.4, 15]."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wanx_mcp.provider.answers import Status, as_word, is_known_word, read_status, read_usage
from wanx_mcp.provider.fields import as_dict, first_text, read_date
from wanx_mcp.taskid import is_task_id


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row. `task_id` is None if it cannot be read: such a row can be any task. `usage_points`: the figure in the
    row, frozen or consumed, 10,000,000 to the US dollar."""

    task_id: str | None
    task_type: str | None = None
    model: str | None = None
    status: Status = Status.PENDING
    provider_status: str = ""
    created_at: datetime | None = None
    usage_points: int | None = None

    @property
    def open(self) -> bool:
        """Whether its status word is known and says that the task has not ended."""
        return is_known_word(self.provider_status) and not self.status.final


def read_rows(body: Any) -> tuple[list[HistoryRow], int | None] | None:
    """One page of the history and the total in it; None if `body` is no such page.

    Every row is kept, however odd. The server can write an empty list as null.
    """
    page = as_dict(as_dict(body).get("data"))
    rows = page.get("data", ...)
    if not isinstance(rows, list | None):
        return None
    total = page.get("total")
    counted = isinstance(total, int) and not isinstance(total, bool) and total >= 0
    return [read_row(row) for row in rows or []], total if counted else None


def read_row(row: Any) -> HistoryRow:
    """One row. Real rows have the task type in `action`; their `detail` differs by model."""
    found = as_dict(row)
    detail, meta = as_dict(found.get("detail")), as_dict(found.get("meta"))
    task_id = first_text(found.get("task_id"), detail.get("task_id"))
    status, word = read_status(found.get("status"))
    return HistoryRow(
        task_id=task_id if task_id is not None and is_task_id(task_id) else None,
        task_type=as_word(
            first_text(
                found.get("action"), found.get("task_type"), detail.get("task_type"), detail.get("workflow_type")
            )
        ),
        # `task_model` is not read: it is not known whether it names the same models.
        model=as_word(first_text(found.get("model"), detail.get("model"))),
        status=status,
        provider_status=word,
        created_at=read_date(found.get("created_at") or meta.get("created_at")),
        usage_points=read_usage({"type": found.get("usage_type"), "consume": found.get("usage")}).consumed,
    )
