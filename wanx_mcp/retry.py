"""Retry policy: which requests may be sent again without risking a second charge."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from types import MappingProxyType


class Request(StrEnum):
    """The kind of request: a read changes nothing, an order spends money."""

    READ = "read"
    ORDER = "order"


class Fate(StrEnum):
    """The outcome of one request."""

    UNCONNECTED = "no connection was made"
    LOST = "it may have arrived, and no whole answer came"
    UNREADABLE = "an answer came that cannot be read"
    BUSY = "the provider said 429"
    FAULT = "the provider said 5xx"
    ANSWERED = "the provider answered"


# The provider has no idempotency key [contract 1]: an order is repeated only if it certainly was not accepted.
REPEATABLE = MappingProxyType(
    {
        Request.READ: frozenset({Fate.UNCONNECTED, Fate.LOST, Fate.UNREADABLE, Fate.BUSY, Fate.FAULT}),
        Request.ORDER: frozenset({Fate.UNCONNECTED, Fate.BUSY}),
    }
)

# By name, so that this module does not import httpx: every leaf of httpx.TransportError, then what is no transport
# error. For an order the wire knows more, namely whether its first byte was due (provider/departure.py).
FATES = MappingProxyType(
    {
        "ConnectTimeout": Fate.UNCONNECTED,
        "ConnectError": Fate.UNCONNECTED,
        "PoolTimeout": Fate.UNCONNECTED,
        "ProxyError": Fate.UNCONNECTED,  # raised while the tunnel is built, before our request
        "UnsupportedProtocol": Fate.UNCONNECTED,
        "ReadTimeout": Fate.LOST,
        "WriteTimeout": Fate.LOST,
        "ReadError": Fate.LOST,
        "WriteError": Fate.LOST,
        "CloseError": Fate.LOST,
        "RemoteProtocolError": Fate.LOST,
        "LocalProtocolError": Fate.LOST,  # can be raised after the first bytes have left
        "DecodingError": Fate.UNREADABLE,
        "TooManyRedirects": Fate.UNREADABLE,
        "StreamError": Fate.UNREADABLE,
    }
)

ATTEMPTS = 4
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0


def fate_of(error: Exception) -> Fate:
    """The outcome that a transport error stands for. An unknown error counts as LOST, the careful choice."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((FATES[name] for name in names if name in FATES), Fate.LOST)


def fate_of_status(status: int) -> Fate:
    """The outcome that an HTTP status stands for."""
    if status == 429:
        return Fate.BUSY
    return Fate.FAULT if status >= 500 else Fate.ANSWERED


def may_repeat(request: Request, fate: Fate) -> bool:
    """Whether `request` may be sent again after `fate`."""
    return fate in REPEATABLE[request]


def pauses(jitter: Iterator[float]) -> Iterator[float]:
    """Seconds to wait before each repetition: doubling, and shortened by up to half by `jitter` (0 to 1)."""
    pause = FIRST_PAUSE
    for share in jitter:
        yield pause * (1 - share / 2)
        pause = min(pause * 2, LONGEST_PAUSE)


def next_pause(pause: float, retry_after: float | None) -> float:
    """Seconds to wait: the provider's Retry-After, but at least our own `pause`."""
    return pause if retry_after is None else max(pause, retry_after)
