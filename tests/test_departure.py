"""The last check before an order leaves: when it is asked, and that nothing leaves against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import httpx
import pytest

from tests.peers import ACCEPTED, FAR, Peer, Proxy, answered, listening, made_certificate, provider, scripted, simulated
from tests.world import World
from wanx_mcp.errors import Charged, LedgerUnusable, OutcomeUnknown, RateLimited, Unreachable, WanxError
from wanx_mcp.provider import Leave, wire
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
ORDER = b'{"model": "Qubico/wanx", "task_type": "txt2video-14b", "input": {"prompt": "a boat"}}'
BUSY = answered({"code": 429, "message": "rate limit exceeded"}, 429)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Asked:
    """A `leave` that counts, and forbids from the `forbids`th question on."""

    def __init__(self, forbids: int = 0, also: Callable[[], Awaitable[None]] | None = None) -> None:
        self.times, self._forbids, self._also = 0, forbids, also
        self.error = LedgerUnusable("this order is too old to leave")

    async def __call__(self) -> None:
        self.times += 1
        if self._also:
            await self._also()
        if self._forbids and self.times >= self._forbids:
            raise self.error


async def create(world: World, leave: Leave, url: str, transport: httpx.AsyncBaseTransport | None = None) -> str:
    async with provider(world, url, transport) as opened:
        return (await opened.create(ORDER, within=20, leave=leave)).task_id


async def failed(world: World, leave: Leave, url: str, transport: httpx.AsyncBaseTransport | None = None) -> WanxError:
    with pytest.raises(WanxError) as caught:
        await create(world, leave, url, transport)
    return caught.value


# Over the real network


async def test_an_order_is_asked_for_leave_when_its_connection_stands_and_before_its_first_byte(world: World) -> None:
    peer = Peer()

    async def connected() -> None:
        with anyio.fail_after(10):
            await peer.connected.wait()
        assert not peer.received

    asked = Asked(also=connected)
    async with listening(peer) as port:
        assert await create(world, asked, f"http://127.0.0.1:{port}") == "t1"
    assert asked.times == 1
    assert peer.received.startswith(b"POST /api/v1/task ")
    assert peer.received.endswith(ORDER)


@pytest.mark.parametrize("encrypted", [False, True])
async def test_not_a_byte_leaves_when_leave_is_refused(
    world: World, encrypted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, certificate = Peer(), made_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    asked = Asked(forbids=1, also=peer.connected.wait)
    async with listening(peer, certificate if encrypted else None) as port:
        url = f"{'https' if encrypted else 'http'}://127.0.0.1:{port}"
        assert await failed(world, asked, url) is asked.error
    assert (asked.times, peer.connections, bytes(peer.received)) == (1, 1, b"")


@pytest.mark.parametrize("forbids", [0, 1])
async def test_a_tunnel_is_built_without_leave_and_the_order_in_it_needs_it(
    world: World, forbids: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, certificate = Peer(), made_certificate(tmp_path)
    async with listening(peer, certificate) as target:
        proxy = Proxy(target)

        async def built() -> None:
            with anyio.fail_after(10):
                await peer.connected.wait()
            assert proxy.received.startswith(f"CONNECT {FAR}:443 ".encode())

        asked = Asked(forbids, also=built)
        async with listening(proxy) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
            if forbids:
                assert await failed(world, asked, f"https://{FAR}") is asked.error
            else:
                assert await create(world, asked, f"https://{FAR}") == "t1"
    assert asked.times == 1
    assert peer.connections == 1
    assert bool(peer.received) is not bool(forbids)


@pytest.mark.parametrize("forbids", [0, 1])
async def test_an_order_through_a_proxy_without_a_tunnel_needs_leave_too(
    world: World, forbids: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, asked = Peer(), Asked(forbids)
    async with listening(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        if forbids:
            assert await failed(world, asked, f"http://{FAR}") is asked.error
        else:
            assert await create(world, asked, f"http://{FAR}") == "t1"
    assert (asked.times, bool(proxy.received)) == (1, not forbids)


async def test_each_attempt_is_asked_for_leave_and_the_refused_one_sends_nothing(world: World) -> None:
    peer, asked = Peer(BUSY, BUSY, ACCEPTED), Asked()
    async with listening(peer) as port:
        assert await create(world, asked, f"http://127.0.0.1:{port}") == "t1"
    assert (asked.times, peer.requests) == (3, 3)
    peer, asked = Peer(BUSY, BUSY, ACCEPTED), Asked(forbids=2)
    async with listening(peer) as port:
        assert await failed(world, asked, f"http://127.0.0.1:{port}") is asked.error
    assert (asked.times, peer.requests) == (2, 1)


async def test_what_is_never_connected_is_never_asked_for_leave(world: World) -> None:
    asked = Asked()
    assert isinstance(await failed(world, asked, "http://127.0.0.1:9"), Unreachable)
    assert asked.times == 0


@pytest.mark.parametrize("words", [b"HTTP/1.1 403 No\r\n\r\n", b"this is no HTTP\r\n\r\n", b""])
async def test_whatever_goes_wrong_before_the_order_leaves_is_no_doubt_about_money(
    world: World, words: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, asked = Proxy(9, refusal=words), Asked()
    async with listening(proxy) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = await failed(world, asked, f"https://{FAR}")
    assert (error.code, error.charged, asked.times) == ("unreachable", Charged.NO, 0)
    assert proxy.connections == 4, "such an order is tried again"


async def test_a_proxy_that_never_answers_is_no_doubt_about_money(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "ORDER_SECONDS", 0.1)

    class Mute(Proxy):
        async def converse(self, *_: object) -> None:
            await anyio.sleep(5)

    async with listening(Mute(9)) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = await failed(world, Asked(), f"https://{FAR}")
    assert (error.code, error.charged) == ("unreachable", Charged.NO)


@pytest.mark.parametrize("reply", [None, b"this is no HTTP\r\n\r\n", ACCEPTED[:-20]])
async def test_whatever_goes_wrong_after_the_first_byte_may_have_cost_money(world: World, reply: bytes | None) -> None:
    peer, asked = Peer(reply), Asked()
    async with listening(peer) as port:
        error = await failed(world, asked, f"http://127.0.0.1:{port}")
    assert (error.code, error.charged) == ("outcome_unknown", Charged.MAYBE)
    assert (asked.times, peer.requests) == (1, 1)


async def test_an_order_without_an_answer_may_have_cost_money(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ORDER_SECONDS", 0.1)

    async def no_answer(_request: httpx.Request) -> None:
        await anyio.sleep_forever()

    world.line.on_request = no_answer
    error = await failed(world, Asked(), "http://127.0.0.1:9", world.line)
    assert isinstance(error, OutcomeUnknown)
    assert len(world.line.sent("POST")) == 1


async def test_a_leave_that_takes_too_long_has_sent_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ORDER_SECONDS", 0.1)
    peer = Peer()
    async with listening(peer) as port:
        error = await failed(world, Asked(also=anyio.sleep_forever), f"http://127.0.0.1:{port}")
    assert (error.code, error.charged, bytes(peer.received)) == ("unreachable", Charged.NO, b"")


async def test_a_connection_that_ends_while_leave_is_asked_may_have_cost_money(world: World) -> None:
    """The bytes may have been written before the end was noticed."""
    peer = Peer()

    async def hung_up() -> None:
        await peer.connected.wait()

    async def closing(*_: object) -> None:
        return

    peer.converse = closing  # type: ignore[method-assign]
    async with listening(peer) as port:
        error = await failed(world, Asked(also=hung_up), f"http://127.0.0.1:{port}")
    assert isinstance(error, OutcomeUnknown)


@pytest.mark.parametrize("unexpected", [RuntimeError("a bug"), TimeoutError(), httpx.WriteError("x"), OSError()])
async def test_a_leave_that_fails_unexpectedly_sends_nothing_and_is_told_as_it_is(
    world: World, unexpected: Exception
) -> None:
    async def broken() -> None:
        raise unexpected

    peer = Peer()
    async with listening(peer) as port, provider(world, f"http://127.0.0.1:{port}") as opened:
        with pytest.raises(type(unexpected)) as caught:
            await opened.create(ORDER, within=20, leave=broken)
    assert caught.value is unexpected
    assert not peer.received


# In memory


async def test_the_line_of_the_tests_asks_as_the_network_does(world: World) -> None:
    hours: list[str] = []

    async def connected(_request: httpx.Request) -> None:
        hours.append("connected")

    async def on_request(_request: httpx.Request) -> None:
        hours.append("left")

    async def asking() -> None:
        hours.append("asked")

    world.line.on_connect, world.line.on_request = connected, on_request
    async with simulated(world) as opened:
        await opened.create(ORDER, within=20, leave=asking)
    assert hours[-3:] == ["connected", "asked", "left"]


async def test_an_order_that_may_not_leave_after_its_connection_stands_is_not_sent(world: World) -> None:
    suspended, error = False, RateLimited("too late")

    async def suspend(_request: httpx.Request) -> None:
        nonlocal suspended
        suspended = True

    async def leave() -> None:
        if suspended:
            raise error

    world.line.on_connect = suspend
    async with simulated(world) as opened:
        with pytest.raises(RateLimited) as caught:
            await opened.create(ORDER, within=20, leave=leave)
    assert caught.value is error
    assert not world.line.requests
    assert world.simulator.store.count() == 0


class Swallowing(httpx.AsyncBaseTransport):
    """A layer between us and the network that tells nobody what went wrong."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._world.line.handle_async_request(request)
        except Exception:
            return httpx.Response(200, json={"code": 200, "data": {"task_id": "invented"}})


async def test_a_refused_leave_is_told_whatever_becomes_of_the_exception_on_its_way(world: World) -> None:
    asked = Asked(forbids=2)  # the first question is the one before a transport that may not ask
    assert await failed(world, asked, "http://127.0.0.1:9", Swallowing(world)) is asked.error
    assert not world.line.requests


async def test_a_transport_that_announces_no_first_byte_is_asked_for_leave_before_it_is_used(world: World) -> None:
    used: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        used.append(request)
        return httpx.Response(200, json={"code": 200, "data": {"task_id": "t1"}})

    url, asked = "http://127.0.0.1:9", Asked()
    assert await create(world, asked, url, httpx.MockTransport(answer)) == "t1"
    assert (asked.times, len(used)) == (1, 1)
    asked = Asked(forbids=1)
    assert await failed(world, asked, url, httpx.MockTransport(answer)) is asked.error
    assert len(used) == 1


async def test_the_outcome_says_whether_bytes_may_have_left(world: World) -> None:
    asked, seen = Asked(), []
    world.line.broken_orders = [httpx.ConnectError("x")] * 4
    async with simulated(world) as opened:
        for _ in range(2):
            seen.append(await opened._wire.order("/api/v1/task", ORDER, parse=dict, within=9, leave=asked))
            world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
            world.line.broken_orders = []
    assert [outcome.sent for outcome in seen] == [False, True]


async def test_a_redirect_that_names_a_task_is_no_task_and_no_certain_refusal(world: World) -> None:
    redirect = httpx.Response(302, json={"code": 200, "data": {"task_id": "t1", "status": "pending"}})
    scripted(world, redirect, method="POST")
    async with simulated(world) as opened:
        with pytest.raises(OutcomeUnknown):
            await opened.create(ORDER, within=20, leave=Asked())
    assert len(world.line.sent("POST")) == 1
