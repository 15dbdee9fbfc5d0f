"""Placing an order once: the intention is durable before the request leaves, and a repeat answers with the first."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from wanx_mcp.catalog import Order
from wanx_mcp.clock import Clock
from wanx_mcp.errors import (
    BudgetExceeded,
    Charged,
    InvalidOrder,
    LedgerUnusable,
    NotConfigured,
    OutcomeUnknown,
    ProviderError,
    WanxError,
)
from wanx_mcp.ledger import Draft, Entry, Intention, Spending, State
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.provider import Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account, observation
from wanx_mcp.studio.errands import Errands
from wanx_mcp.studio.following import Following
from wanx_mcp.studio.reconciling import Reconciling

CALL_SECONDS = 19.0
"""A create answers within 20 s, whatever the provider does; the order itself is heard out."""

PATIENCE = 5.0
"""Seconds that a repeat waits for the first order's task id."""

LOOK_SECONDS = 0.25
IN_FLIGHT = timedelta(seconds=100)
"""An intention without an outcome that is older than this is in nobody's hands any more."""

FRESH = timedelta(minutes=2)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """An order that was placed, or was found to be placed already. Points: 10,000,000 = 1 USD."""

    order: Order
    task_id: str
    status: str
    booked: int
    reused: bool = False
    warning: str | None = None
    notes: tuple[str, ...] = ()


class Ordering:
    """Places orders for one account."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        account: Account,
        errands: Errands,
        following: Following,
        reconciling: Reconciling,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._account = account
        self._errands = errands
        self._following = following
        self._reconciling = reconciling

    def points(self, order: Order) -> int:
        """The list price, or what the operator assumes where there is none."""
        price = order.row.price
        return to_points(self._settings.assumed_price if price is None else price)

    async def booked(self, order: Order) -> int:
        """What `order` would book now: more than its price where the last one of its kind cost more."""
        points, row = self.points(order), order.row.name
        try:
            name = await self._account.name()
            return max(points, await self._account.ledger.ask(lambda book: book.last_charge(name, row)))
        except (NotConfigured, LedgerUnusable):
            return points

    async def place(self, order: Order, kept: Mapping[str, Any], request_id: str | None, *, until: float) -> Placement:
        """Place `order`, or find the order that it repeats; answer before the clock's second `until`.

        `kept` is what the ledger keeps of the arguments: no picture, and nothing that differs from call to call.
        Raises BudgetExceeded, LedgerUnusable and InvalidOrder before anything is sent, OutcomeUnknown and the
        provider's errors after.
        """
        content = self._account.provider.encode(order.payload() | self._config())
        patience = self._clock.seconds() + PATIENCE
        while (left := until - self._clock.seconds()) > 0:
            draft = await self._draft(order, kept, request_id)
            match await self._intend(draft):
                case Intention() as intention:
                    return await self._hand_over(order, intention.entry, content, left)
                case Spending() as spending:
                    raise _over_budget(spending)
                case Entry() as earlier:
                    patient = self._clock.seconds() < patience
                    found = await self._repeat(order, draft, earlier, patient=patient, within=left)
                    if found is not None:
                        return found
        raise OutcomeUnknown("the same order is still on its way; this call has sent nothing", charged=Charged.NO)

    async def _intend(self, draft: Draft) -> Intention | Entry | Spending:
        """Write the intention, unless the call is cancelled by then: such a call places nothing."""
        limit, ledger = self._account.limit, self._account.ledger
        await checkpoint()
        answer = await ledger.ask(lambda book: book.intend(draft, limit))
        if isinstance(answer, Intention):
            number = answer.entry.number
            try:
                await checkpoint_if_cancelled()
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await ledger.ask(lambda book: book.conclude(number, State.DECLINED))
                raise
        return answer

    async def _hand_over(self, order: Order, entry: Entry, content: bytes, within: float) -> Placement:
        """From here the order belongs to the studio; the call only waits for it."""

        async def deliver() -> Placement:
            try:
                return await self._accept(order, entry, await self._send(entry, content, within))
            finally:
                self._reconciling.under_way.discard(entry.number)

        self._reconciling.under_way.add(entry.number)
        errand = self._errands.send(deliver)
        with anyio.move_on_after(within):
            return await errand.outcome()
        raise OutcomeUnknown("the provider has not answered the order yet; it is still on its way")

    async def _send(self, entry: Entry, content: bytes, within: float) -> Task:
        try:
            return await self._account.provider.create(content, within=within, leave=_always)
        except WanxError as error:
            state = State.DECLINED if error.charged is Charged.NO else State.UNKNOWN
            try:
                await self._account.ledger.ask(lambda book: book.conclude(entry.number, state))
            except LedgerUnusable as unusable:  # the order stays on the books, which is the careful side
                log.warning("the outcome of an order could not be booked: %s", unusable.what)
            raise

    async def _accept(self, order: Order, entry: Entry, task: Task) -> Placement:
        warning = None
        seen = observation(task)
        try:
            await self._account.ledger.ask(lambda book: book.accept(entry.number, seen))
        except LedgerUnusable as error:
            warning = f"the order was accepted but could not be booked ({error.what}); keep the task_id"
        return Placement(order, task.task_id, task.status.value, entry.booked, warning=warning)

    async def _repeat(
        self, order: Order, draft: Draft, earlier: Entry, *, patient: bool, within: float
    ) -> Placement | None:
        """What an earlier order means for this one. None: try again, its state may have changed."""
        by_key = draft.request_id is not None and draft.request_id == earlier.request_id
        if by_key and earlier.content != draft.content:
            raise InvalidOrder(
                "request_id was used before, for an order with other arguments",
                advice="set request_id to a new value; then order again",
            )
        if earlier.state.doubtful:
            in_flight = earlier.state is State.INTENDED and self._clock.now() - earlier.created_at < IN_FLIGHT
            if not (in_flight and patient):
                raise _doubtful(earlier)
            await self._clock.sleep(LOOK_SECONDS)
            return None
        old = draft.created_at - earlier.created_at > FRESH
        if not by_key and earlier.open and old and await self._ended(earlier, within):
            return None
        return Placement(order, earlier.task_id or "", earlier.status or "", earlier.booked, reused=True)

    async def _ended(self, earlier: Entry, within: float) -> bool:
        """Whether an order that the ledger takes for open has ended meanwhile, unseen."""
        try:
            sight = await self._following.look(earlier.task_id or "", within=within)
        except ProviderError:
            return False
        return sight.task.status.final

    async def _draft(self, order: Order, kept: Mapping[str, Any], request_id: str | None) -> Draft:
        return Draft(
            account=await self._account.name(),
            task_type=order.row.name,
            arguments=kept,
            request_id=request_id,
            points=self.points(order),
            created_at=self._clock.now(),
        )

    def _config(self) -> dict[str, Any]:
        url, secret = self._settings.webhook_url, self._settings.webhook_secret
        if url is None:
            return {}
        return {"config": {"webhook_config": {"endpoint": url, **({"secret": secret} if secret else {})}}}


async def _always() -> None:
    """An order may leave whenever its connection stands."""


def _over_budget(spending: Spending) -> BudgetExceeded:
    asked = dollars(to_usd(spending.asked))
    booked, limit = dollars(to_usd(spending.booked)), dollars(to_usd(spending.limit or 0))
    return BudgetExceeded(f"this order books {asked}; {booked} of {limit} are booked in 24 hours")


def _doubtful(earlier: Entry) -> OutcomeUnknown:
    at = earlier.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    what = f"the same order, sent at {at}, has no known outcome yet; this call has sent nothing"
    return OutcomeUnknown(what, charged=Charged.NO)  # of this call; the earlier one said maybe
