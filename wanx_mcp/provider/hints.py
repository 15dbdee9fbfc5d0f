"""What the words of a refusal mean, and the advice that fits. Sources disagree on codes [contract 6.2]."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wanx_mcp.errors import OutOfCredit, ProviderError, RateLimited, Unauthorized
from wanx_mcp.limits.provider import PAGE_CHARACTERS

OVERSIZE = frozenset({413, 414, 431})
"""Statuses of a request that is too large."""

GONE = re.compile(r"not found|expired|no such|does not exist", re.IGNORECASE)

# Patterns seen in real answers; only for answers that are certain refusals.
_KINDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile(r"insufficient|balance|credit|freeze|quota", re.IGNORECASE), OutOfCredit),
    (re.compile(r"too many|rate limit|concurren", re.IGNORECASE), RateLimited),
    (
        re.compile(
            r"unauthor|api.?key|(?:invalid|expired|missing|wrong|access|auth\w{0,20})\W{1,3}(?:\w{1,20}\W{1,3})?token"
            r"|token\W{1,3}(?:\w{1,20}\W{1,3})?(?:invalid|expired|missing|wrong)",
            re.IGNORECASE,
        ),
        Unauthorized,
    ),
)
# A 5xx is a certain refusal only if its words leave no doubt that nothing was charged.
_SURE: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (
        re.compile(
            r"insufficient (credit|balance|quota|fund|point)|(not enough|out of) (credit|balance)", re.IGNORECASE
        ),
        OutOfCredit,
    ),
    (re.compile(r"too many requests|rate limit exceeded", re.IGNORECASE), RateLimited),
)
_PLAN = re.compile(
    r"insufficient plan|\bplan('s)? (level|limit|tier|type|is|does|has|only|not|must|required)"
    r"|\b(your|current|account|higher|paid|free|another|upgrade|this) plan\b|upgrade (to|your|the)\b|subscription",
    re.IGNORECASE,
)
_BOT = re.compile(
    r"captcha|just a moment|access denied|attention required|you have been blocked|request blocked|unusual traffic"
    r"|(verify|verifying|checking) (that )?you are( a| not a)? (human|robot)|are you a (human|robot)|cf-chl"
    r"|challenge-platform|security check|checking your browser|ddos|enable javascript and cookies",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Advice:
    """Next steps for refusals whose own message does not say what to do."""

    blocked: str = (
        "make the same call again in a few minutes; if it still fails, tell the user that a check in front of PiAPI "
        "blocks this machine: another network, or switching a VPN or proxy off, can help"
    )
    size: str = "give pictures as https URLs or make them smaller, and shorten the prompt; then call again"
    address: str = (
        "make the same call again in a minute; if it still fails, ask the user to check PIAPI_BASE_URL and any proxy"
    )
    plan: str = "tell the user that their PiAPI plan does not allow this; it can be changed at https://piapi.ai"
    wordless: str = "check the arguments; if they are right, make the same call again in a minute"


ADVICE = Advice()


def by_words(words: str) -> type[ProviderError] | None:
    """The error that the words of a refusal suggest, None if they suggest none."""
    return next((kind for pattern, kind in _KINDS if pattern.search(words[:PAGE_CHARACTERS])), None)


def sure_words(words: str) -> type[ProviderError] | None:
    """The error that the words name without any doubt, None if there is any."""
    return next((kind for pattern, kind in _SURE if pattern.search(words[:PAGE_CHARACTERS])), None)


def plan_words(words: str) -> bool:
    """Whether the words are about the account's plan."""
    return _PLAN.search(words[:PAGE_CHARACTERS]) is not None


def bot_check(words: str) -> bool:
    """Whether a page, or a message, comes from a bot check or a firewall."""
    return _BOT.search(words[:PAGE_CHARACTERS]) is not None


def page_words(page: str) -> str:
    """A page in short: its title, or all of a plain text; empty for a page without a title."""
    found = _TITLE.search(page[:PAGE_CHARACTERS])
    if found:
        return found[1].strip()
    return "" if "<" in page[:PAGE_CHARACTERS] else page[:PAGE_CHARACTERS].strip()
