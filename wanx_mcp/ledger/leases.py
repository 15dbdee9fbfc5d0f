"""Which process follows an order: a lease in the order's row, extended while its holder lives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from wanx_mcp.ledger.entry import OPEN, Entry, State
from wanx_mcp.ledger.rows import OWNER, Rows, millis

# free --lease--> held --let_go, or its time is over, or its holder is known to be dead--> free
#                  |  ^
#                  +--+ lease, by its holder


class Leases(Rows):
    """The verbs of following orders. Times of leases are this machine's, which all processes of a ledger file share."""

    def to_follow(self, account: str, since: datetime) -> list[Entry]:
        """The account's orders, placed after `since` (the provider's time), of which something is still to come: their
        end, their link, or their video. The newest first."""
        still = (
            f"select number from entry where owner = {OWNER} and status in {OPEN}",  # noqa: S608
            f"select number from entry where owner = {OWNER} and status = 'completed' and video_url is null",  # noqa: S608
            f"select number from entry where owner = {OWNER} and save_to is not null and status = 'completed' "  # noqa: S608
            "and (save_failures = 0 or save_again_at is not null)",
        )
        return self.entries(
            f"number in ({' union '.join(still)}) and state = '{State.ACCEPTED}' and gone_at is null "
            "and ordered_at > :since",
            account=account,
            since=millis(since),
        )

    def lease(
        self,
        numbers: Sequence[int],
        holder: str,
        now: datetime,
        ends: datetime,
        *,
        dead: Collection[str] = (),
        saves: bool = False,
    ) -> set[int]:
        """Take or extend the leases of those orders until `ends`, for the process named `holder`.

        Returns the numbers of those that it holds now: not those that another process has, unless its lease is over or
        it is one of the `dead`. One that `saves` the video now goes before one that only follows the task.
        """
        gone = {f"dead{index}": name for index, name in enumerate(dead)}
        free = (
            "(follower is null or follower = :holder or lease_ends_at <= :now or lease_saves < :saves "
            f"or follower in ({', '.join(f':{name}' for name in gone)}))"
        )
        change = (
            "update entry set follower = :holder, lease_ends_at = :ends, "  # noqa: S608
            "lease_saves = case when follower = :holder then max(lease_saves, :saves) else :saves end "
            f"where number = :number and {free}"
        )
        values = {"holder": holder, "now": millis(now), "ends": millis(ends), "saves": int(saves), **gone}
        with self.transaction():
            return {number for number in numbers if self.change(change, number=number, **values)}

    def let_go(self, numbers: Sequence[int], holder: str) -> None:
        """Give up those of the leases that `holder` has."""
        change = (
            "update entry set follower = null, lease_ends_at = null, lease_saves = 0 "
            "where number = :number and follower = :holder"
        )
        with self.transaction():
            for number in numbers:
                self.change(change, number=number, holder=holder)
