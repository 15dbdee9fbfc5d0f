"""The limits of time: each with its reason, adding up, and holding whatever is slow."""

from __future__ import annotations

import ast
import importlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import wanx_mcp
from tests.world import Agent, World, text
from wanx_mcp import limits
from wanx_mcp.studio import access, studio
from wanx_mcp.studio.orders import proof

HOUSE = Path(wanx_mcp.__file__).parent
ORDER: dict[str, Any] = {"task_type": "txt2video-14b", "prompt": "a boat"}
NO_COST = re.compile(r"Charged(?: by this call)?: no\.")
MAYBE = re.compile(r"Charged(?: by this call)?: maybe\.")

# The table


SECTIONS = {path.stem: path for path in sorted((HOUSE / "limits").glob("*.py"))}
UNITS = ("_SECONDS", "_PER_MINUTE", "_HOURS", "_BYTES", "_CHARACTERS", "_PIXELS", "_ROWS")


def rows() -> list[tuple[str, str, object, str]]:
    """Each name of the table: its section, itself, its value and the text below it."""
    found = []
    for section, path in SECTIONS.items():
        module = importlib.import_module(f"wanx_mcp.limits.{section}".removesuffix(".__init__"))
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for row, below in zip(body, [*body[1:], None], strict=True):
            if isinstance(row, ast.Assign) and isinstance(row.targets[0], ast.Name):
                reason = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and below.value.value
                name = row.targets[0].id
                found.append((section, name, getattr(module, name), str(reason or "")))
    return found


def test_each_limit_has_a_unit_and_a_reason() -> None:
    for section, name, value, reason in rows():
        # A name that begins with MOST_ and has no unit at its end is a plain number.
        counted = name.startswith("MOST_") and isinstance(value, int)
        assert name.endswith(UNITS) or counted or isinstance(value, timedelta), (section, name)
        assert reason.strip().endswith("."), (section, name)
        assert len(reason) > 20, (section, name)


PROMISES = {"ANSWER_SECONDS", "SLACK_SECONDS", "ORDER_AT_LEAST_SECONDS"}
"""What other limits add up to: the tests below compare them."""


def test_each_limit_has_one_name_and_is_used() -> None:
    names = [name for _, name, _, _ in rows()]
    assert sorted(names) == sorted(set(names))
    others = (path for path in HOUSE.rglob("*.py") if path.parent.name != "limits")
    text = "\n".join(path.read_text(encoding="utf-8") for path in others)
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == PROMISES


ELSEWHERE = {
    "studio/orders/bill.py",
    "studio/orders/reconciling.py",
    "studio/orders/history.py",
    "studio/orders/pictures.py",
    "studio/videos/clips.py",
    "studio/videos/joining.py",
    "studio/videos/saving.py",
    "studio/videos/previewing.py",
    "provider/skew.py",
}
"""What paces background work, or is no limit of a call."""


FACTS = {"DATE_RESOLUTION_SECONDS", "SIGNATURE_BYTES", "HEADER_BYTES", "COEFFICIENT_BYTES"}
"""What others have fixed: the precision of a Date header, the layout of files."""


def test_provider_and_media_keep_their_limits_in_the_table() -> None:
    own = re.compile(
        r"^(_?(?:(?:MAX|MOST|LONGEST|LARGEST)(?:_[A-Z_]*)?|[A-Z_]*(?:SECONDS|BYTES|CHARACTERS|PIXELS)))\b[^=\n]*=\s*[\d.]",
        re.MULTILINE,
    )
    for path in (*(HOUSE / "provider").rglob("*.py"), *(HOUSE / "media").rglob("*.py"), HOUSE / "retry.py"):
        assert set(own.findall(path.read_text(encoding="utf-8"))) <= FACTS, path


def test_no_room_on_the_way_of_an_order_has_limits_of_its_own() -> None:
    own = re.compile(r"^([A-Z_]*SECONDS)\b.*=\s*[\d.]", re.MULTILINE)
    for room in ("studio", "ledger", "provider", "server"):
        for path in sorted((HOUSE / room).rglob("*.py")):
            if path.relative_to(HOUSE).as_posix() not in ELSEWHERE:
                assert own.findall(path.read_text(encoding="utf-8")) == [], path


def test_the_phases_of_a_create_fit_into_its_time() -> None:
    before = limits.PREPARING_SECONDS + limits.ACCOUNT_SECONDS
    left = limits.CREATE_SECONDS - before
    uploads = min(limits.UPLOAD_SECONDS, left / 2)
    assert left - uploads >= limits.ORDER_AT_LEAST_SECONDS
    assert limits.CREATE_SECONDS + limits.BUDGET_LINE_SECONDS + limits.SLACK_SECONDS <= limits.ANSWER_SECONDS
    assert limits.LEDGER_TRY_SECONDS < limits.SLACK_SECONDS / 2


def test_a_wait_for_another_order_ends_long_before_the_call() -> None:
    assert limits.FIRST_ANSWER_SECONDS + limits.ACCOUNT_SECONDS + limits.CONNECT_SECONDS < limits.CREATE_SECONDS
    assert limits.FIRST_ANSWER_POLL_SECONDS * 10 < limits.FIRST_ANSWER_SECONDS


def test_an_order_is_out_of_its_sender_s_hands_before_anybody_may_settle_it() -> None:
    last_attempt_ends = limits.CREATE_SECONDS + limits.ORDER_SECONDS
    assert last_attempt_ends < limits.MAY_LEAVE_SECONDS
    assert limits.MAY_LEAVE_SECONDS + limits.LEDGER_TRY_SECONDS < limits.UNSENT_SECONDS
    assert timedelta(seconds=limits.UNSENT_SECONDS + limits.ORDER_SECONDS) < proof.FIRST_READING


def test_the_last_check_of_an_order_fits_into_its_attempt() -> None:
    assert 2 * limits.CONNECT_SECONDS + limits.LEDGER_SECONDS < limits.ORDER_SECONDS


def test_the_end_of_the_process_is_short() -> None:
    assert limits.GRACE_SECONDS + limits.CLOSING_SECONDS + limits.LOG_END_SECONDS < 1


# Whatever is slow

pytest_anyio = pytest.mark.anyio


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create of 2 s; what it waits for never comes."""
    monkeypatch.setattr(studio, "CREATE_SECONDS", 2.0)
    monkeypatch.setattr(studio, "BUDGET_LINE_SECONDS", 0.1)


@contextmanager
def locked(world: World) -> Iterator[None]:
    with closing(sqlite3.connect(world.state / "ledger.sqlite3", isolation_level=None, timeout=60)) as db:
        db.execute("begin exclusive")
        yield


async def result_of(agent: Agent, **arguments: Any) -> tuple[bool, str]:
    with anyio.fail_after(60):
        result = await agent.call("create_wanx_task", **{**ORDER, **arguments})
    return bool(result.is_error), text(result)


async def emptied(agent: Agent) -> None:
    """Nothing is booked, as soon as what was under way has ended."""
    with anyio.fail_after(60):
        while (listed := await agent.ok("list_wanx_tasks"))["tasks"]:  # noqa: ASYNC110  # the ledger has no event
            await anyio.sleep(0.05)
    assert listed["budget"]["spent_usd"] == 0


def hanging(world: World, part: str) -> None:
    async def hang(request: httpx.Request) -> None:
        if part in f"{request.method} {request.url.path}":
            await anyio.sleep_forever()

    world.line.on_request = hang


@pytest_anyio
@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_ledger_that_stays_locked_is_told_in_time_and_nothing_was_sent(world: World, dry_run: bool) -> None:
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks")
        with locked(world):
            _, told = await result_of(agent, dry_run=dry_run)
        assert "nothing was sent" in told
        assert NO_COST.search(told)
        assert not world.line.sent("POST")
        await emptied(agent)
        await agent.order()


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_an_account_that_is_never_read_costs_no_more_than_the_call(world: World) -> None:
    hanging(world, "GET /account/info")
    async with world.client() as agent:
        failed, told = await result_of(agent)
        assert failed
        assert "nothing was sent" in told
        assert NO_COST.search(told)
        assert not world.line.sent("POST")
        await emptied(agent)


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_a_connection_that_never_stands_is_told_in_time_and_nothing_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "ACCOUNT_SECONDS", 0.1)  # its read meets the same mute host

    async def mute(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610  # no Django here
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, mute)
        async with World({"PIAPI_BASE_URL": f"https://127.0.0.1:{port}"}, wired=True).client() as agent:
            failed, told = await result_of(agent)
            assert failed
            assert NO_COST.search(told)
            assert "outcome_unknown" not in told
        group.cancel_scope.cancel()


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_a_ledger_that_is_locked_at_the_last_check_means_that_nothing_was_sent_and_nothing_stays_booked(
    world: World,
) -> None:
    async with world.client() as agent:
        locks = []

        async def lock(request: httpx.Request) -> None:
            if request.method == "POST" and not locks:
                locks.append(locked(world))
                locks[0].__enter__()

        world.line.on_connect = lock
        failed, told = await result_of(agent)
        assert failed
        assert "nothing was sent" in told
        assert NO_COST.search(told)
        locks[0].__exit__(None, None, None)
        await emptied(agent)
        assert not world.line.sent("POST")
        assert not (await agent.order())["reused"]
    assert len(world.line.sent("POST")) == 1


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_an_answer_that_does_not_come_is_the_only_maybe(world: World) -> None:
    hanging(world, "POST /api/v1/task")
    async with world.client() as agent:
        failed, told = await result_of(agent)
        assert failed
        assert told.startswith("outcome_unknown: ")
        assert MAYBE.search(told)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert (listed["status"], listed["booked_usd"]) == ("unknown", 0.28)


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_an_answer_that_the_ledger_cannot_take_in_time_is_told_with_its_task_and_booked_later(
    world: World,
) -> None:
    locks = []

    async def lock(request: httpx.Request) -> None:
        if request.method == "POST":
            locks.append(locked(world))
            locks[0].__enter__()

    world.line.on_response = lock
    async with world.client() as agent:
        failed, told = await result_of(agent)
        (task,) = world.simulator.store.all()
        assert not failed
        assert f"Task {task.task_id} is pending" in told
        assert "Warning: the order was accepted but could not be booked yet" in told
        locks[0].__exit__(None, None, None)
        with anyio.fail_after(60):
            while (await agent.ok("list_wanx_tasks", status="unknown"))["tasks"]:  # noqa: ASYNC110
                await anyio.sleep(0.05)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        assert listed["task_id"] == task.task_id


@pytest_anyio
@pytest.mark.usefixtures("short")
async def test_a_refusal_that_the_ledger_cannot_take_in_time_is_told_as_it_is(world: World) -> None:
    world.simulator.credit = 0
    locks = []

    async def lock(request: httpx.Request) -> None:
        if request.method == "POST":
            locks.append(locked(world))
            locks[0].__enter__()

    world.line.on_response = lock
    async with world.client() as agent:
        failed, told = await result_of(agent)
        assert failed
        assert told.startswith("out_of_credit: ")
        assert NO_COST.search(told)
        locks[0].__exit__(None, None, None)
        await emptied(agent)


@pytest_anyio
@pytest.mark.parametrize("sleep", ["suspend", "shift", "advance"])
async def test_an_order_that_leaves_too_late_is_not_sent_and_nothing_stays_booked(world: World, sleep: str) -> None:
    """Its machine was suspended, its clock was set, or it waited: by now another process may have settled it."""
    late = [limits.MAY_LEAVE_SECONDS + 1]

    async def pass_time(request: httpx.Request) -> None:
        if request.method == "POST" and late:
            getattr(world.clock, sleep)(late.pop())

    world.line.on_connect = pass_time
    async with world.client() as agent:
        failed, told = await result_of(agent)
        assert failed
        assert "the order was not sent" in told
        assert NO_COST.search(told)
        assert not world.line.sent("POST")
        await emptied(agent)
        assert not (await agent.order())["reused"]
    assert len(world.line.sent("POST")) == 1


# What is refused at once


@pytest_anyio
@pytest.mark.parametrize(
    ("environment", "given", "code"),
    [
        ({"PIAPI_API_KEY": ""}, {}, "not_configured: there is no PIAPI_API_KEY"),
        ({"WANX_DAILY_BUDGET_USD": "five"}, {}, "not_configured: WANX_DAILY_BUDGET_USD"),
        ({"WANX_ASSUMED_PRICE_USD": "0"}, {"task_type": "wan22-img2video-14b"}, "not_configured: WANX_ASSUMED_PRICE"),
        ({}, {"colour": "red"}, "invalid_order: "),
    ],
)
async def test_what_is_plainly_impossible_is_refused_before_a_picture_is_looked_at(
    environment: dict[str, str], given: dict[str, Any], code: str
) -> None:
    async with World(environment).client() as agent:
        picture = {"task_type": "img2video-14b", "image": "data:image/png;base64,AAAA"}
        error = await agent.error("create_wanx_task", **{**ORDER, **picture, **given})
    assert error.startswith(code)
