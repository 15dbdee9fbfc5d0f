"""The provider's time, as its Date headers tell it."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from email.utils import format_datetime

import anyio
import anyio.to_thread
import httpx
import pytest

from tests.peers import scripted, simulated
from tests.world import World
from wanx_mcp.clock import RealClock, VirtualClock
from wanx_mcp.provider import Skew

pytestmark = pytest.mark.anyio
HOUR, DAY = 3600, 86_400


def set_clock(world: World, seconds: float) -> None:
    """Our wall clock jumps; the provider's does not."""
    world.clock.shift(seconds)
    world.simulator.skew -= timedelta(seconds=seconds)


async def test_nothing_is_known_of_the_provider_s_time_before_a_date_was_heard(world: World) -> None:
    async with simulated(world) as opened:
        assert (opened.skew, opened.date_age) == (None, None)
        world.line.canned = httpx.Response(200, json={"code": 200, "data": {"id": "a"}})
        await opened.account(within=5)
        assert (opened.skew, opened.date_age) == (None, None)


@pytest.mark.parametrize("seconds", [0, 0.25, 0.999])
async def test_a_date_tells_the_provider_s_time_to_half_a_second(world: World, seconds: float) -> None:
    world.simulator.skew = timedelta(hours=1, seconds=seconds)
    async with simulated(world) as opened:
        await opened.account(within=5)
        assert opened.skew == Skew(3_600_500, 500)


async def test_half_of_the_round_trip_is_added_to_the_uncertainty(world: World) -> None:
    async def slow(_request: httpx.Request) -> None:
        world.clock.advance(2)

    world.line.on_request = world.line.on_response = slow
    async with simulated(world) as opened:
        await opened.account(within=5)
        assert opened.skew is not None
        assert opened.skew.error == 2502  # half of 4 s, half a second, and a drift of 0.5 ms in each of those 4 s
        assert abs(opened.skew.ahead - 500) <= 1


@pytest.mark.parametrize("jump", [-HOUR, 2 * HOUR])
async def test_a_jump_of_our_own_clock_does_not_move_the_provider_s_time(world: World, jump: int) -> None:
    async with simulated(world) as opened:
        await opened.account(within=5)
        set_clock(world, jump)
        world.clock.advance(10)
        assert opened.skew is not None
        assert opened.skew.ahead == 500 - jump * 1000


async def test_time_spent_suspended_counts(world: World) -> None:
    async with simulated(world) as opened:
        await opened.account(within=5)
        world.clock.suspend(HOUR)
        assert opened.date_age == HOUR
        assert opened.skew == Skew(500, 500 + 1800)
        world.clock.advance(5)
        assert opened.date_age == HOUR + 5


@pytest.mark.parametrize("days", [-1.99, 1.99])
async def test_a_date_that_is_hours_off_is_a_time(world: World, days: float) -> None:
    world.simulator.skew = timedelta(days=days)
    async with simulated(world) as opened:
        await opened.account(within=5)
        assert opened.skew is not None
        assert abs(opened.skew.ahead - days * DAY * 1000) <= opened.skew.error


@pytest.mark.parametrize("days", [-2.01, 2.01])
async def test_a_date_that_is_days_off_is_no_time(world: World, days: float) -> None:
    world.simulator.skew = timedelta(days=days)
    async with simulated(world) as opened:
        await opened.account(within=5)
        assert opened.skew is None
        set_clock(world, days * DAY)
        assert opened.skew == Skew(500, 500), "it was our clock that was wrong"


@pytest.mark.parametrize(
    "header",
    [
        {"age": "7"},
        {"age": "soon"},
        {"x-cache": "HIT"},
        {"x-cache": "Hit from cloudfront"},
        {"x-cache": "TCP_HIT from x"},
        {"x-cache": "MISS, HIT"},
        {"cf-cache-status": "HIT"},
    ],
)
async def test_a_cached_answer_tells_no_time(world: World, header: dict[str, str]) -> None:
    date = format_datetime(world.clock.now() + timedelta(hours=3), usegmt=True)
    cached = httpx.Response(200, json={"code": 200, "data": {"id": "a"}}, headers={"date": date, **header})
    scripted(world, None, cached)
    async with simulated(world) as opened:
        await opened.account(within=5)
        world.clock.advance(5)
        await opened.account(within=5)
        assert opened.skew is not None
        assert (opened.skew.ahead, opened.date_age) == (500, 5)


@pytest.mark.parametrize(
    "header", [{"age": "0"}, {"x-cache": "MISS"}, {"x-cache": "white"}, {"cf-cache-status": "DYNAMIC"}]
)
async def test_a_fresh_answer_behind_a_cache_tells_the_time(world: World, header: dict[str, str]) -> None:
    date = format_datetime(world.clock.now(), usegmt=True)
    world.line.canned = httpx.Response(200, json={"code": 200, "data": {}}, headers={"date": date, **header})
    async with simulated(world) as opened:
        await opened.account(within=5)
        assert opened.skew == Skew(500, 500)


async def test_the_last_date_counts(world: World) -> None:
    async with simulated(world) as opened:
        await opened.account(within=5)
        world.simulator.skew = timedelta(hours=-1)
        await opened.history(world.clock.now(), world.clock.now(), within=5)
        assert opened.skew == Skew(500 - 3_600_000, 500)


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Foo 99999 25:61:61 GMT"])
async def test_a_date_that_is_none_changes_nothing(world: World, date: str) -> None:
    strange = httpx.Response(200, json={"code": 200, "data": {}}, headers={"date": date})
    scripted(world, None, strange)
    async with simulated(world) as opened:
        for _ in range(2):
            await opened.account(within=5)
        assert opened.skew == Skew(500, 500)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such clocks")
def test_the_clock_of_this_machine_runs_and_falls_back_to_another_where_a_source_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = RealClock()
    first = clock.boot()
    assert clock.boot() >= first > 0
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 12345, raising=False)  # no kernel knows it
    assert clock.boot() > 0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.delattr(time, "CLOCK_MONOTONIC")
    before = time.monotonic()
    assert before <= clock.boot() <= time.monotonic()


async def test_idling_waits_until_others_have_moved_the_time_from_whatever_thread() -> None:
    clock, waited = VirtualClock(), []

    async def idle() -> None:
        await clock.idle(60)
        waited.append(clock.seconds())

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(idle)
            await clock.sleep(59)
            await anyio.to_thread.run_sync(clock.advance, 0.5)
            assert clock.seconds() == 59.5
            assert not waited
            await anyio.to_thread.run_sync(clock.advance, 0.5)
    assert waited == [60]


def test_a_virtual_clock_moves_its_wall_alone_if_it_is_told_to() -> None:
    clock = VirtualClock()
    began = clock.now()
    clock.advance(5)
    clock.suspend(7)
    clock.shift(-3600)
    assert (clock.seconds(), clock.boot()) == (5, 12)
    assert clock.now() - began == timedelta(seconds=12 - 3600)
    with pytest.raises(ValueError, match="backwards"):
        clock.suspend(-1)
