"""Readings of the task history: what is read, and what makes a reading incomplete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.peers import scripted, simulated
from tests.world import KEY, Answer, World
from wanx_mcp.errors import ProviderError
from wanx_mcp.provider import Provider, Reading, history
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def fill(world: World, count: int) -> list[str]:
    """So many tasks of this account, a second apart; their ids, the newest first."""
    order = {"model": "Qubico/wanx", "task_type": "txt2video-1.3b", "input": {"prompt": "x"}}
    if count:
        world.clock.advance(1)
        async with httpx.AsyncClient(transport=world.line, headers={"x-api-key": KEY}) as person:
            await person.post("http://127.0.0.1:9/api/v1/task", json=order)
    for _ in range(count - 1):
        world.clock.advance(1)
        first = world.simulator.store.all()[0]
        world.simulator.store.save(replace(first, task_id=str(uuid4()), created_at=world.simulator.now()))
    world.line.requests.clear()
    return [task.task_id for task in reversed(world.simulator.store.all())]


async def read(opened: Provider, world: World, within: float = 60) -> Reading:
    now = world.clock.now()
    return await opened.history(now - DAY, now + DAY, within=within)


@asynccontextmanager
async def filled(world: World, count: int) -> AsyncIterator[tuple[Provider, list[str]]]:
    ids = await fill(world, count)
    async with simulated(world) as opened:
        yield opened, ids


def asked(world: World) -> list[tuple[int, int]]:
    """The page and the page size of each question."""
    urls = [request.url for request in world.line.requests]
    return [(int(url.params["page"]), int(url.params["page_size"])) for url in urls]


def rows(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["data"]["data"]
    return found


# What is asked


async def test_a_history_without_tasks_is_complete_after_one_question(world: World) -> None:
    async with filled(world, 0) as (opened, _):
        now = world.clock.now()
        assert await read(opened, world) == Reading((), complete=True, read_at=now, begun_at=now)
    assert asked(world) == [(1, 100)]


async def test_one_page_is_read_once_and_ends_at_the_empty_page(world: World) -> None:
    async with filled(world, 3) as (opened, ids):
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete, reading.problem) == (ids, True, "")
    assert asked(world) == [(1, 100), (2, 100)]


async def test_a_longer_history_is_read_twice_in_pages_of_different_sizes(world: World) -> None:
    async with filled(world, 205) as (opened, ids):
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == (ids, True)
    assert asked(world) == [(1, 100), (2, 100), (3, 100), (4, 100), (1, 89), (2, 89), (3, 89), (4, 89)]


async def test_no_model_is_asked_for_and_the_window_is_wider_than_the_question_never_narrower(world: World) -> None:
    since, until = world.clock.now() + timedelta(seconds=0.7), world.clock.now() + timedelta(seconds=9.3)
    async with simulated(world) as opened:
        await opened.history(since, until, within=60)
    (request,) = world.line.requests
    began = int(world.clock.now().timestamp())
    expected = {"page": "1", "page_size": "100", "start_time": str(began), "end_time": str(began + 10)}
    assert dict(request.url.params) == expected


async def test_a_row_says_what_it_says_and_no_more(world: World) -> None:
    def real(body: dict[str, Any], request: httpx.Request) -> None:
        if rows(body):
            detail = {"task_type": "y", "output": "https://img.example/x.mp4"}
            rows(body)[:] = [
                {"id": 1, "task_id": " a ", "model": "wan", "action": "x", "status": "finished", "detail": detail},
                {"task_id": "b", "detail": detail, "created_at": "2026-01-01T00:00:00.290370834Z"},
                {"task_id": 5, "created_at": "soon", "status": "failed", "detail": None},
            ]

    world.line.rewrite_by_request(real, "/histories")
    async with filled(world, 1) as (opened, _):
        first, second, third = (await read(opened, world)).rows
    assert (first.task_id, first.task_type, first.model, first.provider_status) == ("a", "x", "wan", "finished")
    assert (second.task_id, second.task_type, second.created_at and second.created_at.second) == ("b", "y", 0)
    assert (third.task_id, third.task_type, third.created_at) == (None, None, None)


async def test_the_moment_of_a_reading_is_the_date_of_its_last_page(world: World) -> None:
    async def later(_request: httpx.Request) -> None:
        world.clock.advance(5)

    world.simulator.skew = timedelta(hours=2)
    async with filled(world, 3) as (opened, _):
        world.line.on_request = later
        reading = await read(opened, world)
    assert reading.read_at == world.clock.now() + timedelta(hours=2)


async def test_without_a_date_the_moment_of_a_reading_is_unknown(world: World) -> None:
    world.line.canned = httpx.Response(200, json={"code": 200, "data": {"data": []}})
    async with simulated(world) as opened:
        assert await read(opened, world) == Reading((), complete=True)


# What is complete


@pytest.mark.parametrize("total", [0, 1, 99, 1000, None, "many", -1])
@pytest.mark.parametrize("count", [3, 150])
async def test_the_total_neither_completes_a_reading_nor_spoils_it(world: World, count: int, total: object) -> None:
    world.line.rewrite_by_request(lambda body, _: body["data"].update(total=total), "/histories")
    async with filled(world, count) as (opened, ids):
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == (ids, True)


@pytest.mark.parametrize("data", [{"data": None}, {"data": []}, {"data": None, "page": 1, "total": 7}])
async def test_null_is_an_empty_list(world: World, data: object) -> None:
    world.line.canned = httpx.Response(200, json={"code": 200, "data": data})
    async with simulated(world) as opened:
        assert (await read(opened, world)).complete


async def test_null_after_the_last_page_ends_the_reading(world: World) -> None:
    def null(body: dict[str, Any], _request: httpx.Request) -> None:
        body["data"]["data"] = rows(body) or None

    world.line.rewrite_by_request(null, "/histories")
    async with filled(world, 3) as (opened, ids):
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == (ids, True)


async def test_a_row_that_falls_between_two_pages_is_found_by_the_second_reading(world: World) -> None:
    def moved(body: dict[str, Any], request: httpx.Request) -> None:
        params = request.url.params
        if params["page_size"] == "100" and params["page"] == "2":
            del rows(body)[0]  # it has moved to the first page since that was read

    world.line.rewrite_by_request(moved, "/histories")
    async with filled(world, 150) as (opened, ids):
        reading = await read(opened, world)
    assert {row.task_id for row in reading.rows} == set(ids)
    assert reading.complete


async def test_a_row_that_falls_between_two_pages_of_the_second_reading_is_there_too(world: World) -> None:
    def moved(body: dict[str, Any], request: httpx.Request) -> None:
        if request.url.params["page_size"] == "89" and request.url.params["page"] == "2":
            del rows(body)[0]

    world.line.rewrite_by_request(moved, "/histories")
    async with filled(world, 150) as (opened, ids):
        assert [row.task_id for row in (await read(opened, world)).rows] == ids


async def test_a_task_that_is_placed_while_the_history_is_read_does_not_spoil_it(world: World) -> None:
    async def another(request: httpx.Request) -> None:
        if request.method == "GET" and len(world.line.requests) < 4:
            world.clock.advance(1)
            done = list(world.line.requests)
            await fill(world, 2)
            world.line.requests = done

    async with filled(world, 150) as (opened, ids):
        world.line.on_response = another
        reading = await read(opened, world)
    assert reading.complete
    assert set(ids) <= {row.task_id for row in reading.rows}


@pytest.mark.parametrize("count", [3, 150])
async def test_a_history_from_the_oldest_to_the_newest_is_complete_too(world: World, count: int) -> None:
    ids = await fill(world, count)
    everything = world.simulator.store.all
    world.simulator.store.all = lambda: list(reversed(everything()))  # type: ignore[method-assign]
    async with simulated(world) as opened:
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == (ids[::-1], True)


async def test_rows_without_dates_are_passed_over_where_the_order_is_checked(world: World) -> None:
    def undated(body: dict[str, Any], _request: httpx.Request) -> None:
        for row in rows(body)[::2]:
            row["created_at"] = "0001-01-01T00:00:00Z"

    world.line.rewrite_by_request(undated, "/histories")
    async with filled(world, 9) as (opened, ids):
        reading = await read(opened, world)
    assert (reading.complete, len(reading.rows)) == (True, len(ids))


# What is not


def shuffled(body: dict[str, Any], _request: httpx.Request) -> None:
    rows(body).insert(0, rows(body).pop(4))


def without_one_object(body: dict[str, Any], _request: httpx.Request) -> None:
    rows(body)[1:2] = ["row"]


def with_an_empty_row(body: dict[str, Any], _request: httpx.Request) -> None:
    rows(body)[1:2] = [{}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (shuffled, "its rows are not sorted by date"),
        (without_one_object, "a row cannot be read"),
        (with_an_empty_row, "a row cannot be read"),
    ],
)
async def test_rows_that_make_no_sense_make_a_reading_incomplete(world: World, change: Any, problem: str) -> None:
    world.line.rewrite_by_request(lambda body, request: change(body, request) if rows(body) else None, "/histories")
    async with filled(world, 9) as (opened, _):
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, problem)
    assert len(reading.rows) >= 8, "what could be read is told"


async def test_pages_in_the_wrong_order_make_a_reading_incomplete(world: World) -> None:
    async def swapped(request: httpx.Request, inner: Answer) -> httpx.Response:
        page = {"1": "2", "2": "1"}.get(request.url.params.get("page", ""), request.url.params.get("page", ""))
        request.url = request.url.copy_set_param("page", page) if "page" in request.url.params else request.url
        return await inner(request)

    ids = await fill(world, 150)
    world.line.answer(swapped)
    async with simulated(world) as opened:
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, "its rows are not sorted by date")
    assert {row.task_id for row in reading.rows} == set(ids)


@pytest.mark.parametrize("count", [1, 100, 150])
async def test_a_page_that_repeats_the_one_before_makes_a_reading_incomplete(world: World, count: int) -> None:
    async def always_the_first(request: httpx.Request, inner: Answer) -> httpx.Response:
        request.url = request.url.copy_set_param("page", "1")
        return await inner(request)

    ids = await fill(world, count)
    world.line.answer(always_the_first)
    async with simulated(world) as opened:
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, "a page repeats the previous one")
    assert [row.task_id for row in reading.rows] == ids[:100]
    assert len(world.line.requests) == 2


async def test_a_row_without_an_id_is_kept_as_often_as_it_stands_there(world: World) -> None:
    def nameless(body: dict[str, Any], _request: httpx.Request) -> None:
        for row in rows(body):
            row["task_id"] = ""
            row["detail"]["task_id"] = ""

    world.line.rewrite_by_request(nameless, "/histories")
    async with filled(world, 3) as (opened, _):
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == ([None] * 3, True)


async def test_a_history_that_never_ends_is_incomplete(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_HISTORY_PAGES", 2)
    async with filled(world, 250) as (opened, ids):
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, "it has more than 2 pages")
    assert [row.task_id for row in reading.rows] == ids[:200]


@pytest.mark.parametrize("page", range(2, 8))
async def test_a_later_page_that_cannot_be_read_makes_a_reading_incomplete(world: World, page: int) -> None:
    """Of two readings of 150 tasks: pages 1 to 3, the last of them empty, twice."""
    html = httpx.Response(502, html="<h1>Bad Gateway</h1>")
    async with filled(world, 150) as (opened, ids):
        scripted(world, *[None] * (page - 1), *[html] * 4, path="/histories")
        reading = await read(opened, world)
    assert reading.complete is (page > 6)
    number = page if page < 4 else page - 3
    assert reading.problem == ("" if page > 6 else f"page {number} could not be read (provider_fault)")
    assert {row.task_id for row in reading.rows} == set(ids if page > 2 else ids[:100])


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, html="<h1>Bad Gateway</h1>"),
        httpx.Response(200, html="<h1>Are you a robot?</h1>"),
        httpx.Response(200, json={"code": 200, "data": {}}),
        httpx.Response(200, json={"code": 200, "data": None}),
        httpx.Response(200, json={"code": 200, "data": {"data": {"rows": []}}}),
        httpx.Response(200, json={"code": 500, "data": {"data": []}}),
        httpx.Response(200, content=b'{"code": 200, "data": {"data": ['),
        httpx.Response(302, json={"code": 200, "data": {"data": []}}),
        httpx.Response(200, json={"code": 200, "data": {"data": [], "x": "y" * 4_200_000}}),
    ],
)
async def test_an_answer_that_is_no_page_is_no_empty_history(world: World, answer: httpx.Response) -> None:
    scripted(world, *[answer] * 4)
    async with simulated(world) as opened:
        with pytest.raises(ProviderError):
            await read(opened, world)
    scripted(world, None, *[answer] * 4, path="/histories")
    async with filled(world, 3) as (opened, _):
        assert not (await read(opened, world)).complete


async def test_one_stumble_of_a_page_does_not_spoil_a_reading(world: World) -> None:
    async with filled(world, 150) as (opened, ids):
        world.simulator.weather.coming("GET", Fault.HTML, Fault.NONE, Fault.BUSY, Fault.NONE, Fault.LOSE_ANSWER)
        reading = await read(opened, world)
    assert ([row.task_id for row in reading.rows], reading.complete) == (ids, True)


async def test_a_second_reading_that_shows_nothing_makes_a_reading_incomplete(world: World) -> None:
    def no_such_size(body: dict[str, Any], request: httpx.Request) -> None:
        if request.url.params["page_size"] == "89":
            rows(body).clear()

    world.line.rewrite_by_request(no_such_size, "/histories")
    async with filled(world, 150) as (opened, ids):
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, "its second reading is empty")
    assert [row.task_id for row in reading.rows] == ids


async def test_a_page_out_of_a_cache_makes_a_reading_incomplete(world: World) -> None:
    async def old(request: httpx.Request, inner: Answer) -> httpx.Response:
        response = await inner(request)
        response.headers["age"] = "30"
        return response

    async with filled(world, 3) as (opened, _):
        world.line.answer(old)
        reading = await read(opened, world)
    assert (reading.complete, reading.problem) == (False, "a page came from a cache")


@pytest.mark.parametrize(("within", "count"), [(0, 100), (4, 100), (6, 200)])
async def test_a_slow_history_begins_no_page_after_its_time(world: World, within: float, count: int) -> None:
    async def slow(_request: httpx.Request) -> None:
        world.clock.advance(4)

    async with filled(world, 250) as (opened, ids):
        world.line.on_request = slow
        reading = await read(opened, world, within=within)
    assert (reading.complete, reading.problem) == (False, "reading it took too long")
    assert [row.task_id for row in reading.rows] == ids[:count]


def test_a_page_has_no_more_rows_than_the_provider_gives() -> None:
    sizes = history.HISTORY_PAGE_ROWS
    assert len(set(sizes)) == len(sizes) == 2
    assert max(sizes) <= 100
