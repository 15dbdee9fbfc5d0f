"""The card's side of the server: where it is announced, what it may load, and what only its clients are sent."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from PIL import Image

from tests.handles import Handles
from tests.world import Agent, World
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings

pytestmark = pytest.mark.anyio
URI = "ui://wanx/task.html"
ERAS = ("auto", "legacy")
APPS = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
SECRET, HOOK = "hook-secret-4711", "https://hooks.example.com/wanx/4711"


@asynccontextmanager
async def listing(environment: dict[str, str], mode: str = "auto") -> AsyncIterator[Client]:
    async with Client(build_server(read_settings(environment)), mode=mode) as client:
        yield client


async def page(client: Client) -> str:
    found = (await client.read_resource(URI)).contents[0]
    return str(getattr(found, "text", ""))


async def meta(agent: Agent, task_id: str) -> dict[str, Any]:
    """What the result carries beside itself; the SDK stamps the server's name on it."""
    found = dict((await agent.call("get_wanx_task", task_id=task_id)).meta or {})
    return {name: value for name, value in found.items() if name.startswith("wanx/")}


async def finished(world: World, agent: Agent, **arguments: Any) -> str:
    task_id = str((await agent.order(**arguments))["task_id"])
    world.clock.advance(3600)
    await agent.ok("get_wanx_task", task_id=task_id)
    for task in world.simulator.store.all():
        await world.simulator.clips.of(task)  # drawn before a save asks for it: a busy machine may take long
    world.clock.advance(3)
    return task_id


@pytest.mark.parametrize("mode", ERAS)
async def test_the_get_and_the_join_are_bound_to_the_card_in_both_spellings(mode: str) -> None:
    async with listing({}, mode) as client:
        tools = (await client.list_tools()).tools
    bound = {tool.name: tool.meta for tool in tools if tool.meta and any("ui" in name for name in tool.meta)}
    card = {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    assert bound == {"get_wanx_task": card, "join_wanx_videos": card}


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("environment", "origins"),
    [
        (
            {},
            [
                "https://img.theapi.app",
                "https://storage.theapi.app",
                "https://storage.goapi.ai",
                "https://*.theapi.app",
                "https://*.goapi.ai",
            ],
        ),
        ({"WANX_SIMULATE": "1"}, ["http://127.0.0.1:*", "http://localhost:*"]),
        ({"PIAPI_BASE_URL": "http://127.0.0.1:8000"}, ["http://127.0.0.1:*", "http://localhost:*"]),
    ],
    ids=["real", "simulated", "loopback"],
)
async def test_the_card_may_load_from_where_videos_are_and_nowhere_else(
    environment: dict[str, str], origins: list[str], mode: str
) -> None:
    async with listing(environment, mode) as client:
        listed = [resource for resource in (await client.list_resources()).resources if resource.uri == URI]
        (read,) = (await client.read_resource(URI)).contents
    assert len(listed) == 1
    for found in (listed[0], read):
        assert found.mime_type == "text/html;profile=mcp-app"
        assert found.meta is not None
        assert found.meta["ui"]["csp"] == {"resourceDomains": origins}


async def test_the_server_advertises_the_extension() -> None:
    async with listing({}) as client:
        extensions = client.server_capabilities.extensions
    assert extensions is not None
    assert EXTENSION_ID in extensions


async def test_the_page_is_self_contained_and_never_writes_markup() -> None:
    async with listing({}) as client:
        text = await page(client)
    assert text.startswith("<!doctype html>")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser", text
    )
    assert not re.search(r"<(?:script|img|link|iframe)[^>]*\b(?:src|href)=", text)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|localStorage|\bimport\(", text)
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("mode", ERAS)
async def test_only_clients_with_apps_are_sent_the_prompt(world: World, mode: str) -> None:
    async with world.client(mode) as plain:
        task_id = (await plain.order(prompt="a boat\nat dusk"))["task_id"]
        assert await meta(plain, task_id) == {}
    async with world.client(mode, extensions=[APPS]) as showing:
        assert await meta(showing, task_id) == {"wanx/prompt": "a boat at dusk"}


async def test_a_client_that_names_the_extension_without_the_page_type_is_sent_nothing(world: World) -> None:
    async with world.client(extensions=[advertise(EXTENSION_ID, {})]) as agent:
        task_id = (await agent.order())["task_id"]
        assert await meta(agent, task_id) == {}


async def test_the_prompt_is_cleaned_and_holds_no_webhook_and_no_key() -> None:
    world = World({"WANX_WEBHOOK_URL": HOOK, "WANX_WEBHOOK_SECRET": SECRET})
    async with world.client(extensions=[APPS]) as agent:
        task_id = (await agent.order(prompt=f"a \u202eboat\u200b {HOOK} {SECRET}"))["task_id"]
        found = await meta(agent, task_id)
        everything = (await agent.call("get_wanx_task", task_id=task_id)).model_dump_json()
    assert found["wanx/prompt"] == "a boat [hidden] [hidden]"
    assert SECRET not in everything
    assert HOOK not in everything


async def test_the_whole_prompt_is_sent_since_it_can_be_copied(world: World) -> None:
    prompt = "boat " * 1_999 + "end"
    async with world.client(extensions=[APPS]) as agent:
        task_id = (await agent.order(prompt=prompt))["task_id"]
        assert (await meta(agent, task_id))["wanx/prompt"] == prompt


async def test_a_task_that_the_ledger_does_not_know_brings_no_prompt(world: World) -> None:
    async with world.client(extensions=[APPS]) as agent:
        task_id = (await agent.order())["task_id"]
    async with world.elsewhere().client(extensions=[APPS]) as agent:
        assert await meta(agent, task_id) == {}


async def test_a_wait_that_became_a_handle_ends_in_the_same_legend(world: World) -> None:
    handles = Handles(world.clock)
    async with world.client(extensions=[APPS, handles]) as agent:
        task_id = (await agent.order())["task_id"]
        result = await agent.call("get_wanx_task", task_id=task_id, wait_seconds=45)
    assert handles.created
    assert result.structured_content is not None
    assert result.structured_content["status"] == "completed"
    assert (result.meta or {})["wanx/prompt"] == "a boat"


async def test_an_error_carries_nothing_for_the_card(world: World) -> None:
    async with world.client(extensions=[APPS]) as agent:
        result = await agent.call("get_wanx_task", task_id="nobody")
    assert result.is_error
    assert not any(name.startswith("wanx/") for name in result.meta or {})


def spoil(path: Path) -> None:
    """Leave nothing that could be drawn in a file that looks the same from outside."""
    state = path.stat()
    path.write_bytes(bytes(state.st_size))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


async def test_a_saved_video_brings_a_small_poster_of_its_first_frame(world: World) -> None:
    async with world.client(extensions=[APPS]) as agent:
        task_id = await finished(world, agent)
        assert "wanx/poster" not in await meta(agent, task_id)
        path = Path((await agent.ok("save_wanx_video", task_id=task_id))["path"])
        looks = [await meta(agent, task_id)]
        spoil(path)  # a second drawing would bring no poster
        world.clock.advance(3)
        looks.append(await meta(agent, task_id))
    assert len({look["wanx/poster"] for look in looks}) == 1
    head, body = looks[0]["wanx/poster"].split(",")
    assert head == "data:image/jpeg;base64"
    assert len(base64.b64decode(body)) < 24_000
    image = Image.open(io.BytesIO(base64.b64decode(body)))
    assert (image.format, image.size) == ("JPEG", (480, 277))


async def test_no_poster_where_the_saved_video_is_gone_or_broken(world: World) -> None:
    async with world.client(extensions=[APPS]) as agent:
        task_id = await finished(world, agent)
        path = world.videos / (await agent.ok("save_wanx_video", task_id=task_id))["path"]
        path.write_bytes(b"\0" * path.stat().st_size)
        assert set(await meta(agent, task_id)) == {"wanx/prompt"}
        path.unlink()
        assert set(await meta(agent, task_id)) == {"wanx/prompt"}


async def test_no_poster_where_pyav_cannot_be_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.client(extensions=[APPS]) as agent:
        task_id = await finished(world, agent)
        await agent.ok("save_wanx_video", task_id=task_id)
        monkeypatch.setitem(sys.modules, "av", None)
        assert set(await meta(agent, task_id)) == {"wanx/prompt"}


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        (None, 200, slice(None)),
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=999999999-", 416, slice(0, 0)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
async def test_the_simulator_serves_the_range_that_a_player_asks_for(
    world: World, asked: str | None, status: int, part: slice
) -> None:
    async with world.client() as agent:
        task_id = await finished(world, agent)
        link = (await agent.ok("get_wanx_task", task_id=task_id))["video_url"]
    async with httpx.AsyncClient(transport=world.line) as player:
        whole = (await player.get(link)).content
        answer = await player.get(link, headers={"range": asked} if asked else {})
    assert (answer.status_code, answer.content) == (status, whole[part])
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        first = len(whole) - len(answer.content) if part.stop is None else part.start
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"
