"""The retry policy: the whole truth table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat

import httpx
import pytest

from wanx_mcp.retry import (
    DELIVERIES,
    Delivery,
    Request,
    delivery_of,
    delivery_of_status,
    may_repeat,
    next_pause,
    pauses,
)

NEVER_SENT = {"ConnectTimeout", "ConnectError", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}


def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
    children = kind.__subclasses__()
    if not children:
        yield kind
    for child in children:
        yield from leaves(child)


LEAVES = sorted(set(leaves(httpx.TransportError)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", LEAVES)
def test_every_transport_error_has_a_row(kind: type[Exception]) -> None:
    assert kind.__name__ in DELIVERIES


@pytest.mark.parametrize("kind", LEAVES)
def test_an_order_is_repeated_only_if_no_connection_was_made(kind: type[Exception]) -> None:
    assert may_repeat(Request.ORDER, delivery_of(kind("x"))) == (kind.__name__ in NEVER_SENT)


@pytest.mark.parametrize("kind", LEAVES)
def test_a_read_is_repeated_after_every_transport_error(kind: type[Exception]) -> None:
    assert may_repeat(Request.READ, delivery_of(kind("x")))


@pytest.mark.parametrize("error", [httpx.DecodingError("x"), httpx.TooManyRedirects("x"), httpx.StreamConsumed()])
def test_an_answer_that_cannot_be_taken_in_is_asked_for_again_but_never_ordered_again(error: Exception) -> None:
    assert delivery_of(error) is Delivery.UNREADABLE
    assert may_repeat(Request.READ, Delivery.UNREADABLE)


def test_an_unknown_error_counts_as_lost() -> None:
    assert delivery_of(RuntimeError("x")) is Delivery.LOST


@pytest.mark.parametrize(
    ("status", "order", "read"),
    [
        (200, False, False),
        (400, False, False),
        (401, False, False),
        (404, False, False),
        (408, False, False),
        (429, True, True),
        (500, False, True),
        (502, False, True),
        (503, False, True),
    ],
)
def test_statuses(status: int, order: bool, read: bool) -> None:
    delivery = delivery_of_status(status)
    assert (may_repeat(Request.ORDER, delivery), may_repeat(Request.READ, delivery)) == (order, read)


@pytest.mark.parametrize("delivery", [Delivery.LOST, Delivery.UNREADABLE, Delivery.FAULT, Delivery.ANSWERED])
def test_whatever_may_have_arrived_is_never_ordered_again(delivery: Delivery) -> None:
    assert not may_repeat(Request.ORDER, delivery)


def test_pauses_double_up_to_a_limit_and_jitter_only_shortens_them() -> None:
    assert list(islice(pauses(repeat(0.0)), 6)) == [0.5, 1, 2, 4, 8, 8]
    assert list(islice(pauses(repeat(1.0)), 6)) == [0.25, 0.5, 1, 2, 4, 4]


def test_retry_after_is_kept_to() -> None:
    assert next_pause(0.5, None) == 0.5
    assert next_pause(0.5, 7) == 7
    assert next_pause(0.5, 0) == 0.5
