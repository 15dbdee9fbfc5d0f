"""From the studio's answers to results and sentences, each with the next step."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from wanx_mcp.catalog import price_words
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Status
from wanx_mcp.quoting import clean
from wanx_mcp.server.results import CancelResult, CreateResult, GetResult, Result
from wanx_mcp.studio import Placement, Sight

Reply = tuple[str, Result]
"""The text and the structured result of one call."""


def created(placement: Placement, longest_wait: int) -> Reply:
    """The reply to a placed order or to a dry run."""
    row, task = placement.order.row, placement.task
    price = price_words(row.price)
    if task is None:
        step = "to place this order, make the same call without dry_run"
        text = f"Valid order: {row.name}, {price}. Nothing was sent or spent"
    else:
        step = f'call get_wanx_task with task_id "{task.task_id}" and wait_seconds {longest_wait}'
        text = f"Ordered: {row.name}, {price}. Task {task.task_id} is {task.status}"
    result = CreateResult(
        task_id=task and task.task_id,
        status=task and task.status.value,
        task_type=row.name,
        price_usd=_number(row.price),
        dry_run=task is None,
        poll_after_seconds=placement.pace.absence if task else None,
        next_step=step,
    )
    return f"{text}. Next: {step}.", result


def seen(sight: Sight, longest_wait: int) -> Reply:
    """The reply to a look at a task."""
    task, pace = sight.task, sight.pace
    step = _next(sight, longest_wait)
    charged = None if task.consumed_points is None or not task.status.final else to_usd(task.consumed_points)
    error = clean(task.error_message) if task.status is Status.FAILED and task.error_message else None
    strange = task.provider_status if task.provider_status != task.status else None
    result = GetResult(
        task_id=task.task_id,
        task_type=sight.row.name if sight.row else task.task_type and clean(task.task_type, 60),
        status=task.status.value,
        provider_status=clean(strange, 40) if strange else None,
        video_url=task.video_url,
        created_at=_date(task.created_at),
        started_at=_date(task.started_at),
        ended_at=_date(task.ended_at),
        elapsed_seconds=None if sight.elapsed is None else int(sight.elapsed),
        eta_seconds=round(pace.remaining) if pace else None,
        price_usd=_number(sight.row.price if sight.row else None),
        charged_usd=_number(charged),
        error_message=error,
        poll_after_seconds=pace.absence if pace else None,
        next_step=step,
    )
    return f"{_sentence(sight, error, charged)} Next: {step}.", result


def cancelled(sight: Sight) -> Reply:
    """The reply to a cancel that the provider accepted."""
    task = sight.task
    step = "order again with create_wanx_task if another video is wanted"
    text = f"Cancelled: task {task.task_id} is {task.status}. Next: {step}."
    return text, CancelResult(task_id=task.task_id, status=task.status.value, cancelled=True, next_step=step)


def progress_words(sight: Sight) -> str:
    """One line for a progress display."""
    remaining = sight.pace.remaining if sight.pace else 0.0
    left = f"{round(remaining)} s" if remaining < 90 else f"{round(remaining / 60)} min"
    return f"{sight.task.status}, about {left} left"


def _sentence(sight: Sight, error: str | None, charged: Decimal | None) -> str:
    task = sight.task
    spent = f" Charged {dollars(charged)}." if charged is not None else ""
    match task.status:
        case Status.COMPLETED if task.video_url:
            return f"Task {task.task_id} is completed. Video: {task.video_url}{spent and '.'}{spent}"
        case Status.COMPLETED:
            return f"Task {task.task_id} is completed; the video link is not there yet.{spent}"
        case Status.FAILED:
            return f'Task {task.task_id} failed: "{error or "no reason given"}".{spent}'
        case Status.CANCELLED:
            return f"Task {task.task_id} was cancelled.{spent}"
        case _:
            link = f" A video link is already there: {task.video_url}." if task.video_url else ""
            return f"Task {task.task_id}: {progress_words(sight)}.{link}"


def _next(sight: Sight, longest_wait: int) -> str:
    task = sight.task
    again = f'call get_wanx_task with task_id "{task.task_id}" and wait_seconds {longest_wait}'
    if task.video_url:
        return "give the user the video link now; the provider deletes it, often within a day"
    match task.status:
        case Status.FAILED:
            return "tell the user why; a changed prompt or picture may work, as a new order"
        case Status.CANCELLED:
            return "order again with create_wanx_task if the video is still wanted"
        case _:
            return again


def _date(date: datetime | None) -> str | None:
    return date.isoformat(timespec="seconds").replace("+00:00", "Z") if date else None


def _number(usd: Decimal | None) -> float | None:
    return None if usd is None else float(usd)
