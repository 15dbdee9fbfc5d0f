"""kill -9 between a task handle and its `tasks/get`: the handle is the provider's id, so nothing is lost."""

from __future__ import annotations

from typing import Any

from .conftest import House
from .examples import example_of
from .provider_task import Life
from .rawclient import MODERN, StdioServer
from .upstream import Upstream

BOAT = example_of("txt2video-14b").order
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}


def begin(house: House) -> StdioServer:
    server = house.spawn(MODERN)
    server.open(TASKS)
    return server


def test_a_handle_is_read_by_the_next_process(house: House, upstream: Upstream) -> None:
    upstream.next_life(Life(pending_reads=2, processing_reads=1))
    server = begin(house)
    task_id = server.call("create_wanx_task", **BOAT).structured["task_id"]
    call = {"name": "get_wanx_task", "arguments": {"task_id": task_id, "wait_seconds": 45}}
    handle = server.request("tools/call", call).result()
    assert (handle["resultType"], handle["taskId"], handle["status"]) == ("task", task_id, "working")
    server.kill()
    seen: dict[str, Any] = {}
    for _ in range(4):  # each in a process of its own, which is killed after its answer
        server = begin(house)
        seen = server.request("tasks/get", {"taskId": task_id}).result()
        server.kill()
        if seen["status"] != "working":
            break
    assert seen["status"] == "completed"
    assert seen["result"]["structuredContent"]["video_url"]
    assert seen["result"]["structuredContent"]["task_id"] == task_id
    assert upstream.charges == [task_id]
