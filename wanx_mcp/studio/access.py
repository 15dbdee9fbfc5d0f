"""The way to one account: its provider, its name in the ledger, and the provider's time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import anyio

from wanx_mcp.clock import Clock
from wanx_mcp.errors import NotConfigured, WanxError
from wanx_mcp.ledger import Ledger, Sender
from wanx_mcp.limits import ACCOUNT_SECONDS, DATE_SECONDS
from wanx_mcp.money import to_points
from wanx_mcp.provider import Provider, Skew, Upstream
from wanx_mcp.settings import Settings, Stops

if TYPE_CHECKING:
    from wanx_mcp.ledger.book import Book

ResultT = TypeVar("ResultT")

_MEND = (
    "ask the user to correct that setting of this server and restart it, or to set WANX_SIMULATE=1 to try everything "
    "free of charge"
)
log = logging.getLogger(__name__)


class Access:
    """One key at one provider, and the ledger that it shares with others."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        ledger: Ledger,
        upstream: Upstream | None,
        provider: Provider | None,
    ) -> None:
        self.ledger = ledger
        self.sender = Sender(ledger.path.parent)
        self._settings = settings
        self._clock = clock
        self._upstream = upstream
        self._provider = provider
        self._name: str | None = None
        self._account_id: str | None = None
        self._asked_account_at: float | None = None

    @property
    def settings(self) -> Settings:
        """What the operator decided."""
        return self._settings

    @property
    def provider(self) -> Provider:
        """The provider. Raises NotConfigured without a key, or with settings that make it unsafe to ask."""
        self._refuse(Stops.EVERYTHING)
        if self._provider is None:
            raise NotConfigured("there is no PIAPI_API_KEY")
        return self._provider

    @property
    def upstream(self) -> Upstream:
        """The other end. Raises NotConfigured without a key."""
        if self._upstream is None:
            raise NotConfigured("there is no PIAPI_API_KEY")
        return self._upstream

    def check_orders(self) -> None:
        """Raises NotConfigured without a key, or while a setting forbids orders."""
        self._refuse(Stops.ORDERS)
        _ = self.provider

    def check_assumed_price(self) -> None:
        """Raises NotConfigured where the price that orders without a published one need is set to nothing."""
        if self._settings.assumed_price <= 0:
            raise NotConfigured(
                "WANX_ASSUMED_PRICE_USD must be more than 0: this task type has no published price", advice=_MEND
            )

    @property
    def limit(self) -> int | None:
        """The budget in points, None if unlimited."""
        budget = self._settings.daily_budget
        return None if budget is None else to_points(budget)

    # The provider's time

    @property
    def skew(self) -> Skew | None:
        """By how much the provider's clock is ahead of this machine's, None while none of its dates is known."""
        return self._provider.skew if self._provider else None

    def moment(self) -> datetime:
        """The provider's time as far as it is known, else this machine's."""
        skew = self.skew
        return self._clock.now() + timedelta(milliseconds=skew.ahead if skew else 0)

    async def prepare(self) -> None:
        """Before an order: hear the provider's date, and learn which account the key belongs to. One free read serves
        both; that it fails does not stop the order. Raises NotConfigured and LedgerUnusable."""
        name = await self.name()
        age = self.provider.date_age
        if self._account_id is None:
            self._account_id = await self.ask(lambda book: book.account_id(name))
        if age is None or age > DATE_SECONDS or (self._account_id is None and self._may_ask_account()):
            await self._ask_account(name)

    async def identify(self) -> None:
        """Learn which account the key belongs to, if orders of another key may turn out to be of the same one."""
        name = await self.name()
        if self._account_id is None and self._may_ask_account() and await self.ask(lambda b: b.has_strangers(name)):
            await self._ask_account(name)

    def _may_ask_account(self) -> bool:
        asked = self._asked_account_at
        return asked is None or self._clock.seconds() - asked > DATE_SECONDS

    async def _ask_account(self, name: str) -> None:
        self._asked_account_at = self._clock.seconds()
        try:
            with anyio.fail_after(ACCOUNT_SECONDS):
                account_id = (await self.provider.account(within=ACCOUNT_SECONDS)).account_id
        except TimeoutError:
            log.info("the account could not be read in time")
            return
        except WanxError as error:
            log.info("the account could not be read: %s", error.code)
            return
        if account_id is not None:
            await self.ask(lambda book: book.tie(name, account_id))
            self._account_id = account_id

    async def name(self) -> str:
        """The hash of this key, under which the ledger knows it. Raises NotConfigured and LedgerUnusable."""
        if self._name is None:
            upstream = self.upstream
            self._name = await self.ask(lambda book: book.account(upstream.origin, upstream.key))
        return self._name

    async def ask(self, question: Callable[[Book], ResultT]) -> ResultT:
        """The ledger's answer. Raises LedgerUnusable."""
        return await self.ledger.ask(question)

    def _refuse(self, least: Stops) -> None:
        if problems := self._settings.problems_that_stop(least):
            wrong = "; ".join(map(str, problems))
            raise NotConfigured(wrong, advice=_MEND)
