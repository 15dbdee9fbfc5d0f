"""A check as a row: what it looks at, what it needs to have been well before, and what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wanx_mcp.clock import Clock
from wanx_mcp.errors import WanxError
from wanx_mcp.provider.wallet import Wallet
from wanx_mcp.settings import Settings
from wanx_mcp.studio.account import Account


class Verdict(StrEnum):
    """How it stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found and what mends it. `cause` is one word for programs."""

    verdict: Verdict
    found: str
    fix: str = ""
    cause: str = ""


@dataclass
class Patient:
    """Everything that the checks look at, and what one of them has learned for the next."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Clock
    account: Account
    wallet: Wallet | None = None
    refusal: WanxError | None = field(default=None)
    """Why the provider did not tell the account, although it answered."""


@dataclass(frozen=True, slots=True)
class Check:
    """One row. It is skipped while one of `needs` is wrong or was skipped itself."""

    name: str
    run: Callable[[Patient], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


def ok(found: str) -> Finding:
    return Finding(Verdict.OK, found)


def warning(found: str, fix: str, cause: str = "") -> Finding:
    return Finding(Verdict.WARNING, found, fix, cause)


def wrong(found: str, fix: str, cause: str) -> Finding:
    return Finding(Verdict.WRONG, found, fix, cause)


def told(error: WanxError, cause: str) -> Finding:
    """An error of the server in words for the person who reads this."""
    return wrong(sentence(error.what), sentence(to_person(error.next)), cause)


def to_person(advice: str) -> str:
    """Advice for an agent, who would pass it on, as advice for the user."""
    return advice.removeprefix("ask the user to ").replace("make the same call again", "try again")


def sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def names(words: Iterable[str]) -> str:
    return ", ".join(words)
