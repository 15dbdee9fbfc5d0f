"""What is said of an order whose outcome is unknown: when it was searched for, what came of it, what can be done."""

from __future__ import annotations

from datetime import datetime, timedelta

from wanx_mcp.errors import Charged, OutcomeUnknown
from wanx_mcp.ledger import Entry
from wanx_mcp.provider import Task
from wanx_mcp.quoting import clean
from wanx_mcp.studio.orders.proof import APART
from wanx_mcp.times import iso
from wanx_mcp.toolnames import LIST

SETTLED_AFTER = timedelta(minutes=16)
"""The earliest time after an order at which two readings of the history can have proved it absent."""

CANDIDATE_WORDS = 60


def doubt_error(entry: Entry, now: datetime, *, in_flight: bool) -> OutcomeUnknown:
    """What a repeat of `entry` is answered. The repeat itself has sent nothing."""
    if in_flight:
        what = f"the same order, sent at {iso(entry.moment)}, is still on its way; this call has sent nothing"
        return OutcomeUnknown(what, charged=Charged.NO, advice=f"make the same call again in a minute, or call {LIST}")
    what = (
        f"the same order, sent at {iso(entry.moment)}, has no known outcome yet and may have been charged; "
        f"this call has sent nothing. {look_words(entry)}"
    )
    return OutcomeUnknown(what, charged=Charged.NO, advice=doubt_advice(entry, now))


def look_words(entry: Entry) -> str:
    """When the order was last searched for, and what came of it."""
    if entry.looked_at is None or not entry.look:
        return "It has not been searched for in the provider's history yet"
    return f"It was last searched for at {iso(entry.looked_at)}: {entry.look}"


def doubt_advice(entry: Entry, now: datetime) -> str:
    """What can settle the doubt. Repeating the call costs nothing: nothing is placed again before that."""
    at = entry.absent_at + APART if entry.absent_at else entry.moment + SETTLED_AFTER
    look = f"a look after {at:%H:%M} UTC" if at > now else "another look"
    return (
        "the same call with the same request_id may be repeated at any time: nothing is placed again unless this order "
        f"is proved absent; any other accepted order, or {look} ({LIST}), can settle it; so can a person, with: "
        f"wanx-mcp ledger --settle {entry.number}"
    )


def candidate_words(entry: Entry, task_id: str | None, created_at: datetime | None, task: Task | None) -> str:
    """A task that may be the order, and is not adopted: what it is, and the command that settles the question."""
    named = f"task {clean(task_id, 200)}" if task_id else "a task without an id"
    dated = f" of {iso(created_at)}" if created_at else " without a date"
    prompt = task.input.get("prompt") if task else None
    words = f' ("{clean(prompt, CANDIDATE_WORDS)}")' if isinstance(prompt, str) and prompt.strip() else ""
    settle = f"wanx-mcp ledger --settle {entry.number}"
    fix = f"{settle} --task-id {clean(task_id, 200)}" if task_id else f"{settle} --not-placed"
    return f"{named}{dated}{words} may be this order; if it is, a person can settle it with: {fix}"
