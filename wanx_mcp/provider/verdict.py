"""What an answer without a task means: one error of the tree, and for an order whether it can have been charged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wanx_mcp import errors
from wanx_mcp.provider.answers import envelope_code, is_own, read_message
from wanx_mcp.provider.hints import ADVICE, GONE, OVERSIZE, bot_check, by_words, page_words, plan_words, sure_words
from wanx_mcp.provider.wire import Answer, Outcome
from wanx_mcp.retry import Fate
from wanx_mcp.spans import MOST_SECONDS, span
from wanx_mcp.toolnames import LIST

ErrorT = TypeVar("ErrorT", bound=errors.ProviderError)
Quote = Callable[[str], str]
"""Makes the provider's words short and free of secrets."""

#   An order's answer                                            charged
#   none: no connection was made                                 no
#   none, or not whole                                           maybe
#   the provider's own JSON: a status of _CERTAIN                no
#   ...                      5xx, in plain words about money     no       any other status: maybe
#   no JSON of the provider's: a status of _TURNED_AWAY          no       any other status: maybe
_CERTAIN = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 451}
)
"""Refusals. 408, 409, 423 and 425 are none: the order may have been taken."""

_TURNED_AWAY = frozenset({401, 403, 404, 405, 413, 414, 431, 451})
"""What proxies and gateways answer without passing a request on."""

_PASSING = frozenset({408, 409, 421, 423, 425})
"""What a read may meet and a later one not."""

_SUCCESS = (0, 200)
_NO_ENDPOINT = frozenset({404, 405, 501})
_UNREADABLE = "the provider's answer could not be read"


def order_error(outcome: Outcome[Any], quote: Quote) -> errors.WanxError:
    """Why an order has no task: certainly declined (charged: no), or OutcomeUnknown (maybe)."""
    return _timed(_order_error(outcome, quote), outcome.answer)


def read_error(outcome: Outcome[Any], quote: Quote, *, about_task: bool = False) -> errors.ProviderError:
    """Why a read has no result. Nothing is ever charged for one.

    TaskNotFound is only the provider's own denial of a task, for a read that is `about_task`; whatever stands in front
    of the provider answers with ProviderFault at most.
    """
    return _timed(_read_error(outcome, quote, about_task=about_task), outcome.answer)


def cancel_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    """Why a task was not cancelled: CannotCancel where the provider will not, else the errors of a read."""
    error, answer = read_error(outcome, quote, about_task=True), outcome.answer
    if answer is not None and not is_own(answer.body) and answer.status in _NO_ENDPOINT:
        what = f"the provider seems to have no way to cancel this task here ({_page(answer, quote)})"
        return _timed(errors.CannotCancel(what), answer)
    if outcome.fate is not Fate.ANSWERED or isinstance(
        error, errors.TaskNotFound | errors.RateLimited | errors.Unauthorized
    ):
        return error
    return _timed(errors.CannotCancel(f"the provider will not cancel it: {error.what}"), answer)


def _order_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    answer = outcome.answer
    if outcome.fate is Fate.UNCONNECTED and outcome.outage:
        return outcome.outage
    if answer is None:
        return errors.OutcomeUnknown(
            f"the order was sent, but {outcome.outage.what if outcome.outage else _UNREADABLE}"
        )
    if not is_own(answer.body):
        if answer.status in _TURNED_AWAY:
            return _turned_away(answer, quote)
        unread = _UNREADABLE if answer.status < 300 else _page(answer, quote)
        return errors.OutcomeUnknown(f"the order was sent, but {unread}")
    words = read_message(answer.body)
    if _certain(answer):
        return _refusal(answer, words, quote)
    if 500 <= answer.status < 600 and envelope_code(answer.body) not in _SUCCESS and (kind := sure_words(words)):
        return kind(_told(answer, words, quote))
    if answer.status < 300:
        return errors.OutcomeUnknown(f"the order was sent, but {_UNREADABLE}")
    return errors.OutcomeUnknown(f"the order was sent, and {_told(answer, words, quote)}")


def _certain(answer: Answer) -> bool:
    """Whether status and envelope both say that the order was refused."""
    code = envelope_code(answer.body)
    undecided = code is not None and (code in _SUCCESS or (400 <= code < 600 and code not in _CERTAIN))
    return answer.status in _CERTAIN and not undecided


def _turned_away(answer: Answer, quote: Quote) -> errors.ProviderError:
    what = f"the order was turned away in front of the provider, so it was not placed ({_page(answer, quote)})"
    if answer.status == 401:
        return errors.Unauthorized(what)
    return errors.Refused(what, advice=_page_advice(answer) or ADVICE.blocked)


def _read_error(outcome: Outcome[Any], quote: Quote, *, about_task: bool) -> errors.ProviderError:
    answer = outcome.answer
    if outcome.outage:
        return outcome.outage
    if answer is None or 200 <= answer.status < 300:
        return errors.ProviderFault(_UNREADABLE)
    if not is_own(answer.body):
        kind = {401: errors.Unauthorized, 429: errors.RateLimited}.get(answer.status)
        page = _page(answer, quote)
        return kind(page) if kind else errors.ProviderFault(page, advice=_page_advice(answer))
    words = read_message(answer.body)
    told = _told(answer, words, quote)
    if envelope_code(answer.body) in _SUCCESS or answer.status in _PASSING:
        return errors.ProviderFault(told)
    if about_task and _denies(answer, words):
        return errors.TaskNotFound("the provider does not know this task (any more)")
    if answer.status == 404:
        return errors.ProviderFault(told, advice=ADVICE.address)
    if not 400 <= answer.status < 500:
        return (sure_words(words) or errors.ProviderFault)(told)
    return _refusal(answer, words, quote)


def _denies(answer: Answer, words: str) -> bool:
    """Whether the provider says that it has no such task [contract 6.2]. A key can be expired or not found as well."""
    if answer.status == 404:
        return True
    return answer.status == 400 and GONE.search(words) is not None and by_words(words) is not errors.Unauthorized


def _refusal(answer: Answer, words: str, quote: Quote) -> errors.ProviderError:
    """The error of a certain refusal. The status decides where its meaning is fixed, the words elsewhere."""
    told, status = _told(answer, words, quote), answer.status
    if status == 401:
        return errors.Unauthorized(told)
    if status == 429:
        return errors.RateLimited(told)
    # "insufficient plan level" is not about credit: the plan comes first, unless the words say credit in full.
    if sure_words(words) is not errors.OutOfCredit and plan_words(words):
        return errors.Refused(told, advice=ADVICE.plan)
    if status == 402:
        return errors.OutOfCredit(told)
    if status in OVERSIZE:
        return errors.Refused(told, advice=ADVICE.size)
    if kind := by_words(words):
        return kind(told)
    if bot_check(words):
        return errors.Refused(told, advice=ADVICE.blocked)
    return errors.Refused(told, advice=None if words else ADVICE.wordless)


def _page_advice(answer: Answer) -> str | None:
    """What to do about an answer that is not the provider's own; None: call again."""
    if bot_check(answer.page) or answer.status in (403, 451):
        return ADVICE.blocked
    if answer.status in OVERSIZE:
        return ADVICE.size
    return ADVICE.address if answer.status in (404, 405) else None


def _page(answer: Answer, quote: Quote) -> str:
    said = page_words(answer.page)
    shown = f', which says "{quote(said)}"' if said else ""
    check = "a check for robots" if bot_check(answer.page) else "a page that is not the provider's own"
    return f"status {answer.status} with {check}{shown}"


def _told(answer: Answer, words: str, quote: Quote) -> str:
    said = f': "{quote(words)}"' if words else ""
    return f"the provider answered {answer.status}{said}"


def _timed(error: ErrorT, answer: Answer | None) -> ErrorT:
    """`error` with the answer's status, and with its Retry-After, which the advice tells where waiting helps."""
    if answer is None:
        return error
    error.status, error.retry_after = answer.status, answer.retry_after
    if (seconds := answer.retry_after) is None:
        return error
    match error:
        case errors.RateLimited() if seconds <= MOST_SECONDS:
            error.next = f"wait {span(seconds)}, then make the same call again"
        case errors.RateLimited() | errors.ProviderFault():
            error.next = f"make the same call again in {span(seconds)}"
        case errors.Refused(next=ADVICE.blocked):
            error.next = error.next.replace("in a few minutes", f"in {span(seconds)}")
        case errors.OutcomeUnknown():
            error.next = f"do not order this again; call {LIST} in {span(seconds)}, when the provider answers again"
    return error
