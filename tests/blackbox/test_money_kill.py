"""kill -9 at each step of an order: never more charges than orders, and every task is found after the restart."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import weather as w
from .answers import error_of
from .conftest import House
from .examples import example_of
from .rawclient import StdioServer
from .test_money import listed, order, spent
from .upstream import Upstream

REPEATS = int(os.environ.get("BLACKBOX_REPEATS", "2"))
ERAS = ("2025-11-25", "2026-07-28")
BOAT = example_of("txt2video-14b").order
repeated = pytest.mark.parametrize("turn", range(REPEATS))


def survives(house: House, upstream: Upstream, turn: int) -> None:
    """What must hold after any death in the middle of the order BOAT with the key `take-1`."""
    server = house.start(ERAS[turn % 2])
    rows = listed(server)
    assert len(rows) <= 1 and len(upstream.charges) <= 1
    if upstream.charges:
        assert [row.get("task_id") for row in rows] == upstream.charges, "a paid task was lost"
        assert order(server, BOAT, request_id="take-1")["task_id"] == upstream.charges[0]
    elif rows:
        assert rows[0]["status"] == "unknown"
        assert spent(server) == pytest.approx(0.28)
        error_of(server.call("create_wanx_task", **BOAT, request_id="take-1"), "outcome_unknown", charged="no|maybe")
        assert upstream.charges == []
    else:
        told = order(server, BOAT, request_id="take-1")
        assert ([told["task_id"]], told["reused"]) == (upstream.charges, False)
    for task_id in upstream.charges:
        assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "completed"
    assert len(upstream.charges) <= 1 and len(listed(server)) == 1
    assert spent(server) == pytest.approx(0.28)


def begin(house: House, turn: int) -> StdioServer:
    """A warm server, so that the order itself is all that is left to do."""
    server = house.start(ERAS[turn % 2])
    server.call("create_wanx_task", **BOAT, request_id="take-1", dry_run=True)
    return server


@pytest.fixture(scope="module")
def seconds_to_the_provider(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a warm server takes from the call to the request's arrival; an order that is not accepted."""
    with Upstream() as provider:
        house = House(tmp_path_factory.mktemp("rehearsal"), provider.base_url)
        server = begin(house, 0)
        gate = provider.hold("create", "before", w.CUT_BEFORE_ACCEPTING)
        begun = time.monotonic()
        server.start_call("create_wanx_task", **BOAT, request_id="take-1")
        gate.wait_until_reached()
        whole = time.monotonic() - begun
        gate.open()
        house.close()
    return whole


@repeated
@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_killed_on_the_way_to_the_provider(
    share: float, turn: int, house: House, upstream: Upstream, seconds_to_the_provider: float
) -> None:
    """The kill moves through the order's way: before the intention, while it is written, after it."""
    server = begin(house, turn)
    server.start_call("create_wanx_task", **BOAT, request_id="take-1")
    time.sleep(seconds_to_the_provider * (share + turn / REPEATS / 5))
    server.kill()
    upstream.settle()
    survives(house, upstream, turn)


@repeated
def test_killed_before_any_connection(turn: int, tmp_path: Path) -> None:
    """The provider's port takes no more connections, neither for the account read nor for the order."""
    with Clogged() as clog:
        house = House(tmp_path, f"http://127.0.0.1:{clog.port}")
        server = begin(house, turn)
        server.start_call("create_wanx_task", **BOAT, request_id="take-1")
        clog.wait_for_a_knock()
        server.kill()
    with Upstream(clog.port) as upstream:
        survives(house, upstream, turn)
        assert len(upstream.orders) <= 1, "killed before its intention, it may be placed, but once"
    house.close()


@repeated
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted all the same", "not accepted"])
def test_killed_when_the_request_has_arrived(accepted: bool, turn: int, house: House, upstream: Upstream) -> None:
    gate = upstream.hold("create", "before", w.PLAIN if accepted else w.CUT_BEFORE_ACCEPTING)
    _kill_at(gate, house, turn)
    upstream.settle()
    assert len(upstream.charges) == int(accepted)
    survives(house, upstream, turn)
    assert len(upstream.orders) == 1


@repeated
def test_killed_when_the_order_is_accepted_but_not_answered(turn: int, house: House, upstream: Upstream) -> None:
    _kill_at(upstream.hold("create", "after"), house, turn)
    survives(house, upstream, turn)
    assert len(upstream.orders) == 1


@repeated
def test_killed_when_the_answer_is_on_the_wire(turn: int, house: House, upstream: Upstream) -> None:
    _kill_at(upstream.hold("create", "answered"), house, turn, pause=0.004 * turn)
    survives(house, upstream, turn)
    assert len(upstream.orders) == 1


@repeated
def test_killed_when_the_agent_has_its_answer(turn: int, house: House, upstream: Upstream) -> None:
    server = begin(house, turn)
    order(server, BOAT, request_id="take-1")
    server.kill()
    survives(house, upstream, turn)
    assert len(upstream.orders) == 1


@repeated
@pytest.mark.parametrize("end", ["end of input", "SIGTERM"])
def test_ended_politely_in_the_middle_of_an_order(end: str, turn: int, house: House, upstream: Upstream) -> None:
    server = begin(house, turn)
    gate = upstream.hold("create", "after")
    server.start_call("create_wanx_task", **BOAT, request_id="take-1")
    gate.wait_until_reached()
    polite: dict[str, Callable[[], Any]] = {"end of input": server.close_stdin, "SIGTERM": lambda: server.signal(15)}  # type: ignore[arg-type]
    polite[end]()
    server.wait_for_exit()
    gate.open()
    survives(house, upstream, turn)
    assert len(upstream.orders) == 1


def _kill_at(gate: w.Gate, house: House, turn: int, pause: float = 0) -> None:
    server = begin(house, turn)
    server.start_call("create_wanx_task", **BOAT, request_id="take-1")
    gate.wait_until_reached()
    time.sleep(pause)
    server.kill()
    gate.open()


class Clogged:
    """A loopback port whose queue of waiting connections is full: whoever knocks waits."""

    def __enter__(self) -> Clogged:
        self._door = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._door.getsockname()[1]
        self._fillers = [socket.socket() for _ in range(3)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
        time.sleep(0.05)
        self._already = self._knocking()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._fillers, self._door):
            one.close()

    def wait_for_a_knock(self) -> None:
        deadline = time.monotonic() + 120
        while self._knocking() <= self._already:
            assert time.monotonic() < deadline, "the server never tried to connect"
            time.sleep(0.005)

    def _knocking(self) -> int:
        """Connections towards the port that have not come about (state SYN_SENT)."""
        table = Path("/proc/net/tcp")
        if not table.exists():
            pytest.skip("needs /proc/net/tcp to see a connection that is being tried")
        rows = (line.split() for line in table.read_text().splitlines()[1:])
        return sum(row[2] == f"0100007F:{self.port:04X}" and row[3] == "02" for row in rows)
