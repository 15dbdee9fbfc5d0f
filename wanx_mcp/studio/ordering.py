"""Placing an order once: the intention is durable before the request leaves, and a repeat answers with the first."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio

from wanx_mcp.catalog import Order
from wanx_mcp.clock import Clock
from wanx_mcp.errors import (
    BudgetExceeded,
    Charged,
    InvalidOrder,
    LedgerUnusable,
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

    async def place(
        self, order: Order, kept: Mapping[str, Any], request_id: str | None, *, within: float = CALL_SECONDS
    ) -> Placement:
        """Place `order`, or find the order that it repeats; `kept` is what the ledger keeps of its arguments.

        Answers within so many seconds; the order itself is heard out.
        Raises BudgetExceeded, LedgerUnusable and InvalidOrder before anything is sent, OutcomeUnknown and the
        provider's errors after.
        """
        content = self._account.provider.encode(order.payload() | self._config())
        patience = self._clock.seconds() + PATIENCE
        while True:
            draft = await self._draft(order, kept, request_id)
            errand = self._errands.send(lambda draft=draft: self._attempt(order, draft, content))  # type: ignore[misc]
            with anyio.move_on_after(within) as limit:
                answer = await errand.outcome()
            if limit.cancelled_caught:
                raise OutcomeUnknown("the provider has not answered the order yet; it is still on its way")
            match answer:
                case Placement():
                    return answer
                case Spending():
                    raise _over_budget(draft.points, answer)
                case Entry():
                    found = await self._repeat(order, draft, answer, patient=self._clock.seconds() < patience)
                    if found is not None:
                        return found

    async def _attempt(self, order: Order, draft: Draft, content: bytes) -> Placement | Entry | Spending:
        limit = self._account.limit
        answer = await self._account.ledger.ask(lambda book: book.intend(draft, limit))
        if not isinstance(answer, Intention):
            return answer
        entry = answer.entry
        self._reconciling.under_way.add(entry.number)
        try:
            task = await self._send(entry, content)
            return await self._accept(order, entry, task)
        finally:
            self._reconciling.under_way.discard(entry.number)

    async def _send(self, entry: Entry, content: bytes) -> Task:
        try:
            return await self._account.provider.create(content, within=CALL_SECONDS)
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

    async def _repeat(self, order: Order, draft: Draft, earlier: Entry, *, patient: bool) -> Placement | None:
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
        if not by_key and earlier.open and draft.created_at - earlier.created_at > FRESH and await self._ended(earlier):
            return None
        return Placement(order, earlier.task_id or "", earlier.status or "", earlier.booked, reused=True)

    async def _ended(self, earlier: Entry) -> bool:
        """Whether an order that the ledger takes for open has ended meanwhile, unseen."""
        try:
            sight = await self._following.look(earlier.task_id or "")
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


def _over_budget(points: int, spending: Spending) -> BudgetExceeded:
    booked, limit = dollars(to_usd(spending.booked)), dollars(to_usd(spending.limit or 0))
    return BudgetExceeded(f"this order books {dollars(to_usd(points))}; {booked} of {limit} are booked in 24 hours")


def _doubtful(earlier: Entry) -> OutcomeUnknown:
    at = earlier.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    what = f"the same order, sent at {at}, has no known outcome yet; this call has sent nothing"
    return OutcomeUnknown(what, charged=Charged.NO)  # of this call; the earlier one said maybe
