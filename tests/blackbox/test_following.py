"""An order brings its video home by itself, with real processes: followed, saved once, told without the provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import weather as w
from .answers import error_of
from .conftest import House
from .examples import example_of
from .provider_task import IN_WORK, Life
from .rawclient import PATIENCE, StdioServer
from .test_money import order
from .upstream import VIDEO, Upstream

BOAT = example_of("txt2video-14b").order


def clips(house: House) -> list[Path]:
    return sorted((house.root / "videos").glob("*.mp4"))


def litter(house: House) -> list[Path]:
    return sorted((house.root / "videos").glob(".wanx-*"))


def comes(what: Callable[[], Any]) -> Any:
    """Waits for something that the background will bring."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def told(server: StdioServer, task_id: str, wait: int = 0) -> dict[str, Any]:
    return server.call("get_wanx_task", task_id=task_id, wait_seconds=wait).structured


def rows(server: StdioServer, **arguments: Any) -> list[dict[str, Any]]:
    return server.call("list_wanx_tasks", **arguments).structured["tasks"]  # type: ignore[no-any-return]


def test_the_usual_clip_is_an_order_and_a_wait(house: House, upstream: Upstream) -> None:
    server = house.start()
    task_id = order(server, BOAT, request_id="take-1")["task_id"]
    seen = told(server, task_id, 45)
    assert [str(clip) for clip in clips(house)] == [seen["saved_path"]]
    assert Path(seen["saved_path"]).read_bytes() == VIDEO
    assert Path(seen["saved_path"]).name.startswith("take-1")
    assert seen["charged_usd"] == pytest.approx(0.28)
    assert not litter(house)


def test_a_clip_comes_home_although_nobody_waits(house: House, upstream: Upstream) -> None:
    server = house.start()
    task_id = order(server, BOAT, file_name="my boat")["task_id"]
    comes(lambda: clips(house))
    (row,) = comes(lambda: [row for row in rows(server) if row.get("saved_path")])
    assert (row["task_id"], row["status"], row["charged_usd"]) == (task_id, "completed", pytest.approx(0.28))
    assert [clip.name for clip in clips(house)] == ["my boat.mp4"]


def test_no_clip_is_saved_where_the_operator_says_no(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_AUTO_SAVE="false")
    task_id = order(server, BOAT)["task_id"]
    seen = told(server, task_id, 45)
    assert seen["video_url"] and "saved_path" not in seen and "saving" not in seen["next_step"]
    comes(lambda: [row for row in rows(server) if row["status"] == "completed"])
    server.stop()
    later = house.start()  # what was ordered without is not fetched by one with
    order(later, BOAT, request_id="another")
    comes(lambda: clips(house))
    assert [row.get("request_id") for row in rows(later) if row.get("saved_path")] == ["another"]
    assert len(clips(house)) == 1


def test_a_server_that_starts_goes_on_with_what_is_open(house: House, upstream: Upstream) -> None:
    upstream.next_life(Life(processing_reads=1))
    first = house.start()
    task_id = order(first, BOAT)["task_id"]
    first.kill()
    second = house.start()
    comes(lambda: clips(house))
    assert comes(lambda: [row for row in rows(second) if row.get("saved_path")])[0]["task_id"] == task_id
    assert len(upstream.orders) == len(clips(house)) == len(upstream.seen("media")) == 1


def test_a_server_without_a_ledger_makes_none(house: House, upstream: Upstream) -> None:
    server = house.start()
    time.sleep(5)  # longer than it takes a server to go on with its orders
    assert server.tools()
    assert not house.state.exists() and not upstream.requests


@pytest.mark.parametrize("servers", [2, 8])
def test_many_servers_on_one_ledger_save_each_clip_once(servers: int, house: House, upstream: Upstream) -> None:
    upstream.life = Life(processing_reads=1)
    started = [house.start() for _ in range(servers)]
    tasks = [order(server, BOAT, request_id=f"take-{n}")["task_id"] for n, server in enumerate(started)]
    comes(lambda: len(clips(house)) >= servers)
    comes(lambda: len([row for row in rows(started[0], limit=50) if row.get("saved_path")]) == servers)
    assert len(clips(house)) == len(upstream.seen("media")) == servers
    assert not litter(house)
    for server, task_id in zip(started, reversed(tasks), strict=True):
        assert Path(told(server, task_id)["saved_path"]) in clips(house)


def test_reads_stay_within_the_limit_while_nobody_waits(house: House, upstream: Upstream) -> None:
    upstream.life = IN_WORK
    started = [house.start(WANX_READS_PER_MINUTE="6") for _ in range(2)]
    tasks = [order(started[n % 2], BOAT, request_id=f"take-{n}")["task_id"] for n in range(4)]
    begun = len(upstream.seen("read"))
    time.sleep(62)
    read = [request.path.rsplit("/", 1)[-1] for request in upstream.seen("read")[begun:]]
    assert len(tasks) - 1 <= len(read) <= 6
    assert all(read.count(task_id) <= 2 for task_id in tasks)


def test_ended_orders_are_told_with_path_and_charge_while_the_provider_is_down(
    house: House, upstream: Upstream
) -> None:
    server = house.start()
    done = order(server, BOAT)["task_id"]
    path = told(server, done, 45)["saved_path"]
    upstream.next_life(IN_WORK)
    running = order(server, BOAT, request_id="second")["task_id"]
    assert told(server, running)["status"] == "processing"
    upstream.always("read", w.Behaviour(status=503, acts=False))
    time.sleep(2.1)  # a read within two seconds is answered from memory
    seen, other = told(server, done), told(server, running, 3)
    assert (seen["status"], seen["saved_path"], seen["charged_usd"]) == ("completed", path, pytest.approx(0.28))
    assert seen["as_of"] and other["as_of"] and other["status"] == "processing"
    failed = server.call("get_wanx_task", task_id="somebody-elses")
    assert error_of(failed, "provider_fault", charged="no").known is None
    server.stop()
    again = house.start()
    assert told(again, done)["saved_path"] == path


def test_a_list_that_waits_returns_with_the_first_end(house: House, upstream: Upstream) -> None:
    server = house.start()
    upstream.next_life(Life(processing_reads=1), IN_WORK)
    order(server, BOAT, request_id="one")
    order(server, BOAT, request_id="two")
    listed = server.call("list_wanx_tasks", wait_seconds=45).structured
    assert {row["request_id"]: row["status"] for row in listed["tasks"]} == {"one": "completed", "two": "processing"}
    assert listed["charged_usd"] == pytest.approx(0.28) and listed["reserved_usd"] == pytest.approx(0.28)
    empty = server.call("list_wanx_tasks", status="failed")
    assert "No failed orders; 2 others" in empty.text and "create_wanx_task" not in empty.structured["next_step"]


def test_a_save_with_a_name_renames_what_came_by_itself(house: House, upstream: Upstream) -> None:
    server = house.start()
    task_id = order(server, BOAT)["task_id"]
    first = Path(told(server, task_id, 45)["saved_path"])
    (first.parent / "boat.mp4").write_bytes(b"another film")
    renamed = Path(server.call("save_wanx_video", task_id=task_id, file_name="boat.mp4").structured["path"])
    assert renamed.name == "boat-2.mp4" and renamed.read_bytes() == VIDEO and not first.exists()
    assert (first.parent / "boat.mp4").read_bytes() == b"another film"
    assert rows(server)[0]["saved_path"] == str(renamed)
    assert len(upstream.seen("media")) == 1
