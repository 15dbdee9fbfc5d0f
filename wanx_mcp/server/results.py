"""Structured results: one model for each tool, from which its output schema is made. An absent field is unknown."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ResultModel(BaseModel):
    """A result, or an object inside one."""

    model_config = ConfigDict(frozen=True)


class Result(ResultModel):
    """The result of one call. It repeats what the text says: some clients show the model only one of the two."""

    next_step: str
    simulated: bool | None = None


class Budget(ResultModel):
    """What is booked in the last `window_hours`. `limit_usd` and `remaining_usd` are absent without a budget. Where the
    order does not fit: `room_at`, when older orders will have left room for it."""

    spent_usd: float
    limit_usd: float | None = None
    remaining_usd: float | None = None
    window_hours: int
    room_at: str | None = None


class CreateResult(Result):
    """An order that was placed, or that a dry run has checked."""

    task_id: str | None = None
    status: str | None = None
    task_type: str
    price_usd: float | None = None
    booked_usd: float | None = None
    reused: bool
    dry_run: bool
    budget: Budget | None = None
    poll_after_seconds: int | None = None


class GetResult(Result):
    """The state of a task. Dates are ISO 8601 in UTC."""

    task_id: str
    task_type: str | None = None
    status: str
    provider_status: str | None = None
    video_url: str | None = None
    has_sound: bool | None = None
    saved_path: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    elapsed_seconds: int | None = None
    eta_seconds: int | None = None
    price_usd: float | None = None
    charged_usd: float | None = None
    error_message: str | None = None
    save_problem: str | None = None
    as_of: str | None = None
    poll_after_seconds: int | None = None


class ListedTask(ResultModel):
    """One order of the ledger."""

    task_id: str | None = None
    request_id: str | None = None
    task_type: str
    status: str
    prompt: str
    price_usd: float | None = None
    booked_usd: float
    charged_usd: float | None = None
    created_at: str
    as_of: str | None = None
    video_url: str | None = None
    saved_path: str | None = None


class ListResult(Result):
    """Orders, newest first, and what the bookings of the budget's window are made of. `room_at` is when the oldest of
    them leaves the budget."""

    tasks: list[ListedTask]
    next_cursor: str | None = None
    budget: Budget
    charged_usd: float
    reserved_usd: float
    unknown_usd: float
    remaining_usd: float | None = None
    room_at: str | None = None


class FileResult(Result):
    """An MP4 file on disk, as far as it is there."""

    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    has_sound: bool | None = None


class SaveResult(FileResult):
    """A video on disk. Without `path` the download is still running."""


class JoinResult(FileResult):
    """A film on disk. Without `path` it is still being made."""

    film_id: str | None = None


class CancelResult(Result):
    """A task that the provider has cancelled."""

    task_id: str
    status: str
    cancelled: bool
