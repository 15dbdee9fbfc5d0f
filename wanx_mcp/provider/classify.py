"""The error that an answer without a task means, and for an order whether it may have been charged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from wanx_mcp import errors
from wanx_mcp.provider.answers import envelope_code, is_own, read_message
from wanx_mcp.provider.hints import ADVICE, GONE, OVERSIZE, bot_check, by_words, page_words, plan_words, sure_words
from wanx_mcp.provider.wire import Answer, Outcome
from wanx_mcp.retry import Delivery
from wanx_mcp.spans import MOST_SECONDS, span
from wanx_mcp.toolnames import LIST

ErrorT = TypeVar("ErrorT", bound=errors.ProviderError)
Quote = Callable[[str], str]
"""Makes the provider's words short and removes secrets from them."""

#   An order's answer                                            charged
#   none: no connection was made                                 no
#   none, or not whole                                           maybe
#   the provider's own JSON: a status of _CERTAIN                no
#   ...                      5xx, in plain words about money     no       any other status: maybe
#   no JSON of the provider's: a status of _REJECTED          no       any other status: maybe
_CERTAIN = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 451}
)
"""Certain refusals. 408, 409, 423 and 425 are not: the order may have been accepted."""

_REJECTED = frozenset({401, 403, 404, 405, 413, 414, 431, 451})
"""Statuses with which proxies and gateways answer without forwarding the request."""

_TEMPORARY = frozenset({408, 409, 421, 423, 425})
"""Statuses of a read that a retry may not meet again."""

_SUCCESS = (0, 200)
_NO_ENDPOINT = frozenset({404, 405, 501})
_UNREADABLE = "the provider's answer could not be read"


def order_error(outcome: Outcome[Any], quote: Quote) -> errors.WanxError:
    """Why an order has no task: an error with `charged` no if it certainly was declined, else OutcomeUnknown."""
    return _with_times(_order_error(outcome, quote), outcome.answer)


def read_error(outcome: Outcome[Any], quote: Quote, *, about_task: bool = False) -> errors.ProviderError:
    """Why a read has no result. A read is never charged.

    TaskNotFound: the provider itself denies the task, in a read that is `about_task`. A page of a proxy or a gateway
    never means that.
    """
    return _with_times(_read_error(outcome, quote, about_task=about_task), outcome.answer)


def cancel_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    """Why a task was not cancelled: CannotCancel if the provider refuses, else the errors of a read."""
    error, answer = read_error(outcome, quote, about_task=True), outcome.answer
    if answer is not None and not is_own(answer.body) and answer.status in _NO_ENDPOINT:
        what = f"the provider seems to have no cancel endpoint at this address ({_page(answer, quote)})"
        return _with_times(errors.CannotCancel(what), answer)
    if outcome.delivery is not Delivery.ANSWERED or isinstance(
        error, errors.TaskNotFound | errors.RateLimited | errors.Unauthorized
    ):
        return error
    return _with_times(errors.CannotCancel(f"the provider refused to cancel it: {error.what}"), answer)


def _order_error(outcome: Outcome[Any], quote: Quote) -> errors.ProviderError:
    answer = outcome.answer
    if outcome.delivery is Delivery.UNCONNECTED and outcome.failure:
        return outcome.failure
    if answer is None:
        return errors.OutcomeUnknown(
            f"the order was sent, but {outcome.failure.what if outcome.failure else _UNREADABLE}"
        )
    if not is_own(answer.body):
        if answer.status in _REJECTED:
            return _rejected_on_the_way(answer, quote)
        unread = _UNREADABLE if answer.status < 300 else _page(answer, quote)
        return errors.OutcomeUnknown(f"the order was sent, but {unread}")
    words = read_message(answer.body)
    if _certain(answer):
        return _refusal(answer, words, quote)
    if 500 <= answer.status < 600 and envelope_code(answer.body) not in _SUCCESS and (kind := sure_words(words)):
        return kind(_status_words(answer, words, quote))
    if answer.status < 300:
        return errors.OutcomeUnknown(f"the order was sent, but {_UNREADABLE}")
    return errors.OutcomeUnknown(f"the order was sent, and {_status_words(answer, words, quote)}")


def _certain(answer: Answer) -> bool:
    """Whether status and envelope both say that the order was refused."""
    code = envelope_code(answer.body)
    undecided = code is not None and (code in _SUCCESS or (400 <= code < 600 and code not in _CERTAIN))
    return answer.status in _CERTAIN and not undecided


def _rejected_on_the_way(answer: Answer, quote: Quote) -> errors.ProviderError:
    what = f"the order was rejected before it reached the provider, so it was not placed ({_page(answer, quote)})"
    if answer.status == 401:
        return errors.Unauthorized(what)
    return errors.Refused(what, advice=_page_advice(answer) or ADVICE.blocked)


def _read_error(outcome: Outcome[Any], quote: Quote, *, about_task: bool) -> errors.ProviderError:
    answer = outcome.answer
    if outcome.failure:
        return outcome.failure
    if answer is None or 200 <= answer.status < 300:
        return errors.ProviderFault(_UNREADABLE)
    if not is_own(answer.body):
        kind = {401: errors.Unauthorized, 429: errors.RateLimited}.get(answer.status)
        page = _page(answer, quote)
        return kind(page) if kind else errors.ProviderFault(page, advice=_page_advice(answer))
    words = read_message(answer.body)
    what = _status_words(answer, words, quote)
    if envelope_code(answer.body) in _SUCCESS or answer.status in _TEMPORARY:
        return errors.ProviderFault(what)
    if about_task and _denies(answer, words):
        return errors.TaskNotFound("the provider does not know this task (any more)")
    if answer.status == 404:
        return errors.ProviderFault(what, advice=ADVICE.address)
    if not 400 <= answer.status < 500:
        return (sure_words(words) or errors.ProviderFault)(what)
    return _refusal(answer, words, quote)


def _denies(answer: Answer, words: str) -> bool:
    """Whether the provider says that it has no such task [contract 6.2], not that the key is expired or unknown."""
    if answer.status == 404:
        return True
    return answer.status == 400 and GONE.search(words) is not None and by_words(words) is not errors.Unauthorized


def _refusal(answer: Answer, words: str, quote: Quote) -> errors.ProviderError:
    """The error of a certain refusal: by its status where that is unambiguous, else by its words."""
    what, status = _status_words(answer, words, quote), answer.status
    if status == 401:
        return errors.Unauthorized(what)
    if status == 429:
        return errors.RateLimited(what)
    # "insufficient plan level" is not about credit: the plan comes first, unless the words clearly name credit.
    if sure_words(words) is not errors.OutOfCredit and plan_words(words):
        return errors.Refused(what, advice=ADVICE.plan)
    if status == 402:
        return errors.OutOfCredit(what)
    if status in OVERSIZE:
        return errors.Refused(what, advice=ADVICE.size)
    if kind := by_words(words):
        return kind(what)
    if bot_check(words):
        return errors.Refused(what, advice=ADVICE.blocked)
    return errors.Refused(what, advice=None if words else ADVICE.wordless)


def _page_advice(answer: Answer) -> str | None:
    """The advice about an answer that is not the provider's own; None for the usual one, to call again."""
    if bot_check(answer.page) or answer.status in (403, 451):
        return ADVICE.blocked
    if answer.status in OVERSIZE:
        return ADVICE.size
    return ADVICE.address if answer.status in (404, 405) else None


def _page(answer: Answer, quote: Quote) -> str:
    words = page_words(answer.page)
    quoted = f', which says "{quote(words)}"' if words else ""
    kind = "a bot check" if bot_check(answer.page) else "a page that is not from the provider"
    return f"status {answer.status} with {kind}{quoted}"


def _status_words(answer: Answer, words: str, quote: Quote) -> str:
    quoted = f': "{quote(words)}"' if words else ""
    return f"the provider answered {answer.status}{quoted}"


def _with_times(error: ErrorT, answer: Answer | None) -> ErrorT:
    """`error` with the status and the Retry-After of the answer; the advice names the time where waiting helps."""
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
