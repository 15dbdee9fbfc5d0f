"""TaskReading a task: every odd but legal answer is read, waits are bounded, and the next step is always said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest

from tests.world import Agent, World, text
from wanx_mcp.provider.answers import Status, read_code, read_date, read_task
from wanx_mcp.simulator.weather import Fault, Variant

pytestmark = pytest.mark.anyio


async def finished(world: World, variant: Variant | None = None) -> dict[str, Any]:
    if variant:
        world.simulator.weather.variants = frozenset({variant})
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(3600)
        return await agent.ok("get_wanx_task", task_id=created["task_id"])


@pytest.mark.parametrize("variant", Variant)
async def test_a_finished_task_is_read_in_every_variant(world: World, variant: Variant) -> None:
    seen = await finished(world, variant)
    assert seen["status"] == "completed"
    assert seen["video_url"].startswith("http://127.0.0.1:9/media/")


@pytest.mark.parametrize("variant", [Variant.NANOSECONDS, Variant.OFFSET_DATES])
async def test_dates_come_out_as_utc(world: World, variant: Variant) -> None:
    seen = await finished(world, variant)
    assert seen["created_at"] == "2026-01-01T00:00:00Z"
    assert seen["started_at"].endswith("Z")
    assert seen["ended_at"] > seen["started_at"]


async def test_the_price_and_the_actual_charge_are_told(world: World) -> None:
    seen = await finished(world)
    assert (seen["price_usd"], seen["charged_usd"]) == (0.28, 0.28)


async def test_what_is_not_reached_is_absent(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
    assert seen["status"] == "pending"
    assert not {"started_at", "ended_at", "video_url", "charged_usd", "error_message"} & set(seen)
    assert seen["eta_seconds"] > 0
    assert created["task_id"] in seen["next_step"]


async def test_a_strange_status_is_processing_and_kept(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.STRANGE_STATUS})
    async with world.client() as agent:
        created = await agent.order()
        world.clock.advance(120)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
    assert (seen["status"], seen["provider_status"]) == ("processing", "post_processing")


async def test_a_wait_ends_with_the_video_and_reports_progress_that_only_grows(world: World) -> None:
    reports: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        reports.append(progress)
        assert total == 100
        assert message
        assert "left" in message

    async with world.client() as agent:
        created = await agent.order(task_type="txt2video-1.3b")
        seen: dict[str, Any] = {}
        for _ in range(8):
            result = await agent.client.call_tool(
                "get_wanx_task", {"task_id": created["task_id"], "wait_seconds": 45}, progress_callback=heard
            )
            assert not result.is_error
            seen = dict(result.structured_content or {})
            if seen["status"] == "completed":
                break
    assert seen["status"] == "completed"
    assert reports
    assert all(0 < progress < 100 for progress in reports)


async def test_a_wait_that_ends_first_is_a_normal_result(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=5)
    assert seen["status"] in {"pending", "processing"}
    assert 5 <= world.clock.seconds() < 6


async def test_the_operator_can_shorten_waits() -> None:
    world = World({"WANX_MAX_WAIT_SECONDS": "3"})
    async with world.client() as agent:
        created = await agent.order()
        assert "wait_seconds 3" in created["next_step"]
        await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=45)
    assert world.clock.seconds() < 5


async def test_a_second_look_within_two_seconds_is_answered_from_memory(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        for _ in range(3):
            await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert len(world.line.sent("GET")) == 1
        world.clock.advance(2.1)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
    assert len(world.line.sent("GET")) == 2


class Gate:
    """Holds the reads of single tasks back until it is opened."""

    def __init__(self, world: World) -> None:
        self.reached, self.open = anyio.Event(), anyio.Event()
        world.line.on_request = self

    async def __call__(self, request: httpx.Request) -> None:
        if request.method == "GET":
            self.reached.set()
            await self.open.wait()


async def settled(agent: Agent) -> None:
    """Whoever can go on has done so: the ledger answers one after the other, and these came later."""
    for _ in range(5):
        await agent.ok("list_wanx_tasks")


async def test_looks_at_one_task_at_one_moment_share_one_read(world: World) -> None:
    gate, told = Gate(world), list[str]()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]

        async def get() -> None:
            told.append((await agent.ok("get_wanx_task", task_id=task_id))["status"])

        async def read() -> None:
            await agent.client.read_resource(f"wanx://tasks/{task_id}")
            told.append("pending")

        async with anyio.create_task_group() as group:
            for _ in range(15):
                group.start_soon(get)
                group.start_soon(read)
            await settled(agent)
            assert not told
            gate.open.set()
    assert told == ["pending"] * 30
    assert len(world.line.sent("GET")) == 1


async def test_looks_that_share_a_read_share_its_error(world: World) -> None:
    gate, told = Gate(world), list[str]()
    world.simulator.weather.coming("GET", *[Fault.HTML] * 4)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]

        async def get() -> None:
            seen = await agent.call("get_wanx_task", task_id=task_id)
            assert not seen.is_error
            told.append(text(seen))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(get)
            await settled(agent)
            gate.open.set()
        assert all("could not be asked just now (provider_fault" in words for words in told)
        assert len(told) == 5
        assert len(world.line.sent("GET")) == 4
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "pending"


async def test_a_look_that_is_cancelled_takes_the_answer_from_nobody_else(world: World) -> None:
    gate, told = Gate(world), list[str]()
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]

        async def get() -> None:
            told.append((await agent.ok("get_wanx_task", task_id=task_id))["status"])

        async with anyio.create_task_group() as others:
            async with anyio.create_task_group() as first:
                first.start_soon(get)
                await gate.reached.wait()
                others.start_soon(get)
                await settled(agent)
                first.cancel_scope.cancel()
            await settled(agent)
            gate.open.set()
    assert told == ["pending"]
    assert len(world.line.sent("GET")) == 1  # the read goes on for the other one


async def test_a_read_ends_with_the_last_of_its_callers_and_the_next_call_reads_again(world: World) -> None:
    gate = Gate(world)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(lambda: agent.ok("get_wanx_task", task_id=task_id))
            await gate.reached.wait()
            await settled(agent)
            group.cancel_scope.cancel()
        await settled(agent)
        gate.open.set()
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "pending"
    assert len(world.line.sent("GET")) == 2


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
async def test_a_read_is_repeated_after_any_fault(world: World, fault: Fault) -> None:
    async with world.client() as agent:
        created = await agent.order()
        world.simulator.weather.coming("GET", fault, fault)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
    assert seen["status"] in {"pending", "processing"}
    assert len(world.line.sent("GET")) == 3


async def test_a_provider_that_stays_broken_is_named_and_costs_nothing(world: World) -> None:
    async with world.client() as agent:
        world.simulator.weather.coming("GET", *[Fault.HTML] * 4)
        error = await agent.error("get_wanx_task", task_id="ordered-elsewhere")
        assert error.startswith("provider_fault: ")
        world.line.broken = [httpx.ConnectError("no route")] * 4
        unreachable = await agent.error("get_wanx_task", task_id="ordered-elsewhere")
    assert unreachable.startswith("unreachable: ")
    assert "Charged by this call: no." in error
    assert "Charged by this call: no." in unreachable


async def test_a_failure_during_the_wait_does_not_hide_what_is_known(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        world.simulator.weather.coming("GET", *[Fault.HTML] * 400)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"], wait_seconds=30)
    assert seen["status"] == "pending"


@pytest.mark.parametrize("task_id", ["", None, ".", "..", "a b", "x" * 201, 7, ["a"], "ä", "a\nb"])
async def test_an_impossible_task_id_is_refused_without_a_request(world: World, task_id: object) -> None:
    async with world.client() as agent:
        error = await agent.error("get_wanx_task", task_id=task_id)
    assert error.startswith("invalid_arguments: task_id ")
    assert not world.line.requests


@pytest.mark.parametrize("wait", [-1, "soon", 1.5, True])
async def test_an_impossible_wait_is_refused(world: World, wait: object) -> None:
    async with world.client() as agent:
        error = await agent.error("get_wanx_task", task_id="x", wait_seconds=wait)
    assert error.startswith("invalid_arguments: wait_seconds must be a whole number from 0 to 45")


@pytest.mark.parametrize("tool", ["get_wanx_task", "cancel_wanx_task", "list_wanx_tasks"])
async def test_an_unknown_argument_is_refused_by_every_tool(world: World, tool: str) -> None:
    async with world.client() as agent:
        needed = {} if tool == "list_wanx_tasks" else {"task_id": "x"}
        error = await agent.error(tool, **needed, wait_second=5)
    assert error.startswith("invalid_arguments: wait_second is not an argument of this call")
    assert not world.line.requests


async def test_an_unknown_task_is_not_found(world: World) -> None:
    async with world.client() as agent:
        error = await agent.error("get_wanx_task", task_id="nobody")
    assert error.startswith("task_not_found: ")


async def test_a_failed_task_is_an_answer_with_the_provider_s_words_as_data(world: World) -> None:
    world.simulator.weather.failing = 1.0
    seen = await finished(world)
    assert seen["status"] == "failed"
    assert "invented by the simulator" in seen["error_message"]
    assert seen["charged_usd"] == 0


def answer(**data: Any) -> dict[str, Any]:
    return {"code": 200, "data": {"task_id": "t", "status": "completed", **data}}


@pytest.mark.parametrize(
    "output",
    [
        {"video_url": "https://h/a.mp4"},
        {"video": "https://h/a.mp4"},
        {"video": {"url": "https://h/a.mp4"}},
        {"video_raw": {"url": "https://h/a.mp4"}},
        {"video_urls": ["https://h/a.mp4"]},
        {"works": [{"video": {"resource_without_watermark": "https://h/a.mp4"}}]},
        {"works": [{"video": {"resource": "https://h/a.mp4"}}]},
        {"works": [{"resource": {"resourceWithoutWatermark": "https://h/a.mp4"}}]},
        {"works": [{"resource": {"resource": "https://h/a.mp4"}}]},
        {"works": [{"resource": "https://h/a.mp4"}]},
        {"deep": [{"er": ["https://h/cover.png", "https://h/a.mp4"]}]},
        {"video_url": "", "video": "https://h/a.mp4"},
        {"video_url": "http://plain.example/b.mp4", "video": "https://h/a.mp4"},
        "https://h/a.mp4",
    ],
)
def test_the_video_is_found_in_every_known_place(output: Any) -> None:
    task = read_task(answer(output=output), trusted_loopback=False)
    assert task is not None
    assert task.video_url == "https://h/a.mp4"


@pytest.mark.parametrize(
    "output",
    [
        None,
        {},
        {"video_url": ""},
        {"video_url": "http://x.example/a.mp4"},
        {"video_url": "javascript:alert(1)"},
        {"video_url": "http://127.0.0.1/a.mp4"},
        {"video_url": "https://"},
        {"video_url": "https://storage.theapi.app@h.example/a.mp4"},
        {"video_url": 5},
        {"cover": "https://h/a.png"},
    ],
)
def test_what_is_no_https_video_counts_as_absent(output: Any) -> None:
    task = read_task(answer(output=output), trusted_loopback=False)
    assert task is not None
    assert task.video_url is None


def test_the_input_is_never_taken_for_the_video() -> None:
    task = read_task(answer(input={"image": "https://h/in.mp4"}, output=None), trusted_loopback=False)
    assert task is not None
    assert task.video_url is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Completed", Status.COMPLETED),
        ("processing\t", Status.PROCESSING),
        ("SUCCESS", Status.COMPLETED),
        ("finished", Status.COMPLETED),
        ("staged", Status.PENDING),
        ("canceled", Status.CANCELLED),
        ("retry", Status.PROCESSING),
        ("error", Status.FAILED),
        ("mystery", Status.PROCESSING),
    ],
)
def test_status_words(word: str, status: Status) -> None:
    task = read_task({"data": {"task_id": "t", "status": word}}, trusted_loopback=False)
    assert task is not None
    assert task.status is status


@pytest.mark.parametrize(
    "wrap",
    [
        lambda task: task,
        lambda task: {"data": task},
        lambda task: {"code": 0, "data": task, "message": "success"},
        lambda task: {"timestamp": 1, "data": task},
    ],
)
def test_flat_and_enveloped_answers_are_the_same(wrap: Callable[[Any], Any]) -> None:
    task = read_task(wrap({"task_id": "t", "status": "pending"}), trusted_loopback=False)
    assert task is not None
    assert (task.task_id, task.status) == ("t", Status.PENDING)


@pytest.mark.parametrize("junk", [None, [], "x", 5, {}, {"data": None}, {"data": []}, {"data": {"task_id": ""}}])
def test_an_answer_without_a_task_is_none(junk: Any) -> None:
    assert read_task(junk, trusted_loopback=False) is None


def test_fields_of_the_wrong_shape_are_absent() -> None:
    wrong = answer(meta=[], error="boom", logs=5, input="x", output=[], task_type=7, config=None)
    task = read_task(wrong, trusted_loopback=False)
    assert task is not None
    assert (task.created_at, task.task_type, task.input, task.error_message) == (None, None, {}, "boom")


@pytest.mark.parametrize("date", [None, "", "0001-01-01T00:00:00Z", "0001-01-01T08:05:43+08:05", "soon", 5])
def test_dates_that_are_none(date: Any) -> None:
    assert read_date(date) is None


@pytest.mark.parametrize(
    ("code", "read"), [(200, None), (0, None), (None, None), ("200", None), (500, 500), ("429", 429)]
)
def test_envelope_codes(code: Any, read: int | None) -> None:
    assert read_code({"code": code}) == read


@pytest.mark.parametrize("minutes", [-5, 5])
async def test_the_time_that_has_passed_is_told_by_the_clock_that_dates_the_task(world: World, minutes: int) -> None:
    world.simulator.skew = timedelta(minutes=minutes)
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(100)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert seen["elapsed_seconds"] == pytest.approx(100, abs=2)


async def test_of_a_task_that_ended_nobody_knows_when_no_time_is_told_that_would_grow(world: World) -> None:
    world.simulator.weather.variants = frozenset({Variant.NO_DATES})
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(100)
        working = await agent.ok("get_wanx_task", task_id=task_id)
        assert (working["status"], working["elapsed_seconds"]) == ("processing", 100)
        world.clock.advance(3600)
        ended = await agent.ok("get_wanx_task", task_id=task_id)
        world.clock.advance(3600)
        later = await agent.ok("get_wanx_task", task_id=task_id)
    assert ended == later
    assert ended["status"] == "completed"
    assert not {"elapsed_seconds", "ended_at"} & set(ended)
