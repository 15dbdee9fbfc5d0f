"""kill -9 at each step of following and saving: after the restart each clip is home, once, and nothing is left behind."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from . import weather as w
from .conftest import House
from .provider_task import Life
from .rawclient import StdioServer
from .test_following import BOAT, clips, comes, litter, rows
from .test_money import order
from .upstream import VIDEO, Upstream

REPEATS = int(os.environ.get("BLACKBOX_REPEATS", "2"))
repeated = pytest.mark.parametrize("turn", range(REPEATS))


def comes_home(house: House, upstream: Upstream, server: StdioServer) -> None:
    """What must hold after any death between the order and the file: the next server brings it home, once."""
    (row,) = comes(lambda: [row for row in rows(server) if row.get("saved_path")])
    assert [str(clip) for clip in clips(house)] == [row["saved_path"]]
    assert Path(row["saved_path"]).read_bytes() == VIDEO
    assert not litter(house)
    assert (row["status"], row["charged_usd"]) == ("completed", pytest.approx(0.28))
    assert len(upstream.orders) == 1
    with closing(sqlite3.connect(house.state / "ledger.sqlite3")) as ledger:
        assert ledger.execute("select save_to, save_failures, landing from entry").fetchall() == [(None, 0, None)]


def killed_at(gate: w.Gate, house: House, pause: float = 0.0) -> StdioServer:
    """A server that is killed `pause` seconds after the gate is reached, while it waits for its clip; the next one."""
    server = house.start()
    task_id = order(server, BOAT)["task_id"]
    server.start_call("get_wanx_task", task_id=task_id, wait_seconds=45)
    gate.wait_until_reached()
    time.sleep(pause)
    server.kill()
    gate.open()
    return house.start()


@repeated
def test_killed_when_the_agent_has_the_answer_to_its_order(turn: int, house: House, upstream: Upstream) -> None:
    upstream.next_life(Life(processing_reads=turn))
    server = house.start()
    order(server, BOAT)
    server.kill()
    comes_home(house, upstream, house.start())


@repeated
@pytest.mark.parametrize("moment", ["before", "after", "answered"])
def test_killed_while_the_task_is_read(moment: w.Moment, turn: int, house: House, upstream: Upstream) -> None:
    comes_home(house, upstream, killed_at(upstream.hold("read", moment), house, 0.004 * turn))


@repeated
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_the_clip_is_fetched(moment: w.Moment, turn: int, house: House, upstream: Upstream) -> None:
    time.sleep(0)
    server = killed_at(upstream.hold("media", moment), house, 1.1 * turn)
    comes_home(house, upstream, server)
    assert len(upstream.seen("media")) == 2


@repeated
@pytest.mark.parametrize("share", range(5))
def test_killed_while_the_clip_is_put_in_its_place(share: int, turn: int, house: House, upstream: Upstream) -> None:
    """The kill moves through the check of the file, its note, its renaming, and the note that it is there."""
    server = killed_at(upstream.hold("media", "answered"), house, 0.006 * (share + turn / REPEATS))
    comes_home(house, upstream, server)


@repeated
def test_killed_when_the_clip_is_at_home(turn: int, house: House, upstream: Upstream) -> None:
    server = house.start()
    task_id = order(server, BOAT)["task_id"]
    assert server.call("get_wanx_task", task_id=task_id, wait_seconds=45).structured["saved_path"]
    server.kill()
    comes_home(house, upstream, house.start())
    assert len(upstream.seen("media")) == 1


@repeated
def test_a_second_server_goes_on_within_a_minute_when_the_first_one_dies(
    turn: int, house: House, upstream: Upstream
) -> None:
    upstream.next_life(Life(processing_reads=2))
    first, second = house.start(), house.start()
    order(first, BOAT)
    comes(lambda: upstream.seen("read"))
    first.kill()
    begun = time.monotonic()
    comes_home(house, upstream, second)
    assert time.monotonic() - begun < 60 + 30


@repeated
@pytest.mark.parametrize("noted", [True, False], ids=["file in place", "file not in place"])
def test_a_place_that_was_noted_is_looked_at_before_anything_is_fetched(
    noted: bool, turn: int, house: House, upstream: Upstream
) -> None:
    """The death between the renaming and its note, which no kill from outside meets for certain."""
    server = house.start()
    task_id = order(server, BOAT)["task_id"]
    path = Path(server.call("get_wanx_task", task_id=task_id, wait_seconds=45).structured["saved_path"])
    server.kill()
    with closing(sqlite3.connect(house.state / "ledger.sqlite3", isolation_level=None)) as ledger:
        copy = "json_object('path', path, 'bytes', bytes, 'sha256', sha256, 'automatic', 1, 'moving_to', null)"
        ledger.execute(
            f"update entry set save_to = ?, landing = (select {copy} from saved), lease_ends_at = 9e12",
            (str(path.parent),),
        )
        ledger.execute("delete from saved")
    if not noted:
        path.unlink()
    comes_home(house, upstream, house.start())
    assert clips(house) == [path]
    assert len(upstream.seen("media")) == (1 if noted else 2)
