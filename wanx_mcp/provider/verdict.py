"""What an answer means: a task, or one error of the tree. Text and code together, since sources disagree on codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wanx_mcp import errors
from wanx_mcp.provider.answers import read_message
from wanx_mcp.provider.wire import Answer, Outcome
from wanx_mcp.retry import Fate

Quote = Callable[[str], str]
"""Makes the provider's words short and free of secrets."""

# A refusal by status is certain. 408, 409, 423, 425 and 5xx are not: the order may have been taken.
_CERTAIN = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 451}
)

# Substrings seen in the wild [contract 6.2]. The first table is for answers that are refusals anyway.
_WORDS: tuple[tuple[re.Pattern[str], type[errors.ProviderError]], ...] = (
    (re.compile(r"insufficient|balance|credit|freeze|quota", re.I), errors.OutOfCredit),
    (re.compile(r"too many|rate limit|concurren", re.I), errors.RateLimited),
    (re.compile(r"unauthor|api.?key|token", re.I), errors.Unauthorized),
)
# A 500 is a plain refusal only when its words leave no doubt that nothing was taken.
_SURE_WORDS: tuple[tuple[re.Pattern[str], type[errors.ProviderError]], ...] = (
    (
        re.compile(r"insufficient (credit|balance|quota|fund|point)|(not enough|out of) (credit|balance)", re.I),
        errors.OutOfCredit,
    ),
    (re.compile(r"too many requests|rate limit exceeded", re.I), errors.RateLimited),
)
_GONE = re.compile(r"not found|expired|no such|does not exist", re.I)
_STATUS: dict[int, type[errors.ProviderError]] = {
    401: errors.Unauthorized,
    402: errors.OutOfCredit,
    429: errors.RateLimited,
}


def order_error(outcome: Outcome[Any], quote: Quote) -> errors.WanxError:
    """Why an order has no task: declined for certain (Charged: no), or nobody knows (outcome_unknown)."""
    if outcome.fate is Fate.UNCONNECTED and outcome.outage:
        return outcome.outage
    answer = outcome.answer
    if answer is None or outcome.fate is Fate.UNREADABLE:
        reason = outcome.outage.what if outcome.outage else "the provider's answer could not be read"
        return errors.OutcomeUnknown(f"the order was sent, but {reason}")
    words = read_message(answer.body)
    if answer.status in _CERTAIN:
        return _refusal(answer, words, quote)
    if sure := _by_words(words, _SURE_WORDS):
        return sure(_told(answer, words, quote))
    return errors.OutcomeUnknown(f"the order was sent, and {_told(answer, words, quote)}")


def read_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    """Why a read (or a cancel) has no result. Nothing is ever charged for one."""
    error = _read_error(outcome, quote)
    error.retry_after = outcome.answer.retry_after if outcome.answer else None
    return error


def _read_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    answer = outcome.answer
    if outcome.outage:
        return outcome.outage
    if answer is None or outcome.fate is Fate.UNREADABLE:
        return errors.ProviderFault("the provider's answer could not be read")
    words = read_message(answer.body)
    if answer.status == 404 or (answer.status == 400 and _GONE.search(words)):
        return errors.TaskNotFound("the provider does not know this task (any more)")
    if answer.status >= 500 and not _by_words(words, _SURE_WORDS):
        return errors.ProviderFault(_told(answer, words, quote))
    return _refusal(answer, words, quote)


def _refusal(answer: Answer, words: str, quote: Quote) -> errors.ProviderError:
    kind = _STATUS.get(answer.status) or _by_words(words, _WORDS) or errors.Refused
    told = _told(answer, words, quote)
    if kind is errors.RateLimited and answer.retry_after is not None:
        return errors.RateLimited(told, advice=f"wait {answer.retry_after:.0f} s, then make the same call again")
    return kind(told)


def _by_words(
    words: str, table: tuple[tuple[re.Pattern[str], type[errors.ProviderError]], ...]
) -> type[errors.ProviderError] | None:
    return next((kind for pattern, kind in table if pattern.search(words)), None)


def _told(answer: Answer, words: str, quote: Quote) -> str:
    said = f': "{quote(words)}"' if words else ""
    return f"the provider answered {answer.status}{said}"
