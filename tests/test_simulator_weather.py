"""Quirks together: climates that replay, scripts, accounts, history rows as they look in life, durations."""

from __future__ import annotations

import random
import statistics
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.probe import KEY, Probe, probing
from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.commands import COMMANDS
from wanx_mcp.cli.parsing import Parser
from wanx_mcp.simulator.climates import CLIMATES, Climate
from wanx_mcp.simulator.life import draw_plan
from wanx_mcp.simulator.quirks.quirk import Lasts
from wanx_mcp.simulator.quirks.table import QUIRKS, named
from wanx_mcp.simulator.replies import HangUpError
from wanx_mcp.simulator.serving import persistent, serving
from wanx_mcp.simulator.store import Store
from wanx_mcp.simulator.weather import Fault, Weather

pytestmark = pytest.mark.anyio
ROW: Mapping[str, Any] = {
    "id": int,
    "account_id": int,
    "api_key_id": int,
    "task_id": str,
    "task_model": str,
    "action": str,
    "status": str,
    "service_mode": str,
    "usage": int,
    "usage_type": str,
    "fixed": bool,
    "created_at": str,
    "updated_at": str,
    "detail": dict,
}
"""The keys of a row, in their order [contract 15]."""


async def test_a_history_row_looks_as_it_does_in_life() -> None:
    async with probing() as probe:
        task_id = (await probe.made())["task_id"]
        (pending,) = await probe.rows()
        probe.clock.advance(6 * 3600)
        (row,) = await probe.rows()
        task = await probe.read(task_id)
        account = (await probe.account()).json()["data"]
    assert {name: type(value) for name, value in row.items()} == dict(ROW)
    assert list(row) == list(ROW)
    assert (row["task_id"], row["action"], row["status"]) == (task_id, "img2video-14b", "finished")
    assert (row["usage"], row["usage_type"], str(row["account_id"])) == (2_800_000, "point", account["id"])
    assert len(row["created_at"]) == len("2026-01-01T00:00:00.290370834Z")
    assert row["detail"] == {
        "model": "Qubico/wanx",
        "task_id": task_id,
        "task_type": "img2video-14b",
        "output": task["output"]["video_url"],
    }
    assert (pending["id"], pending["status"], pending["detail"]["output"]) == (row["id"], "pending", None)
    assert pending["updated_at"] == pending["created_at"] < row["updated_at"]


async def test_keys_of_one_account_share_its_id_and_its_tasks_and_others_do_not() -> None:
    async with probing() as probe:
        probe.simulator.accounts = {"new-key": KEY, "third-key": "somebody", "fourth-key": "somebody"}
        task_id = (await probe.made())["task_id"]
        keys = (KEY, "new-key", "third-key", "fourth-key", "fifth-key")
        ids = [(await probe.account(key=key)).json()["data"]["id"] for key in keys]
        assert ids[0] == ids[1] != ids[2] == ids[3] != ids[4] != ids[0]
        assert [(await probe.get(task_id, key=key)).status_code for key in keys] == [200, 200, 404, 404, 404]
        await probe.made(key="new-key")
        (new, old) = (await probe.history(key="new-key")).json()["data"]["data"]
        assert new["account_id"] == old["account_id"]
        assert new["api_key_id"] != old["api_key_id"]
        assert (await probe.history(key="third-key")).json()["data"]["total"] == 0


async def test_a_scripted_quirk_meets_one_request_and_stays_with_the_task_that_the_request_makes() -> None:
    async with probing() as probe:
        probe.simulator.weather.coming_quirks("POST", named("echo_empty", "stall_after"), *named("id_underscore"))
        odd, next_odd, plain = [await probe.made() for _ in range(3)]
        assert probe.clock.seconds() == 15
        assert (odd["input"], plain["input"] != {}) == ({}, True)
        assert (await probe.read(odd["task_id"]))["input"] == {}
        assert [next_odd["task_id"][0], plain["task_id"][0] != "_"] == ["_", True]
        probe.simulator.weather.coming_quirks("GET", *named("task_forgotten"))
        assert [(await probe.get(plain["task_id"])).status_code for _ in range(2)] == [404, 200]


async def test_a_quirk_can_be_given_to_a_single_task() -> None:
    async with probing() as probe:
        first, second = await probe.made(), await probe.made()
        probe.simulator.weather.quirks_of[first["task_id"]] = named("history_unlisted", "task_always_500")
        assert [row["task_id"] for row in await probe.rows()] == [second["task_id"]]
        codes = [(await probe.get(task["task_id"])).status_code for task in (first, second)]
        assert codes == [500, 200]


async def test_what_a_climate_has_drawn_for_a_task_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "tasks.sqlite3"
    certain = dict.fromkeys(named("echo_empty", "price_factor"), 1.0)
    async with probing(weather=Weather(quirk_odds=certain), store=Store(path)) as probe:
        task_id = (await probe.made())["task_id"]
    async with probing(store=Store(path)) as probe:
        data = await probe.read(task_id)
        assert (data["input"], data["meta"]["usage"]["frozen"]) == ({}, 28_000_000)
        assert (await probe.made())["input"] != {}


async def test_a_task_placed_elsewhere_has_the_age_and_the_model_it_is_given() -> None:
    async with probing() as probe:
        placed = probe.simulator.place(KEY, "txt2video-14b", {"prompt": "a boat"}, age=120)
        other = probe.simulator.place(KEY, "video_generation", {}, model="kling")
        assert (probe.simulator.now() - placed.created_at).total_seconds() == 120
        assert [row["task_model"] for row in await probe.rows()] == ["kling", "Qubico/wanx"]
        assert [row["task_id"] for row in await probe.rows(model="wan")] == [placed.task_id]
        assert (await probe.read(other.task_id))["model"] == "kling"


@pytest.mark.parametrize("name", ["id_slash", "id_reserved", "id_long"])
async def test_a_task_with_an_odd_id_can_be_cancelled_and_has_a_video(name: str) -> None:
    async with probing(named(name)) as probe:
        finished, waiting = (await probe.made())["task_id"], (await probe.made())["task_id"]
        assert (await probe.cancel(waiting)).json()["code"] == 200
        probe.clock.advance(6 * 3600)
        url = (await probe.read(finished))["output"]["video_url"]
        assert (await probe.client.get(url, headers={"range": "bytes=0-9"})).status_code == 206


async def conversation(probe: Probe) -> list[tuple[int, str]]:
    """What a client hears who orders, reads, lists and asks for the account, several times."""
    heard: list[tuple[int, str]] = []

    async def hear(asked: Awaitable[httpx.Response]) -> None:
        try:
            response = await asked
            heard.append((response.status_code, response.text[:5000]))
        except HangUpError:
            heard.append((0, "broken"))

    for number in range(6):
        await hear(probe.create({"prompt": f"{number}"}))
        for task in probe.simulator.store.all()[-1:]:
            await hear(probe.get(task.task_id))
        await hear(probe.history(page_size=2))
        await hear(probe.history(page=2, page_size=2, model="wan"))
        await hear(probe.account())
        probe.clock.advance(200)
    return heard


async def test_any_quirks_can_be_combined() -> None:
    rng = random.Random(7)  # noqa: S311  # which ones are tried, not a secret
    for _ in range(40):
        quirks = tuple(rng.sample(list(QUIRKS.values()), 12))
        async with probing(quirks) as probe:
            probe.simulator.weather.failing = 0.5
            heard = await conversation(probe)
        assert heard, [quirk.name for quirk in quirks]


async def test_all_quirks_of_single_answers_at_once_break_nothing() -> None:
    quirks = [quirk for quirk in QUIRKS.values() if quirk.lasts is not Lasts.REQUEST]
    for order in (quirks, quirks[::-1]):
        async with probing(order) as probe:
            assert await conversation(probe)


@pytest.mark.parametrize("name", CLIMATES)
async def test_a_seed_replays_a_climate(name: str) -> None:
    async def run(seed: int) -> list[tuple[int, str]]:
        climate = CLIMATES[name]
        weather = Weather(odds=climate.faults, quirk_odds=climate.quirks, failing=0.3, seed=seed)
        async with probing(weather=weather) as probe:
            return await conversation(probe)

    runs = [await run(seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_hostile_climate_has_every_quirk_and_every_fault() -> None:
    hostile = CLIMATES["hostile"]
    assert set(hostile.quirks) == set(QUIRKS.values())
    assert {*hostile.faults, Fault.NONE} == set(Fault)


def test_the_command_line_offers_every_climate() -> None:
    (command,) = (row for row in COMMANDS if row.name == "simulator")
    parser = Parser()
    command.options(parser)
    (choices,) = (action.choices for action in parser._actions if action.dest == "weather")
    assert choices is not None
    assert set(choices) == set(CLIMATES)


async def test_the_served_simulator_is_as_odd_as_the_one_in_memory(tmp_path: Path) -> None:
    climate = Climate(quirks=dict.fromkeys(named("id_reserved", "clock_no_date", "echo_empty", "create_html_413"), 1.0))
    simulator = await persistent(tmp_path, CATALOG, speed=20, climate=climate, seed=1)
    task_id = simulator.place(KEY, "txt2video-14b", {"prompt": "a boat"}).task_id
    with anyio.fail_after(300):
        async with serving(simulator) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=120) as client:
            probe = Probe(client, simulator, None)  # type: ignore[arg-type]
            refused = await probe.create()
            read = await probe.get(task_id)
    simulator.store.close()
    assert (refused.status_code, refused.headers["content-type"].partition(";")[0]) == (413, "text/html")
    assert read.json()["data"]["task_id"] == task_id
    assert "date" not in read.headers


def test_durations_are_not_drawn_from_what_the_estimator_assumes() -> None:
    rng = random.Random(3)  # noqa: S311
    row = CATALOG.rows[0]
    plans = [draw_plan(row.usual_seconds, rng, speed=2, failing=0) for _ in range(4000)]
    lengths = [(plan.pending + plan.processing) * 2 / row.usual_seconds for plan in plans]
    assert min(lengths) >= 0.45
    assert 0.95 < statistics.median(lengths) < 1.1
    assert 0.02 < sum(length > 2.5 for length in lengths) / len(lengths) < 0.06
    assert max(lengths) < 5
