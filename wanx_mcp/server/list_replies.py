"""The reply to list_wanx_tasks: a page of the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from wanx_mcp.catalog import Catalog
from wanx_mcp.ledger import Entry, Spending
from wanx_mcp.money import dollars, to_usd
from wanx_mcp.provider import Status
from wanx_mcp.quoting import quote
from wanx_mcp.server.formatting import budget, budget_words, number, usd_number
from wanx_mcp.server.replies import Reply
from wanx_mcp.server.results import ListedTask, ListResult
from wanx_mcp.studio import Page
from wanx_mcp.times import iso
from wanx_mcp.toolnames import CREATE, GET

PROMPT_CHARACTERS = 60
"""Of each prompt in a list."""


def listed(page: Page, spending: Spending, catalog: Catalog, secrets: Iterable[str]) -> Reply:
    """The reply to a list. The `secrets` are removed from the prompts."""
    tasks = [_listed(entry, catalog, secrets) for entry in page.entries]
    steps = []
    if any(task.task_id for task in tasks):
        steps.append(f"call {GET} with a task_id to see its current state")
    if any(task.status == "unknown" for task in tasks):
        steps.append(
            "an unknown order may have been charged: call again later, since each call looks for it in the provider's "
            "history; until it is found, repeating its create call with the same arguments places nothing"
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


def _listed(entry: Entry, catalog: Catalog, secrets: Iterable[str]) -> ListedTask:
    row = catalog.find(entry.task_type)
    return ListedTask(
        task_id=entry.task_id,
        request_id=entry.request_id,
        task_type=entry.task_type,
        status="unknown" if entry.state.doubtful else entry.status or Status.PENDING.value,
        prompt=quote(str(entry.arguments.get("prompt", "")), PROMPT_CHARACTERS, secrets),
        price_usd=number(row.terms(entry.arguments).price if row else None),
        booked_usd=usd_number(entry.booked),
        charged_usd=None if entry.charged is None else usd_number(entry.charged),
        created_at=iso(entry.created_at),
        video_url=entry.video_url,
        saved_path=entry.saved_path,
    )
