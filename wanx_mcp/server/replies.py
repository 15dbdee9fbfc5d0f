"""From the studio's answers to results and sentences, each with the next step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from wanx_mcp.catalog import Catalog, price_words
from wanx_mcp.ledger import Entry, Spending
from wanx_mcp.limits import LINK_ADVICE_SECONDS
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Status
from wanx_mcp.quoting import one, quote
from wanx_mcp.server.formatting import budget, budget_words, number, usd_number
from wanx_mcp.server.results import CancelResult, CreateResult, GetResult, ListedTask, ListResult, Result, SaveResult
from wanx_mcp.settings import Settings
from wanx_mcp.studio import Page, Placement, Preview, Quotation, Saved, TaskView, Underway
from wanx_mcp.studio.tasks.pace import Pace
from wanx_mcp.times import iso
from wanx_mcp.toolnames import CREATE, GET, PREVIEW, SAVE

Reply = tuple[str, Result]
"""The text and the structured result of one call."""

PROMPT_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """The text and the picture of one call. No structured result beside it: some clients would drop the picture."""

    text: str
    image: bytes
    mime: str


def quoted(quotation: Quotation, spending: Spending | None) -> Reply:
    """The reply to a dry run."""
    row = quotation.order.row
    booked = dollars(to_usd(quotation.booked))
    fits = spending is None or spending.allows(quotation.booked)
    step = "to place this order, make the same call without dry_run"
    if not fits:
        step = f"this order books {booked}, more than the budget has left; only the user can raise it"
    step += _noted(quotation.notes)
    result = CreateResult(
        task_type=row.name,
        price_usd=number(row.price),
        booked_usd=usd_number(quotation.booked),
        reused=False,
        dry_run=True,
        budget=spending and budget(spending),
        next_step=step,
    )
    told = f" {budget_words(spending)}" if spending else ""
    text = f"Valid order: {row.name}, {price_words(row.price)}, books {booked}. Nothing was sent or spent.{told}"
    return f"{text} Next: {step}.", result


def placed(placement: Placement, spending: Spending | None, pace: Pace, longest_wait: int) -> Reply:
    """The reply to an order that was placed, now or before."""
    row, reused = placement.order.row, placement.reused
    step = f"call {GET} with task_id {json.dumps(placement.task_id)} and wait_seconds {longest_wait}"
    if placement.lost:
        step = "tell the user that this task is lost; ordering it again needs a new request_id and costs money again"
    elif reused:
        step += "; for another take of the same order, order again with a new request_id"
    step += _noted(placement.notes)
    warned = f"; warning: {placement.warning}" if placement.warning else ""
    result = CreateResult(
        task_id=placement.task_id,
        status=placement.status,
        task_type=row.name,
        price_usd=number(row.price),
        booked_usd=usd_number(placement.booked),
        reused=reused,
        dry_run=False,
        budget=spending and budget(spending),
        poll_after_seconds=None if placement.lost else pace.absence,
        next_step=step + warned,
    )
    did = "Already ordered, nothing new was placed or charged" if reused else "Ordered"
    state = f"was last seen {placement.status}" if placement.lost else f"is {placement.status}"
    booked = dollars(to_usd(placement.booked))
    text = f"{did}: {row.name}, {price_words(row.price)}. Task {placement.task_id} {state}; {booked} is booked for it."
    warning = f" Warning: {placement.warning}." if placement.warning else ""
    told = f" {budget_words(spending)}" if spending else ""
    return f"{text}{told}{warning} Next: {step}.", result


def _noted(notes: tuple[str, ...]) -> str:
    """What was done to the pictures and how they fit, behind the next step, so that text and result both say it."""
    return f"; note: {'; '.join(notes)}" if notes else ""


def seen(sight: TaskView, settings: Settings) -> Reply:
    """The reply to a look at a task."""
    task, pace, secrets = sight.task, sight.pace, settings.secrets
    step = _next(sight, settings.max_wait_seconds)
    charged = None if task.charged_points is None else to_usd(task.charged_points)
    error = quote(task.error_message, secrets=secrets) if task.status is Status.FAILED and task.error_message else None
    strange = task.provider_status if task.provider_status != task.status else None
    result = GetResult(
        task_id=task.task_id,
        task_type=sight.row.name if sight.row else task.task_type and quote(task.task_type, 60, secrets),
        status=task.status.value,
        provider_status=quote(strange, 40, secrets) if strange else None,
        video_url=task.video_url,
        saved_path=sight.saved_path,
        created_at=task.created_at and iso(task.created_at),
        started_at=task.started_at and iso(task.started_at),
        ended_at=task.ended_at and iso(task.ended_at),
        elapsed_seconds=None if sight.elapsed is None else int(sight.elapsed),
        eta_seconds=round(pace.remaining) if pace else None,
        price_usd=number(sight.row.price if sight.row else None),
        charged_usd=number(charged),
        error_message=error,
        poll_after_seconds=pace.absence if pace else None if sight.settled else LINK_ADVICE_SECONDS,
        next_step=step,
    )
    return f"{_sentence(sight, error, charged)} Next: {step}.", result


def listed(page: Page, spending: Spending, catalog: Catalog, secrets: Iterable[str]) -> Reply:
    """The reply to a look into the ledger. The `secrets` are struck out of the prompts."""
    tasks = [_listed(entry, catalog, secrets) for entry in page.entries]
    steps = []
    if any(task.task_id for task in tasks):
        steps.append(f"call {GET} with a task_id to see how it stands now")
    if any(task.status == "unknown" for task in tasks):
        steps.append(
            "an unknown order may have been charged: call again later, since each call looks for it in the provider's "
            "history; repeating its create call with the same arguments places nothing meanwhile"
        )
    step = "; ".join(steps) or f"order with {CREATE}"
    result = ListResult(
        tasks=tasks,
        next_cursor=None if page.cursor is None else str(page.cursor),
        budget=budget(spending),
        next_step=step,
    )
    lines = [
        f"- {task.task_id or 'no task id'}: {task.status}, {task.task_type}, {dollars(to_usd(entry.booked))} booked, "
        f'{task.created_at}, "{task.prompt}"{f" {task.video_url}" if task.video_url else ""}'
        f"{f' saved at {task.saved_path}' if task.saved_path else ''}"
        for task, entry in zip(tasks, page.entries, strict=True)
    ]
    more = [f'More with cursor "{result.next_cursor}".'] if result.next_cursor else []
    head = f"{len(tasks)} orders, newest first." if tasks else "No orders."
    return "\n".join([head, *lines, *more, f"{budget_words(spending)} Next: {step}."]), result


def cancelled(sight: TaskView) -> Reply:
    """The reply to a cancel that the provider accepted."""
    task = sight.task
    step = f"order again with {CREATE} if another video is wanted"
    text = f"Cancelled: task {task.task_id} is {task.status}. Next: {step}."
    return text, CancelResult(task_id=task.task_id, status=task.status.value, cancelled=True, next_step=step)


def saved(found: Saved | Underway) -> Reply:
    """The reply to a save: done, or still under way."""
    if isinstance(found, Underway):
        step = f"call {SAVE} with task_id {json.dumps(found.task_id)} again in a few seconds"
        whole = f" of {_size(found.total)}" if found.total else ""
        text = f"The download of task {found.task_id} goes on: {_size(found.done)}{whole} so far. Next: {step}."
        return text, SaveResult(next_step=step)
    movie = found.movie
    step = f"tell the user where the video is; to see it yourself, call {PREVIEW}"
    result = SaveResult(
        path=str(found.path),
        bytes=found.bytes,
        sha256=found.sha256,
        duration_seconds=movie.seconds,
        width=movie.width,
        height=movie.height,
        next_step=step,
    )
    facts = [_size(found.bytes)]
    facts += [f"{movie.width}x{movie.height}"] if movie.width else []
    facts += [f"{movie.seconds:.2f} s"] if movie.seconds else []
    did = "Already saved, nothing was fetched or renamed" if found.reused else "Saved"
    return f"{did}: {found.path} ({', '.join(facts)}, sha256 {found.sha256}). Next: {step}.", result


def previewed(found: Preview) -> Shown:
    """The reply to a preview."""
    clip = found.clip
    codes = ", ".join(f"{frame.seconds:.2f}" for frame in clip.frames)
    kind = f"{found.task_type} clip" if found.task_type else "clip"
    kept = f"Sheet: {found.sheet_path} ." if found.sheet_path else "The sheet itself could not be saved."
    look = ": open the sheet's file, if you have a tool that shows pictures" if found.sheet_path else ""
    text = (
        f"Contact sheet of task {found.task_id}: {len(clip.frames)} frames of {one(kind)} of {clip.seconds:.2f} s, "
        f"{clip.width}x{clip.height}, in reading order at {codes} s. {kept} Video: {found.video_path} . If you cannot "
        f"see the picture, do not describe it{look}. Next: compare the frames with what was ordered and tell the user, "
        "with the path of the video."
    )
    return Shown(text, found.sheet, found.mime)


def progress(seen: TaskView | Underway) -> tuple[float, str]:
    """Percent, and one line for a progress display."""
    match seen:
        case TaskView():
            return (seen.pace.percent if seen.pace else 0.0), progress_words(seen)
        case Underway():
            whole = f" of {_size(seen.total)}" if seen.total else ""
            return (100 * seen.done / seen.total if seen.total else 0.0), f"saving, {_size(seen.done)}{whole}"


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.0f} kB"


def progress_words(sight: TaskView) -> str:
    """One line for a progress display."""
    remaining = sight.pace.remaining if sight.pace else 0.0
    left = f"{round(remaining)} s" if remaining < 90 else f"{round(remaining / 60)} min"
    return f"{sight.task.status}, about {left} left"


def _listed(entry: Entry, catalog: Catalog, secrets: Iterable[str]) -> ListedTask:
    row = catalog.find(entry.task_type)
    return ListedTask(
        task_id=entry.task_id,
        request_id=entry.request_id,
        task_type=entry.task_type,
        status="unknown" if entry.state.doubtful else entry.status or Status.PENDING.value,
        prompt=quote(str(entry.arguments.get("prompt", "")), PROMPT_SHOWN, secrets),
        price_usd=number(row.price if row else None),
        booked_usd=usd_number(entry.booked),
        charged_usd=None if entry.charged is None else usd_number(entry.charged),
        created_at=iso(entry.created_at),
        video_url=entry.video_url,
        saved_path=entry.saved_path,
    )


def _sentence(sight: TaskView, error: str | None, charged: Decimal | None) -> str:
    task = sight.task
    spent = f" Charged {dollars(charged)}." if charged is not None else ""
    if sight.forgotten:
        return f"The provider no longer knows task {task.task_id}; it was last seen {task.status}.{spent}"
    if sight.gone:
        return (
            f"The provider has lost task {task.task_id}: it was last seen {task.status}, and has been denied for at "
            f"least ten minutes. It stays in the budget for its 24 hours.{spent}"
        )
    if sight.denied:
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
            return f"Task {task.task_id}: {progress_words(sight)}.{link}"


def _next(sight: TaskView, longest_wait: int) -> str:
    task = sight.task
    if sight.gone:
        return "tell the user that this task is lost; a new order, without its request_id, costs money again"
    if sight.forgotten and not sight.saved_path:
        return "the link has probably expired; order again only if the user wants to pay for it again"
    if sight.saved_path:
        return f"the video is saved at {sight.saved_path}; tell the user"
    if task.video_url and sight.refused:
        return (
            "let the user try the link in a browser, since its host refused it here; if it does not open there either, "
            "the clip is gone, and only the user can decide to pay for another one"
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
