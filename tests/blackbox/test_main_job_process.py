"""The process itself: it ends when asked to, whatever is under way, writes nothing but the protocol, and works without a key or a network."""

from __future__ import annotations

import signal
import urllib.request
from collections.abc import Callable

import pytest

from .answers import fetch_to_the_end
from .conftest import House
from .examples import example_of
from .provider_task import IN_WORK
from .rawclient import StdioServer
from .upstream import Upstream

BOAT = example_of("txt2video-14b")
SOON = 40.0
"""Seconds: less than a wait (45) or an order (60) takes. How quickly it ends is told by `python -m tests.bench.ending`."""

ENDS: dict[str, Callable[[StdioServer], None]] = {
    "end of input": lambda server: server.close_stdin(),
    "SIGTERM": lambda server: server.signal(signal.SIGTERM),
    "SIGINT": lambda server: server.signal(signal.SIGINT),
}
BOTH_ERAS = pytest.mark.parametrize("era", ["2025-11-25", "2026-07-28"])
EVERY_END = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())


@BOTH_ERAS
@EVERY_END
def test_an_idle_server_ends(end: Callable[[StdioServer], None], era: str, house: House) -> None:
    server = house.start(era)
    server.tools()
    end(server)
    server.wait_for_exit(SOON)


@BOTH_ERAS
@EVERY_END
def test_a_server_that_has_worked_ends(end: Callable[[StdioServer], None], era: str, house: House) -> None:
    server = house.start(era)
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    server.call("get_wanx_task", task_id=task_id)
    end(server)
    server.wait_for_exit(SOON)


@BOTH_ERAS
@EVERY_END
def test_a_server_in_the_middle_of_an_order_ends_before_the_order_does(
    end: Callable[[StdioServer], None], era: str, house: House, upstream: Upstream
) -> None:
    server = house.start(era)
    gate = upstream.hold("create", "before")
    server.start_call("create_wanx_task", **BOAT.order)
    gate.wait_until_reached()
    end(server)
    server.wait_for_exit(SOON)
    gate.open()


@BOTH_ERAS
@EVERY_END
def test_a_server_in_the_middle_of_a_wait_ends_before_the_wait_does(
    end: Callable[[StdioServer], None], era: str, house: House, upstream: Upstream
) -> None:
    upstream.life = IN_WORK
    server = house.start(era)
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    gate = upstream.hold("read", "answered")
    server.start_call("get_wanx_task", task_id=task_id, wait_seconds=45)
    gate.wait_until_reached()
    gate.open()
    end(server)
    server.wait_for_exit(SOON)


def test_a_read_that_hangs_does_not_hold_the_process(house: House, upstream: Upstream) -> None:
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    gate = upstream.hold("read", "before")
    server.start_call("get_wanx_task", task_id=task_id)
    gate.wait_until_reached()
    server.close_stdin()
    server.wait_for_exit(SOON)
    assert len(upstream.seen("read")) == 1, "it stayed until the read had timed out, and read again"


def test_a_day_without_trouble_is_quiet_on_stderr(house: House) -> None:
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    server.call("get_wanx_task", task_id=task_id)
    server.call("create_wanx_task", task_type="nonsense")
    server.stop()
    assert server.stderr == ""


def test_a_line_that_is_no_message_does_no_harm(house: House) -> None:
    server = house.start()
    for line in ("hello", "{", "[]", '"x"'):
        server.send_line(line)
    assert server.tools()


def test_unknown_settings_are_warned_about_on_stderr_only(house: House) -> None:
    server = house.start(WANX_DAYLY_BUDGET_USD="1", PIAPI_KEY="x")
    assert server.tools()
    server.stop()
    assert "WANX_DAYLY_BUDGET_USD" in server.stderr and "PIAPI_KEY" in server.stderr


def test_the_simulator_does_the_whole_job_without_key_or_network(house: House, upstream: Upstream) -> None:
    server = house.start(without="PIAPI_API_KEY PIAPI_BASE_URL", WANX_SIMULATE="1", WANX_SIMULATE_SPEED="1000")
    answer = server.call("create_wanx_task", **BOAT.order)
    assert answer.structured["simulated"] is True and "simulat" in answer.text.lower()
    finished = fetch_to_the_end(server, answer.structured["task_id"])
    assert (finished["status"], finished["simulated"]) == ("completed", True)
    with urllib.request.urlopen(finished["video_url"], timeout=120) as video:
        assert video.read(12)[4:8] == b"ftyp"
    assert upstream.requests == []


def test_the_simulator_is_used_even_beside_a_key(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_SIMULATE="true")
    assert server.call("create_wanx_task", **BOAT.order).structured["simulated"] is True
    assert upstream.requests == []
