"""Placing an order once: the intention is durable before the request leaves, and a repeat answers with the first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from wanx_mcp.catalog import Order
from wanx_mcp.clock import Clock
from wanx_mcp.errors import Charged, OutcomeUnknown, ProviderError, ProviderFault, WanxError
from wanx_mcp.ledger import Draft, Elsewhere, Entry, Figure, FirstOfKind, Intention, Spending, State
from wanx_mcp.limits import FIRST_ANSWER_POLL_SECONDS, FIRST_ANSWER_SECONDS, FRESH
from wanx_mcp.money import dollars, to_points, to_usd
from wanx_mcp.provider import Task
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account
from wanx_mcp.studio.background import Background
from wanx_mcp.studio.orders.departure import Departure
from wanx_mcp.studio.orders.digests import delivered
from wanx_mcp.studio.orders.doubt import doubt_error
from wanx_mcp.studio.orders.objections import by_key, check_same, figure_words, late, of_another_key, over_budget
from wanx_mcp.studio.orders.outcomes import Outcomes
from wanx_mcp.studio.orders.pictures import Prepared
from wanx_mcp.studio.orders.placement import Handover, Placement
from wanx_mcp.studio.orders.reconciling import Reconciling
from wanx_mcp.studio.tasks.reading import TaskReading, TaskView
from wanx_mcp.times import iso

_UNBOOKED = (
    "the order was accepted but could not be booked yet ({problem}); keep the task_id. It will be booked when the "
    "ledger can be used again; its reservation stands until then"
)
log = logging.getLogger(__name__)


@dataclass
class _Attempt:
    """A create while it places its order. `may_wait`: it may still wait for the answer of another order."""

    begun: float
    until: float
    handover: Handover
    may_wait: bool = True
    looked_up: bool = False
    ended: bool = False


class Ordering:
    """Places orders for one account."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        account: Account,
        background: Background,
        reading: TaskReading,
        reconciling: Reconciling,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._account = account
        self._background = background
        self._reading = reading
        self._reconciling = reconciling
        self.outcomes = Outcomes(clock, background)

    def price(self, order: Order) -> int:
        """The published price, or what the operator assumes where there is none, in points."""
        price = order.terms.price
        return to_points(self._settings.assumed_price if price is None else price)

    def _least(self, order: Order) -> int | None:
        """The smallest charge that is believed of a task without a published price: the least that any task costs."""
        lowest = self._reading.catalog.lowest_price
        return to_points(lowest) if order.terms.price is None and lowest is not None else None

    def check_price(self, order: Order) -> None:
        """Raises NotConfigured where the order needs an assumed price and that is set to nothing."""
        if order.terms.price is None:
            self._account.check_assumed_price()

    async def booked(self, order: Order) -> tuple[int, str | None]:
        """The points that `order` would book now, and why if that is more than its price."""
        price, figure = self.price(order), await self._account.last_figure(order.terms.kind)
        return _raised(price, figure)

    async def place(
        self,
        order: Order,
        prepared: Prepared,
        request_id: str | None,
        *,
        save_as: str | None = None,
        until: float,
        handover: Handover,
    ) -> Placement:
        """Place `order`, or find the order that it repeats; answer before the clock's second `until`.

        `prepared` is what the ledger keeps of it: no picture, and nothing that differs from call to call.
        Raises BudgetExceeded, LedgerUnusable and InvalidOrder before anything is sent, OutcomeUnknown and the
        provider's errors after.
        """
        content = self._account.provider.encode(order.payload() | self._config())
        await self.outcomes.catch_up()
        price, attempt = self.price(order), _Attempt(self._clock.seconds(), until, handover)
        while (left := until - self._clock.seconds()) > 0:
            attempt.may_wait = attempt.may_wait and self._clock.seconds() < attempt.begun + FIRST_ANSWER_SECONDS
            draft = await self._account.draft(
                order,
                prepared.kept,
                request_id,
                price=price,
                least=self._least(order),
                waited=not attempt.may_wait,
                save_as=save_as,
            )
            match await self._intend(replace(draft, origins=prepared.origins)):
                case Intention() as intention:
                    placement = await self._hand_over(order, intention.entry, content, left, handover)
                    return _beside(placement, intention.beside)
                case Spending() as spending:
                    raise over_budget(spending)
                case Elsewhere(entry):
                    raise of_another_key(entry)
                case FirstOfKind(first):
                    attempt.may_wait = self._account.in_flight(first)  # else no answer will come
                    await self._clock.sleep(FIRST_ANSWER_POLL_SECONDS if attempt.may_wait else 0)
                case Entry() as earlier:
                    check_same(draft, earlier)
                    if earlier.state.doubtful:
                        await self._doubtful(attempt, earlier)
                    elif found := await self._repeat(attempt, order, draft, earlier):
                        return found
        raise late(None)

    async def _doubtful(self, attempt: _Attempt, earlier: Entry) -> None:
        """Wait for an identical order that is on its way, or look an unknown one up once. Raises OutcomeUnknown."""
        in_flight = self._account.in_flight(earlier)
        if in_flight and attempt.may_wait:
            await self._clock.sleep(FIRST_ANSWER_POLL_SECONDS)
        elif in_flight or attempt.looked_up:
            raise doubt_error(earlier, self._account.moment(), in_flight=in_flight)
        else:
            attempt.looked_up = True
            await self._reconciling.settle(now=True)

    async def _intend(self, draft: Draft) -> Intention | Entry | Elsewhere | FirstOfKind | Spending:
        """Write the intention, unless the call is cancelled by then: such a call places nothing."""
        await checkpoint()
        answer = await self._account.intend(draft)
        if isinstance(answer, Intention):
            number = answer.entry.number
            try:
                await checkpoint_if_cancelled()
            except BaseException:
                self._background.send(lambda: self._conclude(number, State.DECLINED))  # the call has no time for it
                raise
        return answer

    async def _hand_over(
        self, order: Order, entry: Entry, content: bytes, within: float, handover: Handover
    ) -> Placement:
        """From here the order belongs to the studio; the call only waits for it."""
        handover.departure = departure = Departure(self._account, self._clock, entry)

        async def deliver() -> Placement:
            try:
                task = await self._send(order, entry, departure, content, within)
            except WanxError as error:
                handover.known = error
                await self._conclude(entry.number, State.DECLINED if error.charged is Charged.NO else State.UNKNOWN)
                raise
            handover.known = _unbooked(order, entry, task, "the ledger has not taken it in time")
            return await self._accept(order, entry, task)

        return await self._background.send(deliver).outcome()

    async def _send(self, order: Order, entry: Entry, departure: Departure, content: bytes, within: float) -> Task:
        """Send the order. Raises a WanxError, "maybe" only if bytes of the order may have left."""
        try:
            if pictures := delivered(order.arguments):
                await self._account.deliver(entry.number, pictures)
            return await self._account.provider.create(content, within=within, leave=departure.check)
        except WanxError:
            raise
        except Exception as fault:
            log.exception("sending an order failed unexpectedly")
            what = f"this server failed unexpectedly ({type(fault).__name__}) while it sent the order"
            if departure.left:
                raise OutcomeUnknown(what) from fault
            raise ProviderFault(f"{what}; nothing had left this machine") from fault

    async def _conclude(self, number: int, state: State) -> None:
        await self.outcomes.book(lambda: self._account.conclude(number, state))
        if state is State.UNKNOWN:
            self._reconciling.arose()

    async def _accept(self, order: Order, entry: Entry, task: Task) -> Placement:
        """Book the task that the provider answered with. Whatever goes wrong with that, its id is not lost."""
        accepted = None

        async def accept() -> None:
            nonlocal accepted
            accepted = await self._account.accept(entry.number, task)

        problem = await self.outcomes.book(accept)
        if accepted is None:
            return _unbooked(order, entry, task, problem or "the ledger did not say so")
        if accepted.other is not None:
            other = accepted.other
            warning = "the provider answered with a task that an earlier order of yours already has"
            return Placement(order, task.task_id, other.status or "", other.booked, reused=True, warning=warning)
        notes = _dearer(accepted.entry)
        return Placement(order, task.task_id, task.status.value, accepted.entry.booked, notes=notes)

    async def _repeat(self, attempt: _Attempt, order: Order, draft: Draft, earlier: Entry) -> Placement | None:
        """What an earlier order that was accepted means for this one. None: try again, it has ended meanwhile."""
        view = None
        old = draft.moment - earlier.moment > FRESH
        if old and earlier.open and not by_key(draft, earlier) and not attempt.ended:
            view = await self._looked(earlier, attempt.until - self._clock.seconds())
            attempt.ended = view is not None and (view.task.status.final or view.gone)
            if attempt.ended:
                return None  # the ledger knows by now; where it could not note it, it is asked once only
        warning = None
        if earlier.gone_at is not None:
            since = iso(earlier.gone_at, "minutes")
            warning = f"the provider has lost this task: it has denied it for good since {since}"
        elif earlier.denied_at is not None or (view is not None and view.denied):
            warning = "the provider could not find this task when it was last asked; this may be temporary"
        task_id, status, lost = earlier.task_id or "", earlier.status or "", earlier.gone_at is not None
        return Placement(order, task_id, status, earlier.booked, reused=True, lost=lost, warning=warning)

    async def _looked(self, earlier: Entry, within: float) -> TaskView | None:
        """The task of an order that the ledger takes for open; None if it cannot be read."""
        try:
            with anyio.move_on_after(within):
                view = await self._reading.look(earlier.task_id or "")
                return None if view.problem else view
        except ProviderError:
            pass
        return None

    def _config(self) -> dict[str, Any]:
        url, secret = self._settings.webhook_url, self._settings.webhook_secret
        if url is None:
            return {}
        return {"config": {"webhook_config": {"endpoint": url, **({"secret": secret} if secret else {})}}}


def _unbooked(order: Order, entry: Entry, task: Task, problem: str) -> Placement:
    """An order whose task is known, and not yet booked."""
    booked = max(entry.booked, task.shown_points or 0)
    return Placement(order, task.task_id, task.status.value, booked, warning=_UNBOOKED.format(problem=problem))


def _raised(price: int, figure: Figure | None) -> tuple[int, str | None]:
    """What an order of that price books after that figure, and why if that is more than the price."""
    if figure is None or figure.points <= price:
        return price, None
    return figure.points, figure_words(figure)


def _dearer(entry: Entry) -> tuple[str, ...]:
    """Why an order that was just accepted books more than its price, if it does."""
    if entry.booked <= entry.price:
        return ()
    whose = "this order" if (entry.figure or 0) >= entry.booked else "the last order of this kind"
    return (f"the provider showed {dollars(to_usd(entry.booked))} for {whose}, more than its price",)


def _beside(placement: Placement, doubt: Entry | None) -> Placement:
    """`placement` with the warning that an old identical order of unknown outcome may have been charged as well."""
    if doubt is None:
        return placement
    warning = f"an identical order of {iso(doubt.moment, 'minutes')} is still unknown and may have been charged as well"
    return replace(placement, warning=placement.warning or warning)
