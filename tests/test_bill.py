"""`wanx-mcp ledger --check`: the ledger beside the provider's history, read only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.lost import lose
from tests.test_commands import run
from tests.test_settling import desk, of_a_person
from tests.world import Agent, World
from wanx_mcp.cli.ledger_check import compared
from wanx_mcp.errors import WanxError
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio
HOUR = 3600


async def bill(world: World, days: int = 30) -> tuple[int, str]:
    """The check's answer; it is the same twice, since it changes nothing."""
    before = ledger(world)
    async with desk(world) as account:
        first = await compared(account, days)
    async with desk(world) as account:
        assert await compared(account, days) == first
    assert ledger(world) == before
    return first


def ledger(world: World) -> list[Any]:
    with closing(sqlite3.connect(world.state / "ledger.sqlite3")) as db:
        return db.execute("select * from entry order by number").fetchall()


async def finished(world: World, agent: Agent, **order: Any) -> str:
    task_id = str((await agent.order(**order))["task_id"])
    world.clock.advance(HOUR)
    assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "completed"
    return task_id


async def test_a_ledger_that_agrees_is_told_in_one_line(world: World) -> None:
    async with world.client() as agent:
        await finished(world, agent)
        await finished(world, agent, task_type="txt2video-1.3b")
        await agent.order(request_id="open")
    code, words = await bill(world)
    assert code == 0
    assert words == "The provider and this ledger agree on 3 orders of the last 30 days, $0.40 charged."


async def test_a_task_that_was_ordered_elsewhere_is_named_with_its_price(world: World) -> None:
    async with world.client() as agent:
        await finished(world, agent)
    strange = await of_a_person(world)
    code, words = await bill(world)
    assert code == 1
    assert strange in words
    assert "somebody's boat" in words
    assert "$0.28" in words.split("does not:")[1]
    assert "paid twice" not in words


async def test_a_task_of_another_service_is_passed_over(world: World) -> None:
    async with world.client() as agent:
        await finished(world, agent)
    other = await of_a_person(world)
    task = next(task for task in world.simulator.store.all() if task.task_id == other)
    world.line.rewrite(lambda body: _rename(body, task.task_id), "/api/open/tasks/histories")
    code, words = await bill(world)
    assert (code, other in words) == (0, False)


@pytest.mark.parametrize("model", ["Wan", "qubico/WANX"])
async def test_a_task_of_a_known_model_is_named_even_if_its_row_has_a_type_of_another_name(
    world: World, model: str
) -> None:
    async with world.client() as agent:
        await finished(world, agent)
    strange = await of_a_person(world)
    world.line.rewrite(lambda body: _rename(body, strange, "video_task", model), "/api/open/tasks/histories")
    code, words = await bill(world)
    assert (code, strange in words) == (1, True)


def _rename(body: dict[str, Any], task_id: str, kind: str = "video2audio", model: str = "Qubico/mmaudio") -> None:
    for row in body["data"]["data"] or []:
        if row["task_id"] == task_id:
            row.update(action=kind, model=model)


async def test_the_same_order_placed_again_by_another_program_may_have_been_paid_twice(world: World) -> None:
    async with world.client() as agent:
        ours = (await agent.order(prompt="somebody's boat"))["task_id"]
    world.clock.advance(40)
    again = await of_a_person(world)
    code, words = await bill(world)
    assert code == 1
    assert f"{again}" in words
    assert f"asks for the same as {ours}: perhaps one order, paid twice" in words


async def test_two_tasks_of_other_programs_that_ask_for_the_same_are_named_together(world: World) -> None:
    async with world.client() as agent:
        await finished(world, agent)
    one, other = await of_a_person(world), await of_a_person(world)
    _, words = await bill(world)
    assert f"asks for the same as {one}" in words
    assert f"asks for the same as {other}" in words


async def test_an_order_of_unknown_outcome_is_named_beside_the_task_that_it_may_be(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST, task_type="txt2video-14b", prompt="a lost boat")
        await agent.call("list_wanx_tasks")
    lost = await of_a_person(world, prompt="a lost boat")
    code, words = await bill(world)
    assert code == 1
    assert f"may be order 1: wanx-mcp ledger --settle 1 --task-id {lost}" in words


async def test_a_charge_that_differs_is_told_from_both_sides(world: World) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
    with closing(sqlite3.connect(world.state / "ledger.sqlite3")) as db:
        db.execute("update entry set charged = 1200000")
        db.commit()
    code, words = await bill(world)
    assert code == 1
    assert task_id in words
    assert "ledger: completed, $0.12 charged, $0.28 booked; provider: completed, $0.28 charged" in words


async def test_a_task_that_the_provider_does_not_know_any_more_is_named(world: World) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        world.clock.advance(HOUR)
    world.simulator.store.forget(task_id)
    code, words = await bill(world)
    assert code == 1
    assert "does not know these any more" in words
    assert task_id in words


async def test_what_the_history_leaves_out_is_no_loss_while_its_id_is_answered(world: World) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        world.clock.advance(HOUR)
    world.line.rewrite(lambda body: body["data"].update(data=[]), "/api/open/tasks/histories")
    code, words = await bill(world)
    assert (code, task_id in words) == (0, False)
    assert "agree on 1 order of" in words


@pytest.mark.parametrize("name", ["history_page_repeats", "history_shuffled"])
async def test_a_history_that_cannot_be_trusted_is_not_called_complete(world: World, name: str) -> None:
    async with world.client() as agent:
        for number in range(3):
            await finished(world, agent, request_id=str(number))
    world.simulator.weather.quirks = (QUIRKS[name],)
    code, words = await bill(world)
    assert code == 1
    assert "The history is not complete" in words


@pytest.mark.parametrize("name", [name for name in QUIRKS if name.startswith("history_")])
async def test_an_odd_history_brings_no_false_charge_against_orders_of_ours(world: World, name: str) -> None:
    async with world.client() as agent:
        tasks = [await finished(world, agent, request_id=str(number)) for number in range(2)]
        tasks.append(str((await agent.order(request_id="open"))["task_id"]))
        world.simulator.weather.quirks = (QUIRKS[name],)
        async with desk(world) as account:
            try:
                _, words = await compared(account, 30)
            except WanxError as error:
                words = str(error)
    assert not [task for task in tasks if task in words]


def test_the_command_says_what_it_needs(tmp_path: Any) -> None:
    state = {"WANX_STATE_DIR": str(tmp_path)}
    assert "there is no ledger" in run("ledger", "--check", **state).stderr
    assert run("ledger", "--check", "--settle", "1", "--not-placed", **state).returncode == 2
    assert run("ledger", "--check", "--days", "0", **state).returncode == 2
