"""Placing an order once: the intention is durable before the request leaves, and a repeat answers with the first."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
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
    OutcomeUnknown,
    ProviderError,
    ProviderFault,
    WanxError,
)
from wanx_mcp.ledger import Draft, Elsewhere, Entry, FirstOfKind, Intention, Spending, State
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.provider import Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.departure import Departure
from wanx_mcp.studio.digests import delivered
from wanx_mcp.studio.doubt import doubt_error
from wanx_mcp.studio.errands import Errands
from wanx_mcp.studio.following import Following
from wanx_mcp.studio.reconciling import Reconciling

CALL_SECONDS = 19.0
"""A create answers within 20 s, whatever the provider does; the order itself is heard out."""

FIRST_ANSWER_SECONDS = 5.0
"""How long a repeat waits for the first order's task id, and a second order of a kind for the first one's price."""

POLL_SECONDS = 0.25
BOOK_AGAIN_SECONDS = 5.0
"""How often an outcome that could not be booked is booked again, while this process lives."""

FRESH = timedelta(minutes=2)
"""A repeat of an order older than this is checked against the provider: it may have ended unseen."""

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


@dataclass
class Handover:
    """Whether a create has handed its order over: from then on the order ends whatever becomes of the call."""

    departure: Departure | None = None


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
        self._unbooked: list[Callable[[], Awaitable[None]]] = []

    def price(self, order: Order) -> int:
        """The published price, or what the operator assumes where there is none, in points."""
        price = order.row.price
        return to_points(self._settings.assumed_price if price is None else price)

    def check_price(self, order: Order) -> None:
        """Raises NotConfigured where the order needs an assumed price and that is set to nothing."""
        if order.row.price is None:
            self._account.check_assumed_price()

    async def booked(self, order: Order) -> int:
        """What `order` would book now: more than its price where the last one of its kind showed more."""
        return max(self.price(order), await self._account.last_figure(order.row.name))

    async def place(
        self, order: Order, kept: Mapping[str, Any], request_id: str | None, *, until: float, handover: Handover
    ) -> Placement:
        """Place `order`, or find the order that it repeats; answer before the clock's second `until`.

        `kept` is what the ledger keeps of the arguments: no picture, and nothing that differs from call to call.
        Raises BudgetExceeded, LedgerUnusable and InvalidOrder before anything is sent, OutcomeUnknown and the
        provider's errors after.
        """
        content = self._account.provider.encode(order.payload() | self._config())
        await self.book_outstanding()
        patience = self._clock.seconds() + FIRST_ANSWER_SECONDS
        looked_up = False
        while (left := until - self._clock.seconds()) > 0:
            waited = self._clock.seconds() >= patience
            draft = await self._account.draft(order.row.name, kept, request_id, price=self.price(order), waited=waited)
            match await self._intend(draft):
                case Intention() as intention:
                    placement = await self._hand_over(order, intention.entry, content, left, handover)
                    return _beside(placement, intention.beside)
                case Spending() as spending:
                    raise over_budget(spending)
                case Elsewhere(entry):
                    raise _elsewhere(entry)
                case FirstOfKind():
                    await self._clock.sleep(POLL_SECONDS)
                case Entry() as earlier if earlier.state.doubtful:
                    _check_same(draft, earlier)
                    if self._account.in_flight(earlier) and not waited:
                        await self._clock.sleep(POLL_SECONDS)
                    elif looked_up or self._account.in_flight(earlier):
                        in_flight = self._account.in_flight(earlier)
                        raise doubt_error(earlier, self._account.moment(), in_flight=in_flight)
                    else:
                        await self._reconciling.settle(now=True)
                        looked_up = True
                case Entry() as earlier:
                    _check_same(draft, earlier)
                    found = await self._repeat(order, draft, earlier, within=left)
                    if found is not None:
                        return found
        raise OutcomeUnknown("the same order is still on its way; this call has sent nothing", charged=Charged.NO)

    async def _intend(self, draft: Draft) -> Intention | Entry | Elsewhere | FirstOfKind | Spending:
        """Write the intention, unless the call is cancelled by then: such a call places nothing."""
        await checkpoint()
        answer = await self._account.intend(draft)
        if isinstance(answer, Intention):
            try:
                await checkpoint_if_cancelled()
            except BaseException:
                with anyio.CancelScope(shield=True):
                    await self._account.conclude(answer.entry.number, State.DECLINED)
                raise
        return answer

    async def _hand_over(
        self, order: Order, entry: Entry, content: bytes, within: float, handover: Handover
    ) -> Placement:
        """From here the order belongs to the studio; the call only waits for it."""
        departure = Departure(self._account, self._clock, entry)
        handover.departure = departure

        async def deliver() -> Placement:
            if pictures := delivered(order.arguments):
                await self._surely(entry, State.DECLINED, lambda: self._account.deliver(entry.number, pictures))
            task = await self._send(entry, departure, content, within)
            return await self._accept(order, entry, task)

        errand = self._errands.send(deliver)
        with anyio.move_on_after(within):
            return await errand.outcome()
        raise late(departure)

    async def _surely(self, entry: Entry, state: State, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` before anything is sent; where it fails the order is concluded as `state`."""
        try:
            await work()
        except LedgerUnusable:
            await self._conclude(entry.number, state)
            raise

    async def _send(self, entry: Entry, departure: Departure, content: bytes, within: float) -> Task:
        try:
            return await self._account.provider.create(content, within=within, leave=departure.check)
        except WanxError as error:
            await self._conclude(entry.number, State.DECLINED if error.charged is Charged.NO else State.UNKNOWN)
            raise
        except Exception as fault:
            log.exception("sending an order failed unexpectedly")
            await self._conclude(entry.number, State.UNKNOWN if departure.left else State.DECLINED)
            what = "this server failed unexpectedly while it sent the order"
            if departure.left:
                raise OutcomeUnknown(what) from fault
            raise ProviderFault(f"{what}; nothing had left this machine") from fault

    async def _conclude(self, number: int, state: State) -> None:
        await self._book(lambda: self._account.conclude(number, state))
        if state is State.UNKNOWN:
            self._reconciling.arose()

    async def _accept(self, order: Order, entry: Entry, task: Task) -> Placement:
        """Book the task that the provider answered with."""
        accepted = None

        async def accept() -> None:
            nonlocal accepted
            accepted = await self._account.accept(entry.number, task)

        problem = await self._book(accept)
        if problem is not None or accepted is None:
            warning = f"the order was accepted but could not be booked ({problem}); keep the task_id"
            return Placement(order, task.task_id, task.status.value, entry.booked, warning=warning)
        if accepted.other is not None:
            other = accepted.other
            warning = "the provider answered with a task that an earlier order of yours already has"
            return Placement(order, task.task_id, other.status or "", other.booked, reused=True, warning=warning)
        return Placement(order, task.task_id, task.status.value, accepted.entry.booked)

    async def _book(self, work: Callable[[], Awaitable[None]]) -> str | None:
        """Note an outcome; where the ledger cannot take it, go on trying in the background. Returns what is wrong."""
        try:
            await work()
        except LedgerUnusable as unusable:  # the order stays booked meanwhile, which is the careful side
            log.warning("the outcome of an order could not be booked yet: %s", unusable.what)
            self._unbooked.append(work)
            if len(self._unbooked) == 1:
                self._errands.send(self._book_later)
            return unusable.what
        return None

    async def _book_later(self) -> None:
        while self._unbooked:
            await self._clock.idle(BOOK_AGAIN_SECONDS)
            await self.book_outstanding()

    async def book_outstanding(self) -> None:
        """Book the outcomes that the ledger could not take when they were known, if it can by now."""
        for work in list(self._unbooked):
            try:
                await work()
            except LedgerUnusable as unusable:
                log.info("the outcome of an order still cannot be booked: %s", unusable.what)
                return
            if work in self._unbooked:
                self._unbooked.remove(work)

    async def _repeat(self, order: Order, draft: Draft, earlier: Entry, *, within: float) -> Placement | None:
        """What an earlier order that was accepted means for this one. None: try again, it has ended meanwhile."""
        old = draft.moment - earlier.moment > FRESH
        if not _by_key(draft, earlier) and earlier.open and old and await self._ended(earlier, within):
            return None
        gone = "the provider has denied this task for good" if earlier.gone_at else None
        status = earlier.status or ""
        return Placement(order, earlier.task_id or "", status, earlier.booked, reused=True, warning=gone)

    async def _ended(self, earlier: Entry, within: float) -> bool:
        """Whether an order that the ledger takes for open has ended meanwhile, unseen."""
        try:
            sight = await self._following.look(earlier.task_id or "", within=within)
        except ProviderError:
            return False
        return sight.task.status.final or sight.gone

    def _config(self) -> dict[str, Any]:
        url, secret = self._settings.webhook_url, self._settings.webhook_secret
        if url is None:
            return {}
        return {"config": {"webhook_config": {"endpoint": url, **({"secret": secret} if secret else {})}}}


def _by_key(draft: Draft, earlier: Entry) -> bool:
    return draft.request_id is not None and draft.request_id == earlier.request_id


def _check_same(draft: Draft, earlier: Entry) -> None:
    """Raises InvalidOrder where a request_id was used before for other arguments."""
    if _by_key(draft, earlier) and earlier.content != draft.content:
        raise InvalidOrder(
            "request_id was used before, for an order with other arguments",
            advice="set request_id to a new value; then order again",
        )


def late(departure: Departure | None) -> WanxError:
    """What a create is answered whose time is up: "maybe" only if its order may have left this machine."""
    if departure is None or departure.forbid():
        what = "this order could not be placed within the time of one call; nothing was sent"
        return ProviderFault(what, advice="make the same call again; nothing is booked")
    return OutcomeUnknown("the provider has not answered the order yet; it is still on its way")


def _beside(placement: Placement, doubt: Entry | None) -> Placement:
    """`placement` with the warning that an old identical order of unknown outcome may have been charged as well."""
    if doubt is None:
        return placement
    ordered = doubt.moment.isoformat(timespec="minutes").replace("+00:00", "Z")
    warning = f"an identical order of {ordered} is still unknown and may have been charged as well"
    return replace(placement, warning=placement.warning or warning)


def over_budget(spending: Spending) -> BudgetExceeded:
    """What an order that the budget has no room for is told."""
    asked = dollars(to_usd(spending.asked))
    booked, limit = dollars(to_usd(spending.booked)), dollars(to_usd(spending.limit or 0))
    why = " (the last one of its kind was shown to cost that much)" if spending.figure else ""
    return BudgetExceeded(f"this order needs {asked}{why}; {booked} of the {limit} daily budget is already used")


def _elsewhere(entry: Entry) -> OutcomeUnknown:
    """An identical order of another key, perhaps of the same account."""
    ordered = entry.moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    task = f" as task {entry.task_id}" if entry.task_id else ", and its outcome is unknown"
    what = (
        f"the same order was sent at {ordered} with another API key{task}; whether that key belongs to the same "
        "account could not be found out, so this call has sent nothing"
    )
    advice = "ask the user; a new request_id places another order beside one that is open, not beside an unknown one"
    return OutcomeUnknown(what, charged=Charged.NO, advice=advice)
