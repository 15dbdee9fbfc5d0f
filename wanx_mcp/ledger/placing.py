"""Orders on their way out: the intention, the last check before the request leaves, the provider's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wanx_mcp.errors import LedgerUnusable
from wanx_mcp.ledger.booking import booking, half
from wanx_mcp.ledger.entry import (
    OPEN,
    Accepted,
    Answer,
    Draft,
    Elsewhere,
    Entry,
    FirstOfKind,
    Found,
    Intention,
    Observation,
    State,
)
from wanx_mcp.ledger.lineage import Lineage
from wanx_mcp.ledger.rows import ALIVE, DOUBTFUL, OWNER, millis, moment
from wanx_mcp.ledger.spending import Spending, Totals
from wanx_mcp.ledger.tracking import Tracking
from wanx_mcp.limits import BUDGET_WINDOW, MAY_LEAVE_SECONDS, REPEAT_WINDOW

_LOST = (
    "ask the user to put the newer ledger back; only if its orders and spending may be forgotten, restart this server"
)
MAY_LEAVE = timedelta(seconds=MAY_LEAVE_SECONDS)


class Placing(Tracking, Lineage):
    """The verbs of placing an order."""

    highest = 0
    """The highest number of an order that this process has seen here."""

    def spending(self, now: datetime, limit: int | None, asked: int = 0) -> Spending:
        """What is booked in the 24 hours before `now` (the provider's time), over all accounts; an entry dated in the
        future counts. With the points `asked` of an order: when there will be room for it, if there is none now."""
        query = "select sum(booked) from entry where ordered_at > :since"
        found = Spending(self.number(query, since=millis(now - BUDGET_WINDOW)), limit, asked)
        return found if found.allows(asked) else replace(found, room_at=self._room_at(found, now))

    def _room_at(self, spending: Spending, now: datetime) -> datetime | None:
        """When enough of the oldest orders will be more than 24 hours old."""
        query = "select ordered_at, booked from entry where ordered_at > :since and booked > 0 order by ordered_at"
        for ordered_at, booked in self._db.execute(query, {"since": millis(now - BUDGET_WINDOW)}):
            spending = replace(spending, booked=spending.booked - int(booked))
            if spending.allows(spending.asked):
                return datetime.fromtimestamp(ordered_at / 1000, UTC) + BUDGET_WINDOW
        return None

    def totals(self, now: datetime) -> Totals:
        """What the bookings of the 24 hours before `now` (the provider's time) are made of, over all accounts."""
        query = (
            f"select sum(booked), sum(case when status not in {OPEN} then coalesce(charged, 0) else 0 end), "  # noqa: S608
            f"sum(case when {DOUBTFUL} then booked else 0 end), min(case when booked > 0 then ordered_at end) "
            "from entry where ordered_at > :since"
        )
        values = {"since": millis(now - BUDGET_WINDOW)}
        booked, charged, unknown, oldest = (value or 0 for value in self._db.execute(query, values).fetchone())
        return Totals(charged, booked - charged - unknown, unknown, moment(oldest) if oldest else None)

    def intend(self, draft: Draft, limit: int | None) -> Answer:
        """Write the intention, if neither an earlier order nor the budget stands against it.

        Returns the intention; or the earlier entry that this one repeats or that forbids it; or an identical one of
        another key; or the first order of its kind, whose answer is worth waiting for; or the spending that leaves no
        room. One transaction: nobody can come in between.
        """
        with self.transaction():
            if earlier := self._earlier(draft):
                return earlier
            if elsewhere := self._elsewhere(draft):
                return Elsewhere(elsewhere)
            figure = self.last_figure(draft.account, draft.kind or draft.task_type, draft.moment)
            if not draft.waited and (first := self._first_of_kind(draft)):
                return FirstOfKind(first)
            raised = figure if figure is not None and figure.points > draft.price else None
            points = draft.price if raised is None else raised.points
            spending = self.spending(draft.moment, limit, points)
            if not spending.allows(points):
                return replace(spending, figure=raised)
            beside = self._old_doubt(draft)
            intention = Intention(self._write(draft, points), beside)
        self.highest = intention.entry.number  # only now: what was not committed is written again with this number
        return intention

    def _write(self, draft: Draft, points: int) -> Entry:
        self.change(
            "insert or ignore into identity (account, origin, owner) values (:account, :origin, :account)",
            account=draft.account,
            origin=draft.origin,
        )
        owner = self.owner(draft.account)
        values = {
            "account": draft.account,
            "owner": owner,
            "origin": draft.origin,
            "state": State.INTENDED,
            "task_type": draft.task_type,
            "kind": draft.kind or draft.task_type,
            "content": draft.content,
            "created_at": millis(draft.created_at),
            "ordered_at": millis(draft.moment),
            "skew": draft.skew,
            "skew_error": draft.skew_error,
            "sender": draft.sender,
            "booked": points,
            "reserved": points,
            "price": draft.price,
            "least": half(draft.price) if draft.least is None else draft.least,
            "request_id": draft.request_id,
            "save_to": draft.save_to,
            "save_as": draft.save_as,
            "arguments": json.dumps(dict(draft.arguments), ensure_ascii=False),
        }
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        cursor = self._db.execute(f"insert into entry ({columns}) values ({marks})", values)  # noqa: S608
        number = int(cursor.lastrowid or 0)
        if number <= self.highest:  # numbers are never used twice, unless the file's content went back in time
            raise LedgerUnusable("the ledger has lost orders while this server was running", advice=_LOST)
        self._note_origins(number, draft.origins)
        return self.must(number)

    def earlier(self, draft: Draft) -> Entry | None:
        """The order that `draft` would repeat; nothing is written."""
        return self._earlier(draft)

    def _earlier(self, draft: Draft) -> Entry | None:
        """The order of this account that `draft` repeats, or that is in doubt and asks for the same."""
        found = self._repeated(draft)
        if found is None or found.same_as is None:
            return found
        task = self.must(found.same_as)
        return replace(task, content=found.content, arguments=found.arguments, request_id=found.request_id)

    def _repeated(self, draft: Draft) -> Entry | None:
        mine = f"owner = {OWNER} and ({ALIVE} or same_as is not null)"
        day = millis(draft.moment - BUDGET_WINDOW)
        if draft.request_id is not None:
            by_key = self.newest(
                f"{mine} and request_id = :request_id", account=draft.account, request_id=draft.request_id
            )
            doubt = f"{mine} and content = :content and {DOUBTFUL} and ordered_at > :day"
            return by_key or self.newest(doubt, account=draft.account, content=draft.content, day=day)
        # Of an order that shares another's task, the other has the status.
        shares_open = f"same_as in (select number from entry where owner = {OWNER} and status in {OPEN})"  # noqa: S608
        repeat = (
            f"{mine} and content = :content and gone_at is null "
            f"and ({DOUBTFUL} or status in {OPEN} or ordered_at > :recent or {shares_open})"
        )
        recent = millis(draft.moment - REPEAT_WINDOW)
        return self.newest(repeat, account=draft.account, content=draft.content, recent=recent)

    def _elsewhere(self, draft: Draft) -> Entry | None:
        """An identical order of another key that could be the same account's: one of the two account ids is unknown.

        Beside one that is open a new request_id is a new order, as it is within an account.
        """
        same_key = "request_id = :request_id" if draft.request_id is not None else f"status in {OPEN}"
        standing = f"(({DOUBTFUL} and ordered_at > :day) or {same_key})"
        perhaps_mine = (
            "exists (select 1 from identity mine join identity other on other.owner = entry.owner "
            "where mine.account = :account and (mine.account_id is null or other.account_id is null))"
        )
        return self.newest(
            f"content = :content and {ALIVE} and gone_at is null and (origin = :origin or origin is null) "
            f"and owner <> {OWNER} and {standing} and {perhaps_mine}",
            account=draft.account,
            content=draft.content,
            origin=draft.origin,
            request_id=draft.request_id,
            day=millis(draft.moment - BUDGET_WINDOW),
        )

    def _first_of_kind(self, draft: Draft) -> Entry | None:
        """The order of this kind that is on its way while none has been answered in 24 hours."""
        kind, since = draft.kind or draft.task_type, millis(draft.moment - BUDGET_WINDOW)
        of_kind = f"owner = {OWNER} and kind = :kind and ordered_at > :since"
        answered = f"{of_kind} and state = '{State.ACCEPTED}'"
        if self.newest(answered, account=draft.account, kind=kind, since=since):
            return None
        under_way = f"{of_kind} and state = '{State.INTENDED}'"
        recent = millis(draft.moment - MAY_LEAVE)
        return self.newest(under_way, account=draft.account, kind=kind, since=recent)

    def _old_doubt(self, draft: Draft) -> Entry | None:
        """An identical order that has been unknown for more than a day: it does not stand against a new request_id."""
        where = f"owner = {OWNER} and content = :content and {DOUBTFUL}"
        return self.newest(where, account=draft.account, content=draft.content)

    def depart(self, number: int, now: datetime, moment: datetime) -> bool:
        """The last check before the request leaves. True if it may: the order is still intended, and young enough by
        this machine's clock (`now`). Then the attempt is noted, at the provider's time `moment`."""
        return (
            self.change(
                f"update entry set sent_at = :moment where number = :number and state = '{State.INTENDED}' "  # noqa: S608
                "and created_at > :oldest",
                number=number,
                moment=millis(moment),
                oldest=millis(now - MAY_LEAVE),
            )
            > 0
        )

    def deliver(self, number: int, delivered: Mapping[str, str]) -> None:
        """Note the digests of the pictures as they are really sent: addresses of uploads, or bytes."""
        text = json.dumps(dict(delivered))
        self.change("update entry set delivered = :text where number = :number", text=text, number=number)

    def accept(self, number: int, seen: Observation) -> Accepted:
        """The provider has answered the order with a task.

        Its own answer outweighs a guess: an order that came by this task through the history is in doubt again. If the
        provider gave the same task to two orders, it is one task, and the second order books nothing.
        """
        with self.transaction():
            entry = self.must(number)
            if entry.found is Found.ANSWER and entry.task_id == seen.task_id:
                return Accepted(entry)  # booked already, and perhaps seen since
            other = self.newest(
                "owner = :owner and task_id = :task_id and number <> :number",
                owner=entry.owner,
                task_id=seen.task_id,
                number=number,
            )
            if other and other.found is Found.ANSWER:
                self.change(
                    f"update entry set state = '{State.DECLINED}', booked = 0, same_as = :other "  # noqa: S608
                    "where number = :number",
                    number=number,
                    other=other.number,
                )
                return Accepted(self.must(number), other)
            if other:
                self._disown(other)
            self._own(entry, seen, Found.ANSWER)
            return Accepted(self.must(number))

    def _own(self, entry: Entry, seen: Observation, found: Found) -> None:
        """`entry` is the order of the task that was `seen`; what it is known by before that counts no more."""
        blank = replace(entry, booked=entry.reserved)
        self.change(
            f"update entry set state = '{State.ACCEPTED}', task_id = :task_id, found = :found, booked = :booked, "  # noqa: S608
            "placed_at = null, charged = null, video_url = null, error_message = null, started_at = null, "
            "ended_at = null, status = null, absent_at = null, released_at = null, gone_at = null, denied_at = null "
            "where number = :number",
            task_id=seen.task_id,
            found=found,
            booked=booking(blank, seen),
            number=entry.number,
        )
        self._observe(self.must(entry.number), seen)

    def _disown(self, entry: Entry) -> None:
        """The task turned out to be another order's: this one is of unknown outcome again."""
        self.change(
            f"update entry set state = '{State.UNKNOWN}', task_id = null, found = null, status = null, "  # noqa: S608
            "placed_at = null, booked = reserved, charged = null, video_url = null, error_message = null, "
            "started_at = null, ended_at = null, seen_at = null, denied_at = null, gone_at = null, landing = null "
            "where number = :number",
            number=entry.number,
        )

    def conclude(self, number: int, state: State) -> None:
        """Declined and released orders leave the budget; an unknown one stays on it. An accepted one is not touched."""
        free = "booked" if state is State.UNKNOWN else "0"
        with self.transaction():
            self.change(
                f"update entry set state = :state, booked = {free} where number = :number and {DOUBTFUL}",  # noqa: S608
                state=state,
                number=number,
            )
