"""What a create answers: the order that was placed, and how far the call has come with it."""

from __future__ import annotations

from dataclasses import dataclass

from wanx_mcp.catalog import Order
from wanx_mcp.errors import WanxError
from wanx_mcp.studio.orders.departure import Departure
from wanx_mcp.studio.orders.objections import late


@dataclass(frozen=True, slots=True)
class Placement:
    """An order that was placed, or was found to be placed already. Points: 10,000,000 = 1 USD.

    `lost`: the provider has denied its task for good. `warning` is for the person who pays.
    """

    order: Order
    task_id: str
    status: str
    booked: int
    reused: bool = False
    lost: bool = False
    warning: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class Handover:
    """How far a create has come with its order. Once it has a `departure` it ends whatever becomes of the call; `known`
    is how it ended, perhaps before the ledger could take that."""

    departure: Departure | None = None
    known: Placement | WanxError | None = None

    def last_word(self) -> Placement:
        """What a call is answered whose time is up. Raises the error that is known, else that it is late."""
        if isinstance(self.known, WanxError):
            raise self.known
        if self.known is None:
            raise late(self.departure)
        return self.known
