"""Retry policy: which requests may be sent again without risking a second charge."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from types import MappingProxyType

from wanx_mcp.limits.provider import FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS


class Request(StrEnum):
    """The kind of request: a read changes nothing, an order spends money."""

    READ = "read"
    ORDER = "order"


class Delivery(StrEnum):
    """The outcome of one request."""

    UNCONNECTED = "no connection was made"
    LOST = "the request may have arrived; no complete answer came"
    UNREADABLE = "the answer cannot be read"
    BUSY = "the provider answered 429"
    FAULT = "the provider answered 5xx"
    ANSWERED = "the provider answered"


# The provider has no idempotency key [contract 1]: an order is repeated only if it certainly was not accepted.
REPEATABLE = MappingProxyType(
    {
        Request.READ: frozenset(
            {Delivery.UNCONNECTED, Delivery.LOST, Delivery.UNREADABLE, Delivery.BUSY, Delivery.FAULT}
        ),
        Request.ORDER: frozenset({Delivery.UNCONNECTED, Delivery.BUSY}),
    }
)

# By name, so that this module does not import httpx: every leaf of httpx.TransportError, then errors of other kinds.
# For an order, provider/wire.py also knows whether its first byte may have left (provider/last_check.py).
DELIVERIES = MappingProxyType(
    {
        "ConnectTimeout": Delivery.UNCONNECTED,
        "ConnectError": Delivery.UNCONNECTED,
        "PoolTimeout": Delivery.UNCONNECTED,
        "ProxyError": Delivery.UNCONNECTED,  # raised while the tunnel is built, before our request
        "UnsupportedProtocol": Delivery.UNCONNECTED,
        "ReadTimeout": Delivery.LOST,
        "WriteTimeout": Delivery.LOST,
        "ReadError": Delivery.LOST,
        "WriteError": Delivery.LOST,
        "CloseError": Delivery.LOST,
        "RemoteProtocolError": Delivery.LOST,
        "LocalProtocolError": Delivery.LOST,  # can be raised after the first bytes have left
        "DecodingError": Delivery.UNREADABLE,
        "TooManyRedirects": Delivery.UNREADABLE,
        "StreamError": Delivery.UNREADABLE,
    }
)


def delivery_of(error: Exception) -> Delivery:
    """The outcome that a transport error stands for. An unknown error counts as LOST, the safe choice."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((DELIVERIES[name] for name in names if name in DELIVERIES), Delivery.LOST)


def delivery_of_status(status: int) -> Delivery:
    """The outcome that an HTTP status stands for."""
    if status == 429:
        return Delivery.BUSY
    return Delivery.FAULT if status >= 500 else Delivery.ANSWERED


def may_repeat(request: Request, delivery: Delivery) -> bool:
    """Whether `request` may be sent again after `delivery`."""
    return delivery in REPEATABLE[request]


def pauses(jitter: Iterator[float]) -> Iterator[float]:
    """Seconds to wait before each retry: doubling each time, shortened by up to half by `jitter` (0 to 1)."""
    pause = FIRST_RETRY_SECONDS
    for share in jitter:
        yield pause * (1 - share / 2)
        pause = min(pause * 2, LONGEST_RETRY_SECONDS)


def next_pause(pause: float, retry_after: float | None) -> float:
    """Seconds to wait: the provider's Retry-After, but at least our own `pause`."""
    return pause if retry_after is None else max(pause, retry_after)
