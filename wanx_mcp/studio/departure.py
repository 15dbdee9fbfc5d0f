"""One order on its way out: the last check before its first byte leaves, and what is known of it afterwards."""

from __future__ import annotations

from wanx_mcp.clock import Clock
from wanx_mcp.errors import ProviderFault
from wanx_mcp.ledger import Entry
from wanx_mcp.limits import MAY_LEAVE_SECONDS
from wanx_mcp.studio.account import Account

_LATE = "make the same call again: nothing was sent, and nothing is booked"


class Departure:
    """Asked once an attempt's connection stands. `left`: bytes of an attempt whose outcome is not known may have left
    this machine."""

    def __init__(self, account: Account, clock: Clock, entry: Entry) -> None:
        self._account = account
        self._clock = clock
        self._entry = entry
        self._intended_at = clock.boot()
        self._forbidden = False
        self.left = False

    async def check(self) -> None:
        """Allow the attempt, and note it durably. Raises ProviderFault where the order may not leave any more, and
        LedgerUnusable where that cannot be found out; then nothing was sent.

        Two clocks are asked: this machine's, by which other processes judge, and one that counts a suspension.
        """
        self.left = False  # it is asked again only when the attempt before was certainly not accepted
        waited = self._clock.boot() - self._intended_at
        if waited >= MAY_LEAVE_SECONDS:
            raise _too_late(f"{waited:.0f} s passed before it could leave (was this machine suspended?)")
        if not await self._account.depart(self._entry.number):
            raise _too_late("it waited too long, or another process has settled it meanwhile")
        if self._forbidden:
            raise _too_late("the call that placed it had no time left")
        self.left = True

    def forbid(self) -> bool:
        """The call has no time left. True if the order has not left yet, and now never will."""
        self._forbidden = not self.left
        return self._forbidden


def _too_late(why: str) -> ProviderFault:
    return ProviderFault(f"the order was not sent: {why}", advice=_LATE)
