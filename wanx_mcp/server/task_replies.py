"""The replies to get_wanx_task and cancel_wanx_task: the state of one task, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal

from wanx_mcp.limits import LINK_ADVICE_SECONDS
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Status
from wanx_mcp.quoting import quote
from wanx_mcp.server.formatting import number
from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import CancelResult, GetResult
from wanx_mcp.settings import Settings
from wanx_mcp.studio import TaskView
from wanx_mcp.times import iso
from wanx_mcp.toolnames import CREATE, GET, SAVE

PROBLEM_CHARACTERS = 200
"""Of why the provider could not be read, or a video not be saved."""


def task_state(view: TaskView, settings: Settings) -> Reply:
    """The reply to a get."""
    task, pace, secrets = view.task, view.pace, settings.secrets
    step = _next(view, settings.max_wait_seconds)
    charged = None if task.charged_points is None else to_usd(task.charged_points)
    error = quote(task.error_message, secrets=secrets) if task.status is Status.FAILED and task.error_message else None
    unusual = task.provider_status if task.provider_status != task.status else None
    result = GetResult(
        task_id=task.task_id,
        task_type=view.row.name if view.row else task.task_type and quote(task.task_type, 60, secrets),
        status=task.status.value,
        provider_status=quote(unusual, 40, secrets) if unusual else None,
        video_url=task.video_url,
        has_sound=True if view.sound and task.video_url else None,
        saved_path=view.saved_path,
        created_at=task.created_at and iso(task.created_at),
        started_at=task.started_at and iso(task.started_at),
        ended_at=task.ended_at and iso(task.ended_at),
        elapsed_seconds=None if view.elapsed is None else int(view.elapsed),
        eta_seconds=round(pace.remaining) if pace else None,
        price_usd=number(view.price),
        charged_usd=number(charged),
        error_message=error,
        save_problem=view.save_problem and quote(view.save_problem, PROBLEM_CHARACTERS, secrets),
        as_of=iso(view.read_at) if _old(view) and view.read_at else None,
        poll_after_seconds=pace.absence if pace else None if _over(view) else LINK_ADVICE_SECONDS,
        next_step=step,
    )
    return f"{_unread(view, secrets)}{_sentence(view, error, charged)}{_file(view, secrets)} Next: {step}.", result


def _old(view: TaskView) -> bool:
    """Whether the state was not read just now."""
    return view.problem is not None or view.denied or view.forgotten or view.gone


def _over(view: TaskView) -> bool:
    """Whether asking again brings nothing."""
    return view.settled and not view.being_saved


def _unread(view: TaskView, secrets: Iterable[str]) -> str:
    """Why the state was not read just now."""
    if view.problem is None:
        return ""
    as_of = f" as of {iso(view.read_at)}" if view.read_at else ""
    why = quote(view.problem, PROBLEM_CHARACTERS, secrets)
    return f"The provider could not be asked just now ({why}). Known{as_of}: "


def _file(view: TaskView, secrets: Iterable[str]) -> str:
    """Where the video is on disk, or what is becoming of it."""
    if view.saved_path:
        return f" Saved at {view.saved_path} ."
    if view.save_problem:
        return f' It could not be saved: "{quote(view.save_problem, PROBLEM_CHARACTERS, secrets)}".'
    return " It is being saved." if view.being_saved else ""


def cancelled(view: TaskView) -> Reply:
    """The reply to a cancel that the provider accepted."""
    task = view.task
    step = f"order again with {CREATE} if another video is wanted"
    text = f"Cancelled: task {task.task_id} is {task.status}. Next: {step}."
    return text, CancelResult(task_id=task.task_id, status=task.status.value, cancelled=True, next_step=step)


def task_progress(view: TaskView) -> tuple[float, str]:
    """Percent, and one line for a progress display."""
    return (view.pace.percent if view.pace else 0.0), progress_words(view)


def progress_words(view: TaskView) -> str:
    """One line for a progress display."""
    if view.being_saved:
        return f"{view.task.status}, being saved"
    remaining = view.pace.remaining if view.pace else 0.0
    left = f"{round(remaining)} s" if remaining < 90 else f"{round(remaining / 60)} min"
    return f"{view.task.status}, about {left} left"


def _sentence(view: TaskView, error: str | None, charged: Decimal | None) -> str:
    task = view.task
    spent = f" Charged {dollars(charged)}." if charged is not None else ""
    if view.forgotten:
        return f"The provider no longer knows task {task.task_id}; it was last seen {task.status}.{spent}"
    if view.gone:
        return (
            f"The provider has lost task {task.task_id}: it was last seen {task.status}, and has been denied for at "
            f"least ten minutes. It stays in the budget for its 24 hours.{spent}"
        )
    if view.denied:
        return (
            f"Task {task.task_id} was last seen {task.status}; the provider could not find it just now; this may be "
            "temporary."
        )
    match task.status:
        case Status.COMPLETED if task.video_url:
            return f"Task {task.task_id} is completed.{spent} Video: {task.video_url} ."
        case Status.COMPLETED:
            return f"Task {task.task_id} is completed; the video link is not there yet.{spent}"
        case Status.FAILED:
            return f'Task {task.task_id} failed: "{error or "no reason given"}".{spent}'
        case Status.CANCELLED:
            return f"Task {task.task_id} was cancelled.{spent}"
        case _:
            link = f" A video link is already there: {task.video_url} ." if task.video_url else ""
            return f"Task {task.task_id}: {progress_words(view)}.{link}"


def _next(view: TaskView, longest_wait: int) -> str:
    task = view.task
    if view.gone:
        return "tell the user that this task is lost; a new order, without its request_id, costs money again"
    if view.forgotten and not view.saved_path:
        return "the link has probably expired; order again only if the user wants to pay for it again"
    if view.saved_path:
        return f"the video is saved at {view.saved_path}; tell the user"
    if task.video_url and view.refused:
        return (
            "let the user try the link in a browser, since its host refused it here; if it does not open there either, "
            "the clip is gone; order another one only if the user wants to pay for it"
        )
    if view.being_saved:
        return (
            f"call {GET} with task_id {json.dumps(task.task_id)} and wait_seconds {longest_wait}, which answers with "
            "saved_path"
        )
    if task.video_url:
        return (
            f"give the user the video link now, and keep the video with {SAVE}; the provider deletes it, often "
            "within a day"
        )
    match task.status:
        case Status.FAILED:
            return "tell the user why; a changed prompt or picture may work, as a new order"
        case Status.CANCELLED:
            return f"order again with {CREATE} if the video is still wanted"
        case _:
            return f"call {GET} with task_id {json.dumps(task.task_id)} and wait_seconds {longest_wait}"
