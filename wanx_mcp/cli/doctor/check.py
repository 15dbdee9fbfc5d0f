"""A check as a row: what it looks at, what it needs to have been well before, and what it found."""

from __future__ import annotations

import re
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
    return Finding(Verdict.WARNING, sentence(found), sentence(fix), cause)


def wrong(found: str, fix: str, cause: str) -> Finding:
    return Finding(Verdict.WRONG, sentence(found), sentence(fix), cause)


def told(error: WanxError, cause: str) -> Finding:
    """An error of the server in words for the person who reads this."""
    return wrong(error.what, to_person(error.next), cause)


def to_person(advice: str) -> str:
    """Advice for an agent, who would pass it on, as advice for the user."""
    words = advice.removeprefix("ask the user to ").replace("make the same call again", "try again")
    return re.sub(r"\b(and|or) to (?=[a-z])", r"\1 ", words)


def sentence(words: str) -> str:
    """`words` from a capital to a full stop, unless they begin with an address or a path, or end with a command."""
    first = words.partition(" ")[0]
    head = words[:1] if first.startswith("wanx") or set("/:\\") & set(first) else words[:1].upper()
    return head + words[1:] + ("" if words.endswith((".", "'", '"')) else ".")


def names(words: Iterable[str]) -> str:
    return ", ".join(words)
