"""Waiting together: one stream of reads for any number of callers, within the limit, and nothing for nobody."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import anyio
import httpx
import pytest

from tests.bench.schedules import Truth, cost, every
from tests.bench.waiting import fixed_calls, follow
from tests.world import Agent, Answer, World, text
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.clock import VirtualClock
from wanx_mcp.simulator.life import Plan
from wanx_mcp.simulator.weather import Fault
from wanx_mcp.studio.tasks.durations import Durations, learned
from wanx_mcp.studio.tasks.pace import Pace, interval
from wanx_mcp.studio.tasks.read_queue import MINUTE, ReadQueue

pytestmark = pytest.mark.anyio


def lasting(world: World, seconds: float) -> None:
    """Every task that is there takes so long from its order to its end."""
    for task in world.simulator.store.all():
        world.simulator.store.save(replace(task, plan=Plan(1, seconds - 1)))


def reads(world: World) -> int:
    return len(world.line.sent("GET"))


class StoppableClock(VirtualClock):
    """Stands still while it is stopped, so that things can happen at one moment."""

    def __init__(self) -> None:
        super().__init__()
        self._runs = anyio.Event()
        self._runs.set()

    def stop(self) -> None:
        self._runs = anyio.Event()

    def run(self) -> None:
        self._runs.set()

    async def sleep(self, seconds: float) -> None:
        await self._runs.wait()
        await super().sleep(seconds)


class Times:
    """When each read came in, by the world's clock, and a wish to act at one of them."""

    def __init__(self, world: World) -> None:
        self.world, self.seconds = world, list[float]()
        self.reached = {number: anyio.Event() for number in range(1, 50)}
        world.line.on_request = self

    async def __call__(self, request: httpx.Request) -> None:
        if request.method == "GET" and request.url.path != "/account/info":
            self.seconds.append(self.world.clock.seconds())
            self.reached[len(self.seconds)].set()


def denying(world: World, *numbers: int) -> None:
    """The provider answers 404 to the reads of these numbers, the first being 1."""
    missing = httpx.Response(404, json={"code": 404, "message": "task not found", "data": None})

    async def denied(request: httpx.Request, inner: Answer) -> httpx.Response:
        return missing if request.method == "GET" and reads(world) in numbers else await inner(request)

    world.line.answer(denied)


async def waited(agent: Agent, task_id: str, seconds: int = 45) -> dict[str, Any]:
    return await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=seconds)


async def together(callers: int) -> tuple[list[str], int]:
    """What so many callers hear of one task, and the reads that it took."""
    clock = StoppableClock()
    world = World(clock=clock)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 600)
        clock.stop()
        seen: list[str] = []
        here: set[int] = set()

        async def call(number: int) -> None:
            async def hear(progress: float, total: float | None, message: str | None) -> None:
                here.add(number)
                if len(here) == callers:
                    clock.run()

            arguments = {"task_id": task_id, "wait_seconds": 45}
            result = await agent.client.call_tool("get_wanx_task", arguments, progress_callback=hear)
            seen.append((result.structured_content or {})["status"])

        async with anyio.create_task_group() as group:
            for number in range(callers):
                group.start_soon(call, number)
    return seen, reads(world)


async def test_two_hundred_callers_of_one_task_cause_one_stream_of_reads() -> None:
    alone, once = await together(1)
    seen, count = await together(200)
    assert seen == alone * 200 == ["processing"] * 200
    assert count == once


async def test_all_callers_learn_of_the_end_at_once(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order(task_type="txt2video-1.3b"))["task_id"]
        lasting(world, 30)
        ends: list[float] = []

        async def call() -> None:
            assert (await waited(agent, task_id))["status"] == "completed"
            ends.append(world.clock.seconds())

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call)
    assert max(ends) - min(ends) < 1
    assert 30 <= max(ends) < 45


async def test_a_cancelled_caller_costs_nothing_more() -> None:
    clock = StoppableClock()
    world = World(clock=clock)
    times = Times(world)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        clock.advance(300)
        async with anyio.create_task_group() as group:
            group.start_soon(waited, agent, task_id)
            await times.reached[1].wait()
            clock.stop()
            await agent.ok("list_wanx_tasks")
            group.cancel_scope.cancel()
        for _ in range(5):
            await agent.ok("list_wanx_tasks")
        before, at = reads(world), clock.seconds()
        clock.run()
        for _ in range(10):
            await agent.ok("list_wanx_tasks")
        assert (reads(world), clock.seconds()) == (before, at), "nobody reads and nobody sleeps any more"


async def test_those_who_stay_are_served_when_one_leaves(world: World) -> None:
    times = Times(world)
    async with world.client() as agent:
        task_id = (await agent.order(task_type="txt2video-1.3b"))["task_id"]
        lasting(world, 40)
        seen: list[str] = []

        async def stay() -> None:
            seen.append((await waited(agent, task_id))["status"])

        async with anyio.create_task_group() as group:
            group.start_soon(stay)
            async with anyio.create_task_group() as brief:
                brief.start_soon(waited, agent, task_id)
                await times.reached[2].wait()
                brief.cancel_scope.cancel()
    assert seen == ["completed"]


async def test_a_watch_whose_callers_have_gone_ends_and_a_new_call_begins_another(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        await waited(agent, task_id, 10)
        before, at = reads(world), world.clock.seconds()
        for _ in range(5):
            await agent.ok("list_wanx_tasks")
        assert (reads(world), world.clock.seconds()) == (before, at)
        world.clock.advance(60)
        await waited(agent, task_id, 10)
        assert reads(world) > before


async def test_a_caller_with_less_time_is_answered_in_its_own_time() -> None:
    clock = StoppableClock()
    world = World(clock=clock)
    spans: dict[int, float] = {}
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        clock.stop()
        heard = {seconds: anyio.Event() for seconds in (45, 3)}

        async def call(seconds: int) -> None:
            async def hear(progress: float, total: float | None, message: str | None) -> None:
                heard[seconds].set()

            begun = clock.seconds()
            arguments = {"task_id": task_id, "wait_seconds": seconds}
            await agent.client.call_tool("get_wanx_task", arguments, progress_callback=hear)
            spans[seconds] = clock.seconds() - begun

        async with anyio.create_task_group() as group:
            group.start_soon(call, 45)
            await heard[45].wait()
            group.start_soon(call, 3)
            await heard[3].wait()
            await agent.ok("list_wanx_tasks")  # the ledger has answered both calls by now
            clock.run()
    assert 3 <= spans[3] < 4
    assert 45 <= spans[45] < 50


async def test_progress_rises_strictly_and_stays_below_the_end(world: World) -> None:
    heard: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message or ""))

    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)  # far beyond the usual: the expected end moves away
        world.clock.advance(380)
        arguments = {"task_id": task_id, "wait_seconds": 45}
        await agent.client.call_tool("get_wanx_task", arguments, progress_callback=hear)
        await agent.client.call_tool("get_wanx_task", arguments)  # without a token nothing is sent
    assert len(heard) >= 9
    assert all(earlier[0] < later[0] for earlier, later in pairwise(heard))
    assert 0 < heard[0][0] < heard[-1][0] < 100
    assert all(message.startswith("processing, about ") and message.endswith(" left") for _, message in heard)


async def test_the_reads_of_all_waits_together_stay_within_the_limit() -> None:
    clock = StoppableClock()
    world = World({"WANX_READS_PER_MINUTE": "6"}, clock=clock)
    tasks = 8
    async with world.client() as agent:
        ids = [(await agent.order(prompt=f"boat {number}"))["task_id"] for number in range(tasks)]
        lasting(world, 6000)
        clock.advance(380)
        clock.stop()
        here: set[str] = set()

        async def call(task_id: str) -> None:
            async def hear(progress: float, total: float | None, message: str | None) -> None:
                here.add(task_id)
                if len(here) == tasks:
                    clock.run()

            arguments = {"task_id": task_id, "wait_seconds": 45}
            await agent.client.call_tool("get_wanx_task", arguments, progress_callback=hear)

        async with anyio.create_task_group() as group:
            for task_id in ids:
                group.start_soon(call, task_id)
    assert clock.seconds() < 440
    assert tasks < reads(world) <= tasks + 6


@pytest.mark.parametrize(("limit", "least", "most"), [("1", 1, 2), ("600", 5, 20)])
async def test_a_wait_reads_as_often_as_it_may(limit: str, least: int, most: int) -> None:
    world = World({"WANX_READS_PER_MINUTE": limit})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        world.clock.advance(380)
        await waited(agent, task_id)
    assert least <= reads(world) <= most


async def test_the_first_read_of_a_call_goes_through_whatever_the_limit() -> None:
    world = World({"WANX_READS_PER_MINUTE": "1"})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        for _ in range(5):
            world.clock.advance(3)
            before = reads(world)
            await waited(agent, task_id, 2)
            assert reads(world) > before


@pytest.mark.parametrize(("retry_after", "gap"), [(20, 20), (86_400, 44), ("soon", 0)])
async def test_the_provider_is_left_alone_for_as_long_as_it_asks(world: World, retry_after: Any, gap: float) -> None:
    times = Times(world)
    world.simulator.weather.retry_after = retry_after
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        world.clock.advance(300)
        begun = world.clock.seconds()
        world.simulator.weather.coming("GET", Fault.NONE, Fault.BUSY_RETRY_AFTER)
        seen = await waited(agent, task_id)
        assert seen["status"] == "processing"
        assert world.clock.seconds() - begun == pytest.approx(45, abs=1)
    refused, *after = times.seconds[1:]
    assert all(at - refused >= gap for at in after)
    assert bool(after) == (gap < 40)


async def test_a_wait_that_never_saw_the_task_tells_why(world: World) -> None:
    async with world.client() as agent:
        assert (await agent.error("get_wanx_task", task_id="nobody", wait_seconds=5)).startswith("task_not_found: ")
        world.line.broken = [httpx.ConnectError("no route")] * 400
        assert (await agent.error("get_wanx_task", task_id="x", wait_seconds=5)).startswith("unreachable: ")


async def test_a_wait_repeats_failed_reads_until_its_end(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order(task_type="txt2video-1.3b"))["task_id"]
        lasting(world, 30)
        world.line.broken = [httpx.ConnectError("no route")] * 8
        seen = await waited(agent, task_id)
    assert (seen["status"], "as_of" in seen) == ("completed", False)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_one_stray_404_does_not_end_the_wait_for_a_task_of_ours(world: World, number: int) -> None:
    denying(world, number)
    async with world.client() as agent:
        task_id = (await agent.order(task_type="txt2video-1.3b"))["task_id"]
        lasting(world, 40)
        seen = await waited(agent, task_id)
    assert reads(world) > number
    assert (seen["status"], "video_url" in seen) == ("completed", True)


async def test_a_stray_404_now_and_then_is_never_believed(world: World) -> None:
    denying(world, 1, 3)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        for _ in range(3):
            seen = await agent.ok("get_wanx_task", task_id=task_id)
            assert "poll_after_seconds" in seen
            world.clock.advance(60)


async def test_a_task_that_is_denied_throughout_a_wait_is_not_taken_for_lost(world: World) -> None:
    denying(world, *range(1, 100))
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        lasting(world, 6000)
        first = await agent.call("get_wanx_task", task_id=task_id)
        assert "could not find it just now; this may be temporary" in text(first)
        assert task_id in (first.structured_content or {})["next_step"]
        seen = await waited(agent, task_id)
    assert seen["status"] == "pending"
    assert "poll_after_seconds" in seen
    assert task_id in seen["next_step"]
    assert world.clock.seconds() == pytest.approx(45, abs=1)


@pytest.mark.parametrize("minutes", [0, -5, 30])
async def test_the_estimate_is_learned_from_the_ledger_however_wrong_our_clock_is(minutes: int) -> None:
    slow = Catalog(tuple(replace(row, usual_seconds=3 * row.usual_seconds) for row in CATALOG.rows))
    world = World(catalog=slow)
    world.simulator.skew = timedelta(minutes=minutes)
    world.simulator.catalog = CATALOG  # the provider is three times as fast as the table says
    async with world.client() as agent:
        etas = []
        for number in range(6):
            task_id = (await agent.order(prompt=f"boat {number}"))["task_id"]
            etas.append((await agent.ok("get_wanx_task", task_id=task_id))["eta_seconds"])
            lasting(world, 390)
            world.clock.advance(400)
            await agent.ok("get_wanx_task", task_id=task_id)
    assert etas[0] > 900
    assert etas[-1] == pytest.approx(390, rel=0.05)


@pytest.mark.parametrize("limit", [1, 2, 5, 30, 600])
def test_no_sixty_seconds_see_more_reads_than_the_limit_and_none_is_starved(limit: int) -> None:
    queue, tasks = ReadQueue(limit), 7
    turns = {task: queue.join() for task in range(tasks)}
    went: list[float] = []
    counts = dict.fromkeys(range(tasks), 0)
    now = 0.0
    while now < 600:
        for task in range(tasks):
            if queue.take(turns[task], now):
                went.append(now)
                counts[task] += 1
                turns[task] = queue.join()
        now = min(queue.due(turn, now) for turn in turns.values()) + 0.001
    assert max(sum(begin <= at < begin + MINUTE for at in went) for begin in went) <= limit
    assert len(went) >= 0.7 * limit * 10 - 1
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_turn_that_is_given_up_lets_the_others_move_on() -> None:
    queue = ReadQueue(1)
    first, second, third = queue.join(), queue.join(), queue.join()
    assert queue.take(first, 0.0)
    assert queue.due(third, 0.0) == 120
    queue.leave(second)
    assert queue.due(third, 0.0) == 60
    assert not queue.take(third, 59.0)
    assert queue.take(third, 60.0)


def test_looks_are_dense_around_the_expected_end_and_sparse_elsewhere() -> None:
    durations = Durations(390, 20)
    gaps = {share: interval(durations, share * 390) for share in (0.1, 1.0, 1.3, 2.3, 5.0)}
    assert gaps[0.1] > 40
    assert gaps[1.0] < 7
    assert gaps[1.3] < gaps[1.0]
    assert gaps[2.3] > 1.5 * gaps[1.0]
    assert gaps[5.0] > gaps[1.0]


def test_little_evidence_means_no_long_absence() -> None:
    assert all(Pace(Durations(120, 2), at).next_look(45) <= 9.5 for at in range(60))
    assert all(Pace(Durations(120, 2), at).next_look(left) <= 10 for at in range(600) for left in (45, math.inf))
    assert Pace(Durations(120, 20), 0).next_look(math.inf) > 20


@pytest.mark.parametrize("left", [45, 31, 7])
def test_the_looks_of_a_call_come_out_even_at_its_end(left: float) -> None:
    at, gaps = 0.0, list[float]()
    while at < left:
        gaps.append(Pace(Durations(390, 20), 380 + at).next_look(left - at))
        at += gaps[-1]
    assert at == pytest.approx(left)
    assert max(gaps) < 1.5 * min(gaps)


@pytest.mark.parametrize("median", [90, 120, 390, 900])
def test_a_learned_schedule_knows_the_end_sooner_than_a_fixed_interval_at_no_more_reads(median: float) -> None:
    truth = Truth(median)
    fixed, ours = cost(every(10), truth), cost(lambda at: Pace(Durations(median, 20), at).next_look(math.inf), truth)
    assert ours.reads <= fixed.reads
    assert ours.delay <= 0.6 * fixed.delay


@pytest.mark.parametrize("guess", [0.5, 1, 2])
@pytest.mark.parametrize("median", [120, 390])
def test_a_guess_that_nothing_confirms_is_never_worse_than_a_fixed_interval(median: float, guess: float) -> None:
    truth, durations = Truth(median), Durations(median * guess, 2)
    fixed, ours = cost(every(10), truth), cost(lambda at: Pace(durations, at).next_look(math.inf), truth)
    assert ours.reads <= fixed.reads
    assert ours.delay <= fixed.delay


async def test_calls_of_45_s_know_the_end_sooner_than_a_fixed_interval_at_no_more_reads(world: World) -> None:
    sample = [Truth(120).quantile((number * 7 % 40 + 0.5) / 40) for number in range(40)]
    ours: list[tuple[float, int]] = []
    async with world.client() as agent:
        for number, seconds in enumerate([120.0] * 10 + sample):
            ours.append(await follow(world, agent, "txt2video-1.3b", seconds, number))
            world.clock.advance(200)
    fixed = [fixed_calls(seconds) for seconds in sample]
    (delay, reads), (base_delay, base_reads) = (map(sum, zip(*each, strict=True)) for each in (ours[10:], fixed))
    assert delay <= 0.65 * base_delay  # 0.6 over the hundred tasks of the benchmark; these are forty
    assert reads <= base_reads


@pytest.mark.parametrize("elapsed", [0, 1, 60, 120, 300, 1000, 10**5, 10**8])
@pytest.mark.parametrize("speed", [1, 20])
def test_the_estimate_stays_sensible_for_ever(elapsed: int, speed: int) -> None:
    pace = Pace(Durations(120, 3), elapsed / speed, speed)
    assert 0 < pace.remaining * speed < 800
    assert 0 <= pace.percent < 100
    assert all(0.2 <= pace.next_look(left) <= 48 for left in (1, 45, math.inf))
    assert 1 <= pace.absence <= 30


def test_one_wrong_date_does_not_spoil_the_estimate() -> None:
    assert learned(390, [100_000.0, 0.5, 400, 410, 395]).usual == pytest.approx(397.5, rel=0.02)
    assert learned(390, []).usual == pytest.approx(390)
    assert learned(390, [200.0] * 19).usual == pytest.approx(200)
    assert learned(390, [200.0] * 19).evidence == 19
