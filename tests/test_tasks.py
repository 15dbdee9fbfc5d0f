"""The Tasks extension: a wait becomes a handle for those who asked for handles, and nothing of it is lost."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.extension import advertise
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_REQUIRED_CLIENT_CAPABILITY, ErrorData

from tests.handles import Handles, ask, standing
from tests.world import Agent, World, text
from wanx_mcp.clock import RealClock
from wanx_mcp.server.tasks_extension import Broken, Dropped, Handle, Tasks
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio

DECLARED = advertise("io.modelcontextprotocol/tasks")


async def handed(agent: Agent, task_id: str) -> dict[str, Any]:
    """The raw answer to a waiting get."""
    answer = await agent.client.session.call_tool(
        "get_wanx_task", {"task_id": task_id, "wait_seconds": 45}, allow_claimed=True
    )
    return dict(answer.model_dump(by_alias=True, exclude_none=True))


async def test_a_waiting_get_is_answered_with_a_handle_that_completes_with_the_same_result(world: World) -> None:
    handles = Handles(world.clock)
    async with world.client(extensions=[handles]) as agent:
        task_id = (await agent.order())["task_id"]
        followed = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
        again = await agent.ok("get_wanx_task", task_id=task_id)
    (created,) = handles.created
    assert (created.task_id, created.status, created.ttl_ms) == (task_id, "working", None)
    assert created.poll_interval_ms
    assert 5000 <= created.poll_interval_ms <= 10_000
    assert "left" in (created.status_message or "")
    assert followed == again
    assert followed["status"] == "completed"
    assert followed["video_url"]


async def test_the_handle_survives_a_restart_of_the_server(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        assert (await handed(agent, task_id))["resultType"] == "task"
    world.clock.advance(3600)
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        seen = await standing(agent.client.session, task_id)
    assert seen.status == "completed"
    assert seen.result
    assert seen.result["structuredContent"]["video_url"]
    assert len(world.line.sent("POST")) == 1


async def test_many_handles_together_cause_no_more_reads_than_waiting_may(world: World) -> None:
    count, minutes = 20, 5
    async with world.client(extensions=[DECLARED]) as agent:
        due = {(await agent.order(prompt=str(number)))["task_id"]: 0.0 for number in range(count)}
        begun, sent = world.clock.seconds(), len(world.line.sent("GET"))
        while due and (passed := world.clock.seconds() - begun) < 60 * minutes:
            task_id = min(due, key=due.__getitem__)
            if due[task_id] > passed:
                world.clock.advance(due[task_id] - passed)
            seen = await standing(agent.client.session, task_id)
            due[task_id] = world.clock.seconds() - begun + (seen.poll_interval_ms or 0) / 1000
            if seen.status != "working":
                del due[task_id]
        reads = len(world.line.sent("GET")) - sent
        assert due  # they go on, and nobody was forgotten
        assert reads >= 3 * count
    first = count  # a first look always goes through
    assert reads <= world.settings.reads_per_minute * minutes + first


async def test_a_failed_generation_is_a_completed_call_that_says_so(world: World) -> None:
    world.simulator.weather.failing = 1.0
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        followed = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
        seen = await standing(agent.client.session, task_id)
    assert followed["status"] == "failed"
    assert followed["error_message"]
    assert seen.status == "completed"
    assert seen.result
    assert "isError" not in seen.result or seen.result["isError"] is False


@pytest.mark.parametrize(
    "arguments", [{}, {"wait_seconds": 0}, {"wait_seconds": "many"}, {"wait": 45}], ids=["none", "0", "text", "unknown"]
)
async def test_a_call_that_does_not_wait_is_answered_at_once(world: World, arguments: dict[str, Any]) -> None:
    handles = Handles(world.clock)
    async with world.client(extensions=[handles]) as agent:
        task_id = (await agent.order())["task_id"]
        result = await agent.call("get_wanx_task", task_id=task_id, **arguments)
    assert not handles.created
    assert result.is_error is (arguments not in ({}, {"wait_seconds": 0}))


async def test_a_finished_task_is_answered_at_once(world: World) -> None:
    handles = Handles(world.clock)
    async with world.client(extensions=[handles]) as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(3600)
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=45)
    assert seen["status"] == "completed"
    assert not handles.created


async def test_an_unknown_id_is_an_error_and_no_handle(world: World) -> None:
    handles = Handles(world.clock)
    async with world.client(extensions=[handles]) as agent:
        assert (await agent.error("get_wanx_task", task_id="nope", wait_seconds=45)).startswith("task_not_found:")
        assert len(world.line.sent("GET")) == 1
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            with pytest.raises(MCPError) as caught:
                await ask(agent.client.session, method, "nope")
            assert caught.value.code == INVALID_PARAMS
    assert not handles.created


async def test_a_client_that_does_not_name_the_extension_gets_the_bounded_wait(world: World) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=30)
        assert seen["status"] in ("pending", "processing")
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            with pytest.raises(MCPError) as caught:
                await ask(agent.client.session, method, task_id)
            assert caught.value.code == MISSING_REQUIRED_CLIENT_CAPABILITY
            assert caught.value.data == {"requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}


async def test_an_older_client_that_names_the_extension_gets_the_bounded_wait(world: World) -> None:
    async with world.client("legacy", extensions=[DECLARED]) as agent:
        task_id = (await agent.order())["task_id"]
        seen = await agent.ok("get_wanx_task", task_id=task_id, wait_seconds=30)
        assert seen["status"] in ("pending", "processing")
        with pytest.raises(MCPError) as caught:
            await ask(agent.client.session, "tasks/get", task_id)
        assert caught.value.code == METHOD_NOT_FOUND


async def test_cancelling_the_handle_ends_the_wait_and_never_the_paid_order(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        await handed(agent, task_id)
        assert (await ask(agent.client.session, "tasks/cancel", task_id))["resultType"] == "complete"
        assert not world.line.sent("DELETE")
        world.clock.advance(3600)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["status"] == "completed"


async def test_an_update_is_taken_and_ignored_since_nothing_is_ever_asked(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        answer = await ask(agent.client.session, "tasks/update", task_id)
        assert answer["resultType"] == "complete"
        assert "taskId" not in answer
        assert (await standing(agent.client.session, task_id)).status == "working"


async def test_a_provider_that_stumbles_does_not_end_a_task_of_ours(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        await handed(agent, task_id)
        world.clock.advance(10)
        world.simulator.weather.coming("GET", *[Fault.FAIL_500] * 20)
        seen = await standing(agent.client.session, task_id)
        assert seen.status == "working"
        assert "last read failed" in (seen.status_message or "")
        world.simulator.weather.clear()
        world.clock.advance(3600)
        assert (await standing(agent.client.session, task_id)).status == "completed"


async def test_404s_over_five_minutes_do_not_end_a_handle(world: World) -> None:
    missing = httpx.Response(404, json={"code": 404, "message": "task not found", "data": None})
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
        world.line.canned = missing
        assert (await handed(agent, task_id))["resultType"] == "task"
        world.line.canned = None
        world.clock.advance(10)
        assert (await standing(agent.client.session, task_id)).status == "working"
        world.line.canned = missing
        for _ in range(30):
            world.clock.advance(10)
            assert (await standing(agent.client.session, task_id)).status == "working"
        world.line.canned = None
        world.clock.advance(3600)
        assert (await standing(agent.client.session, task_id)).status == "completed"


@pytest.mark.parametrize("status", [400, 402, 403, 429])
async def test_one_refused_look_does_not_end_the_handle_for_ever(world: World, status: int) -> None:
    async with world.client(extensions=[DECLARED]) as agent:
        task_id = (await agent.order())["task_id"]
        world.clock.advance(10)
        world.line.canned = httpx.Response(status, text="<html>Are you a robot?</html>")
        seen = await standing(agent.client.session, task_id)
        assert seen.status == "working"
        assert "last read failed" in (seen.status_message or "")
        world.line.canned = None
        world.clock.advance(3600)
        assert (await standing(agent.client.session, task_id)).status == "completed"


async def test_a_provider_that_stumbles_over_a_stranger_is_an_error_of_the_poll_alone(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        world.simulator.weather.coming("GET", *[Fault.FAIL_500] * 20)
        with pytest.raises(MCPError, match="Charged by this call: no"):
            await ask(agent.client.session, "tasks/get", "a-stranger")


async def test_a_key_that_is_no_longer_accepted_ends_the_wait_with_the_error(world: World) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
    without = World({"PIAPI_API_KEY": ""})
    async with without.client(extensions=[Handles(without.clock)]) as agent:
        seen = await standing(agent.client.session, task_id)
    assert seen.status == "completed"
    assert seen.result
    assert seen.result["isError"] is True
    assert seen.result["content"][0]["text"].startswith("not_configured:")


async def test_a_studio_that_cannot_be_opened_ends_no_handle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        task_id = (await agent.order())["task_id"]
    async with world.client(extensions=[Handles(world.clock)]) as agent:
        with monkeypatch.context() as broken:
            broken.setitem(sys.modules, "wanx_mcp.studio", None)
            with pytest.raises(MCPError, match=r"^not_configured: .* Charged by this call: no\."):
                await standing(agent.client.session, task_id)
            error = await agent.error("get_wanx_task", task_id=task_id, wait_seconds=45)
            assert error.startswith("not_configured: ")
        assert (await standing(agent.client.session, task_id)).status == "working"


async def test_the_server_names_the_extension(world: World) -> None:
    async with world.client() as agent:
        capabilities = agent.client.server_capabilities
        assert capabilities
        assert "io.modelcontextprotocol/tasks" in (capabilities.extensions or {})


class Fixed:
    """Long calls that stand as they are told to."""

    def __init__(self, *standings: Broken | Dropped) -> None:
        now = RealClock().now()
        self.handles = {str(number): Handle(str(number), now, now, one) for number, one in enumerate(standings)}

    async def start(self, _call: Any, _ctx: Any) -> Handle | None:
        return next(iter(self.handles.values()))

    async def read(self, task_id: str, _ctx: Any) -> Handle | None:
        return self.handles.get(task_id)

    async def answer(self, task_id: str, _answers: Any, _ctx: Any) -> bool:
        return task_id in self.handles

    async def cancel(self, task_id: str, _ctx: Any) -> bool:
        return task_id in self.handles


async def test_other_long_calls_can_use_the_same_seam() -> None:
    calls = Fixed(Broken(ErrorData(code=-32603, message="it broke")), Dropped())
    server = MCPServer("other", extensions=[Tasks(calls)])

    @server.tool()
    async def slow() -> str:
        raise AssertionError("the handle answers for it")

    async with Client(server, extensions=[Handles()]) as client:
        created = await client.session.call_tool("slow", {}, allow_claimed=True)
        wire = created.model_dump(by_alias=True, exclude_none=True)
        assert wire["status"] == "failed"
        assert "error" not in wire
        assert (await ask(client.session, "tasks/get", "0"))["error"] == {"code": -32603, "message": "it broke"}
        assert (await ask(client.session, "tasks/get", "1"))["status"] == "cancelled"


async def test_the_words_beside_the_handle_are_those_of_the_bounded_wait(world: World) -> None:
    async with world.client(extensions=[DECLARED]) as agent:
        task_id = (await agent.order())["task_id"]
        words = (await standing(agent.client.session, task_id)).status_message
        assert words
        progress, _, stopping = words.partition(". ")
        assert progress in text(await agent.call("get_wanx_task", task_id=task_id))
    assert stopping == "Stopping ends this wait, not the paid order"
