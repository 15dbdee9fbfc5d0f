"""What the provider says of accepted orders: states, charges, durations, and its denials that a task exists."""

from __future__ import annotations

from datetime import datetime

from wanx_mcp.ledger.booking import booking
from wanx_mcp.ledger.entry import (
    Entry,
    Observation,
    State,
)
from wanx_mcp.ledger.identity import Identities
from wanx_mcp.ledger.rows import OWNER, millis
from wanx_mcp.ledger.spending import Figure
from wanx_mcp.limits import FIGURE_COUNTS

DURATIONS_WINDOW = 500
"""How far back (in orders) the durations of a task type are looked for."""


class Tracking(Identities):
    """The verbs for an accepted order."""

    def observe(self, account: str, seen: Observation) -> None:
        """Keep what was seen of a task that the ledger knows; one that it does not know is left alone."""
        with self.transaction():
            if entry := self.find(account, seen.task_id):
                self._observe(entry, seen)

    def _observe(self, entry: Entry, seen: Observation) -> None:
        new_figure = seen.shown is not None and seen.shown > 0 and seen.shown != entry.figure
        self.change(
            "update entry set status = :status, video_url = coalesce(:video_url, video_url), "
            "error_message = coalesce(:error_message, error_message), started_at = coalesce(:started_at, started_at), "
            "ended_at = coalesce(:ended_at, ended_at), charged = coalesce(:charged, charged), "
            "placed_at = coalesce(:placed_at, placed_at), booked = :booked, "
            "figure = coalesce(:figure, figure), figure_at = coalesce(:figure_at, figure_at), "
            "seen_at = coalesce(:seen_at, seen_at), "
            "denied_at = case when :by_get then null else denied_at end, "
            "gone_at = case when :by_get then null else gone_at end where number = :number",
            number=entry.number,
            status=seen.status,
            video_url=seen.video_url,
            error_message=seen.error_message,
            started_at=millis(seen.started_at),
            ended_at=millis(seen.ended_at),
            placed_at=millis(seen.placed_at),
            charged=seen.charged,
            booked=booking(entry, seen),
            figure=seen.shown if new_figure else None,
            figure_at=millis(seen.asked_at or entry.moment) if new_figure else None,
            seen_at=millis(seen.asked_at or entry.moment) if seen.by_get else None,
            by_get=seen.by_get,
        )

    def last_figure(self, account: str, kind: str, now: datetime) -> Figure | None:
        """The figure last shown for an order of that kind, None if there is none in the 24 hours before `now`."""
        found = self.entries(
            f"owner = {OWNER} and kind = :kind and figure is not null and figure_at > :since",
            order="figure_at desc, number desc",
            limit=1,
            account=account,
            kind=kind,
            since=millis(now - FIGURE_COUNTS),
        )
        shown = [(entry.figure, entry.figure_at) for entry in found]
        return next((Figure(points, at) for points, at in shown if points is not None and at is not None), None)

    def deny(self, account: str, task_id: str, at: datetime) -> None:
        """The provider has denied the task, at its time `at`. The first denial in a row counts."""
        self.change(
            f"update entry set denied_at = coalesce(denied_at, :at) where owner = {OWNER} and task_id = :task_id",  # noqa: S608
            account=account,
            task_id=task_id,
            at=millis(at),
        )

    def lose(self, account: str, task_id: str, at: datetime) -> None:
        """The task is denied for good. It stays booked for its 24 hours; a new order beside it may be placed."""
        self.change(
            f"update entry set gone_at = :at where owner = {OWNER} and task_id = :task_id and denied_at is not null",  # noqa: S608
            account=account,
            task_id=task_id,
            at=millis(at),
        )

    def durations(self, account: str, kind: str, limit: int) -> list[float]:
        """Seconds from order to end of the last completed tasks of that kind, the newest first: by the provider's
        clock alone where its date of the order is known."""
        query = (
            "select (ended_at - born_at) / 1000.0 from "  # noqa: S608
            f"(select *, coalesce(placed_at, ordered_at) as born_at from entry where owner = {OWNER} "
            "order by number desc limit :window) "
            "where kind = :kind and status = 'completed' and ended_at > born_at limit :limit"
        )
        rows = self._db.execute(query, {"account": account, "window": DURATIONS_WINDOW, "kind": kind, "limit": limit})
        return [float(row[0]) for row in rows]

    def accepted(self, account: str, *, placed_from: datetime, placed_to: datetime) -> list[Entry]:
        """Our tasks that the provider dates between two moments, the newest first."""
        return self.entries(
            f"owner = {OWNER} and state = '{State.ACCEPTED}' and task_id is not null "
            "and placed_at between :since and :until",
            order="placed_at desc",
            account=account,
            since=millis(placed_from),
            until=millis(placed_to),
        )

    def latest_accepted(self, account: str, limit: int) -> list[Entry]:
        """The newest of our tasks that the provider still knows, as far as we do."""
        return self.entries(
            f"owner = {OWNER} and state = '{State.ACCEPTED}' and task_id is not null and gone_at is null",
            limit=limit,
            account=account,
        )
