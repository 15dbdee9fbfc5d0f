"""Orders of unknown outcome: found and adopted, proved absent and released, revived, or settled by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from wanx_mcp.ledger.entry import OPEN, Entry, Found, Observation, State
from wanx_mcp.ledger.placing import Placing
from wanx_mcp.ledger.rows import DOUBTFUL, OWNER, millis

SOUGHT = timedelta(hours=48)
"""How long an order of unknown outcome is searched for."""

REVIVABLE = timedelta(hours=24)
"""How long a released order is still searched for."""

SOUGHT_AT_ONCE = 20


class Settling(Placing):
    """The verbs of settling a doubt."""

    def doubts(self, account: str, now: datetime) -> list[Entry]:
        """Orders that the provider may have without our knowing, the newest first; then the released ones that may
        still turn up. Bounded in number and age."""
        unknown = self.entries(
            f"owner = {OWNER} and {DOUBTFUL} and ordered_at > :since",
            limit=SOUGHT_AT_ONCE,
            account=account,
            since=millis(now - SOUGHT),
        )
        released = self.entries(
            f"owner = {OWNER} and state = '{State.RELEASED}' and released_at > :since",
            limit=SOUGHT_AT_ONCE,
            account=account,
            since=millis(now - REVIVABLE),
        )
        return unknown + released

    def adopt(self, number: int, seen: Observation, found: Found = Found.HISTORY) -> bool:
        """The order is the one of that task. False if the order or the task has an owner by now.

        A released order that turns up is booked again; its request_id is left to a later order that has it.
        """
        with self.transaction():
            entry = self.must(number)
            free = entry.state.doubtful or entry.state is State.RELEASED
            if not free or self.knows(seen.task_id):
                return False
            if entry.state is State.RELEASED:
                self._leave_key(entry)
            self._own(entry, seen, found)
            return True

    def _leave_key(self, entry: Entry) -> None:
        later = (
            "owner = :owner and request_id = :request_id and number <> :number "
            f"and state not in ('{State.DECLINED}', '{State.RELEASED}')"
        )
        if entry.request_id is not None and self.newest(
            later, owner=entry.owner, request_id=entry.request_id, number=entry.number
        ):
            self.change("update entry set request_id = null where number = :number", number=entry.number)

    def looked(self, number: int, at: datetime, look: str) -> None:
        """The order was searched for at the provider's time `at`; `look` is what came of it, for people."""
        self.change(
            "update entry set looked_at = :at, look = :look where number = :number",
            at=millis(at),
            look=look,
            number=number,
        )

    def absent(self, number: int, at: datetime | None, noted: datetime | None, canary: datetime | None) -> None:
        """Note the first of the two readings that prove an order absent: when it was, by the provider's clock and by
        this machine's, and the newest task of ours that it showed. None: there is no such proof any more."""
        self.change(
            "update entry set absent_at = :at, absent_noted_at = :noted, canary_at = :canary "  # noqa: S608
            f"where number = :number and {DOUBTFUL}",
            at=millis(at),
            noted=millis(noted),
            canary=millis(canary),
            number=number,
        )

    def recall(self, number: int) -> bool:
        """What proved the order absent has turned out to be wrong: it is in doubt and on the budget again, and leaves
        its request_id to a later order that has it. False if it is not released, or by hand."""
        with self.transaction():
            entry = self.must(number)
            if entry.state is not State.RELEASED or entry.absent_at is None:
                return False
            self._leave_key(entry)
            self.change(
                f"update entry set state = '{State.UNKNOWN}', booked = reserved, released_at = null, "  # noqa: S608
                "absent_at = null, absent_noted_at = null, canary_at = null where number = :number",
                number=number,
            )
            return True

    def rivals(self, account: str, now: datetime) -> list[Entry]:
        """All orders that a task of the account's history could belong to and that are in doubt, those of other keys
        included that may be of the same account."""
        since = millis(now - SOUGHT)
        perhaps_mine = (
            "exists (select 1 from identity mine join identity other on other.owner = entry.owner "
            "where mine.account = :account and mine.origin = entry.origin "
            "and (mine.account_id is null or other.account_id is null))"
        )
        mine_or_perhaps = f"(owner = {OWNER} or {perhaps_mine})"
        return self.entries(f"{DOUBTFUL} and ordered_at > :since and {mine_or_perhaps}", account=account, since=since)

    def unshown(self, account: str) -> datetime | None:
        """When the newest of our open orders was placed, while the history has never shown one that had not ended: the
        next reading may. None if there is nothing to learn."""
        known = f"exists (select 1 from identity where owner = {OWNER} and shows_unfinished = 1)"  # noqa: S608
        open_order = f"owner = {OWNER} and state = '{State.ACCEPTED}' and status in {OPEN} and gone_at is null"
        newest = self.newest(f"{open_order} and not {known}", account=account)
        return newest.moment if newest else None

    def neighbours(self, account: str, number: int) -> list[Entry]:
        """Of our orders that the provider itself answered, the last one before that number and the first one after."""
        answered = f"owner = {OWNER} and found = '{Found.ANSWER}' and placed_at is not null"
        sides = (("number < :number", "number desc"), ("number > :number", "number"))
        found = [
            self.entries(f"{answered} and {side}", order, limit=1, account=account, number=number)
            for side, order in sides
        ]
        return [entry for entries in found for entry in entries]

    def release(self, number: int, at: datetime) -> bool:
        """The order is proved absent, or was settled so by hand: off the budget. False if it has an outcome by now."""
        with self.transaction():
            return self._release(number, at)

    def _release(self, number: int, at: datetime) -> bool:
        released = self.change(
            f"update entry set state = '{State.RELEASED}', booked = 0, released_at = :at "  # noqa: S608
            f"where number = :number and {DOUBTFUL}",
            at=millis(at),
            number=number,
        )
        return released > 0

    def settle(self, number: int, seen: Observation) -> bool:
        """A person says that the order is the one of that task. False if the task has another owner."""
        with self.transaction():
            taken = self.newest("task_id = :task_id and number <> :number", task_id=seen.task_id, number=number)
            if taken or not self.must(number).can_be_settled:
                return False
            entry = self._reopened(number)
            if entry.state is State.RELEASED:
                self._leave_key(entry)
            self._own(entry, seen, Found.HAND)
            return True

    def settle_absent(self, number: int, at: datetime) -> None:
        """A person says that the order was never placed."""
        with self.transaction():
            self._reopened(number)
            self.absent(number, None, None, None)  # a person's word needs no proof, and no reading takes it back
            self._release(number, at)

    def _reopened(self, number: int) -> Entry:
        """The order; a settlement by hand that no GET has confirmed is undone."""
        entry = self.must(number)
        if entry.found is Found.HAND and entry.seen_at is None:
            self._disown(entry)
        return self.must(number)
