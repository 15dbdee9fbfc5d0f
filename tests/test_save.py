"""Saving a video: once, whole, under a safe name, from hosts that cut, stall, lie or never end, and without litter."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests import mediahost
from tests.mediahost import MediaHost, clip, large
from tests.world import KEY, Agent, World, text
from wanx_mcp.addresses import permitted
from wanx_mcp.media import shelf
from wanx_mcp.media.download import Limits
from wanx_mcp.media.link_check import ForbiddenError
from wanx_mcp.media.naming import safe_stem, usual_stem
from wanx_mcp.media.network import Network

pytestmark = pytest.mark.anyio
TIGHT = Limits(bytes=4_000_000, seconds=120.0)
HASTY = replace(TIGHT, stall=1.0)
"""For hosts that fall silent."""


@pytest.fixture
def host() -> Iterator[MediaHost]:
    with mediahost.serving() as host:
        yield host


@asynccontextmanager
async def finished(world: World, *, drawn: bool = True, **order: Any) -> AsyncIterator[tuple[Agent, str]]:
    """An agent, and the id of a task whose video is there: `drawn` already, since a busy machine may take longer for
    that than a call waits."""
    async with world.client() as agent:
        created = await agent.order(**order)
        world.clock.advance(3600)
        if drawn and not world.simulator.media:
            for task in world.simulator.store.all():
                await world.simulator.clips.of(task)
        yield agent, created["task_id"]


def at(host: MediaHost, limits: Limits = TIGHT, **environment: str) -> World:
    world = World(environment, limits=limits)
    world.simulator.media = host.url
    return world


def content(result: dict[str, Any]) -> bytes:
    return Path(result["path"]).read_bytes()


def names(world: World) -> list[str]:
    return sorted(path.name for path in world.videos.iterdir()) if world.videos.exists() else []


async def saved(host: MediaHost, limits: Limits = TIGHT) -> tuple[dict[str, Any], bytes]:
    world = at(host, limits)
    async with finished(world) as (agent, task_id):
        result = await agent.ok("save_wanx_video", task_id=task_id)
    assert names(world) == [Path(result["path"]).name]
    return result, content(result)


async def failure(host: MediaHost, limits: Limits = TIGHT) -> str:
    world = at(host, limits)
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith("download_failed: ")
    assert "Charged by this call: no." in error
    assert "sig=" not in error
    assert names(world) == [], "litter"
    return error


# The whole way, against the simulator


async def test_a_finished_video_is_saved_with_its_facts(world: World) -> None:
    async with finished(world, prompt="A paper boat, at dusk: 100%") as (agent, task_id):
        result = await agent.call("save_wanx_video", task_id=task_id)
    told = dict(result.structured_content or {})
    assert told["sha256"] == hashlib.sha256(content(told)).hexdigest()
    assert told["bytes"] == len(content(told))
    assert (told["width"], told["height"], told["duration_seconds"]) == (832, 480, 5.313)
    assert told["next_step"]
    assert all(str(told[name]) in text(result) for name in ("path", "sha256"))
    mark = task_id.replace("-", "")[:8]
    assert names(world) == [f"{mark}_a-paper-boat-at-dusk-100_txt2video-14b_2026-01-01.mp4"]


async def test_get_and_list_tell_where_the_video_is_while_it_is_there(world: World) -> None:
    async with finished(world) as (agent, task_id):
        before = await agent.ok("get_wanx_task", task_id=task_id)
        path = (await agent.ok("save_wanx_video", task_id=task_id))["path"]
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        (listed,) = (await agent.ok("list_wanx_tasks"))["tasks"]
        os.unlink(path)
        world.clock.advance(3)
        after = await agent.ok("get_wanx_task", task_id=task_id)
        (relisted,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert seen["saved_path"] == listed["saved_path"] == path
    assert path in seen["next_step"]
    assert not any("saved_path" in told for told in (before, after, relisted))


async def test_a_forgotten_task_still_tells_where_its_video_is(world: World) -> None:
    async with finished(world) as (agent, task_id):
        path = (await agent.ok("save_wanx_video", task_id=task_id))["path"]
        world.simulator.store._db.execute("delete from task")
        world.clock.advance(3)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        again = await agent.ok("save_wanx_video", task_id=task_id, file_name="again")
    assert seen["saved_path"] == again["path"] == path


async def test_the_same_task_is_saved_once_also_after_a_restart(world: World) -> None:
    async with finished(world) as (agent, task_id):
        first = await agent.ok("save_wanx_video", task_id=task_id)
        asked = len(world.line.requests)
        second = await agent.ok("save_wanx_video", task_id=task_id, file_name="other")
    async with world.client() as agent:
        third = await agent.call("save_wanx_video", task_id=task_id)
    assert first == second == third.structured_content
    assert "Already saved" in text(third)
    assert len(world.line.requests) == asked
    assert len(names(world)) == 1


async def test_a_file_that_was_removed_or_cut_is_saved_again(world: World) -> None:
    async with finished(world) as (agent, task_id):
        first = await agent.ok("save_wanx_video", task_id=task_id)
        os.unlink(first["path"])
        second = await agent.ok("save_wanx_video", task_id=task_id)
        os.truncate(second["path"], 1000)
        third = await agent.ok("save_wanx_video", task_id=task_id)
    assert first["path"] == second["path"] != third["path"]
    assert len(content(third)) == third["bytes"]


async def test_a_task_that_was_ordered_elsewhere_is_saved_once_too(world: World) -> None:
    async with finished(world) as (agent, task_id):
        pass
    other = world.elsewhere()
    async with other.client() as agent:
        first = await agent.ok("save_wanx_video", task_id=task_id)
        second = await agent.ok("save_wanx_video", task_id=task_id)
    assert first == second
    assert len(names(other)) == 1


async def test_where_a_video_ordered_elsewhere_is_gets_told_after_a_restart_too_and_it_is_no_order_of_ours(
    world: World,
) -> None:
    async with finished(world) as (agent, task_id):
        pass
    other = world.elsewhere()
    async with other.client() as agent:
        path = (await agent.ok("save_wanx_video", task_id=task_id))["path"]
    for forgotten in (False, True):
        if forgotten:
            world.simulator.store._db.execute("delete from task")
        async with other.client() as agent:
            seen = await agent.ok("get_wanx_task", task_id=task_id)
            assert (seen["status"], seen["saved_path"]) == ("completed", path)
            assert path in seen["next_step"]
            assert (await agent.ok("save_wanx_video", task_id=task_id))["path"] == path
            listed = await agent.ok("list_wanx_tasks")
            assert (listed["tasks"], listed["budget"]["spent_usd"]) == ([], 0)
    os.unlink(path)
    async with other.client() as agent:
        assert (await agent.error("get_wanx_task", task_id=task_id)).startswith("task_not_found: ")


async def test_another_file_is_never_replaced(world: World) -> None:
    world.videos.mkdir()
    (world.videos / "boat.mp4").write_bytes(b"mine")
    async with finished(world) as (agent, task_id):
        result = await agent.ok("save_wanx_video", task_id=task_id, file_name="boat.mp4")
    assert Path(result["path"]).name == "boat-2.mp4"
    assert (world.videos / "boat.mp4").read_bytes() == b"mine"


async def test_an_unfinished_task_and_one_that_failed_are_not_finished(world: World) -> None:
    async with world.client() as agent:
        created = await agent.order()
        error = await agent.error("save_wanx_video", task_id=created["task_id"])
        assert error.startswith("not_finished: ")
        assert "Next: call get_wanx_task" in error
        world.simulator.weather.failing = 1.0
        created = await agent.order(request_id="fails")
        world.clock.advance(3600)
        error = await agent.error("save_wanx_video", task_id=created["task_id"])
    assert error.startswith("not_finished: the task is failed")
    assert "Charged by this call: no." in error
    assert not world.videos.exists()


async def test_an_unknown_task_is_not_found(world: World) -> None:
    async with world.client() as agent:
        assert (await agent.error("save_wanx_video", task_id="nobody")).startswith("task_not_found: ")


@pytest.mark.parametrize("name", ["a/b.mp4", "../x", "..", ".", "a\\b", "\0", "...", "C:\\x.mp4", 5, "x" * 300])
async def test_a_name_with_a_folder_in_it_is_refused(world: World, name: object) -> None:
    async with finished(world, drawn=False) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id, file_name=name)
    assert error.startswith("invalid_arguments: file_name must be ")
    assert 'set file_name to a name such as "boat.mp4"' in error


async def test_saving_works_without_the_ledger(world: World) -> None:
    async with finished(world) as (agent, task_id):
        pass
    blind = world.beside(WANX_STATE_DIR="/dev/null/nowhere")
    async with blind.client() as agent:
        first = await agent.ok("save_wanx_video", task_id=task_id)
        second = await agent.ok("save_wanx_video", task_id=task_id)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert first["path"] == second["path"] == seen["saved_path"]


# Against a host that can lie


async def test_the_bytes_that_arrive_are_the_bytes_that_were_sent(host: MediaHost) -> None:
    host.plays(mediahost.whole(large()))
    result, body = await saved(host)
    assert body == large()
    assert result["sha256"] == hashlib.sha256(large()).hexdigest()
    assert host.requests[0][0] == "/clip.mp4?sig=a%2Fb%2B+c~"


async def test_the_media_host_never_sees_the_key(host: MediaHost) -> None:
    host.plays(mediahost.moved(f"{host.url}&again"), mediahost.whole(clip()))
    await saved(host)
    assert len(host.requests) == 2
    assert KEY not in str(host.requests)
    assert not any("x-api-key" in headers or "cookie" in headers for _path, headers in host.requests)


async def test_a_cut_stream_is_resumed_where_it_broke(host: MediaHost) -> None:
    host.plays(
        mediahost.cut(large(), after=1_000_000), mediahost.cut(large(), after=1_500_000), mediahost.honest(large())
    )
    assert (await saved(host))[1] == large()
    starts = [headers.get("range") for _path, headers in host.requests]
    assert starts == [None, "bytes=1000000-", "bytes=2500000-"]
    assert all(headers.get("if-range") == '"v1"' for _path, headers in host.requests[1:])


@pytest.mark.parametrize("ranges", ["ignored", "wrong", "other"])
async def test_a_host_that_mishandles_ranges_still_gives_the_right_bytes(host: MediaHost, ranges: str) -> None:
    host.plays(
        mediahost.cut(large(), after=1_000_000),
        mediahost.cut(large(), after=3_000_000, ranges=ranges),
        mediahost.honest(large()),
    )
    assert (await saved(host))[1] == large()


async def test_a_file_that_changes_between_two_tries_is_fetched_from_the_start(host: MediaHost) -> None:
    host.plays(mediahost.cut(large(), after=1_000_000, tag='"old"'), mediahost.honest(large(2_000_000), tag='"new"'))
    assert (await saved(host))[1] == large(2_000_000)


async def test_a_206_of_another_version_is_not_appended(host: MediaHost) -> None:
    def other(handler: Any) -> None:
        start = int(handler.headers["range"][6:-1])
        body = b"x" * (3_000_000 - start)
        handler.start(
            206,
            {
                "etag": '"other"',
                "content-length": str(len(body)),
                "content-range": f"bytes {start}-2999999/3000000",
            },
        )
        handler.wfile.write(body)

    host.plays(mediahost.cut(large(), after=1_000_000), other, mediahost.honest(large()))
    assert (await saved(host))[1] == large()


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
async def test_without_a_strong_name_for_the_content_nothing_is_resumed(host: MediaHost, tag: str | None) -> None:
    host.plays(mediahost.cut(large(), after=1_000_000, tag=tag), mediahost.honest(large()))
    assert (await saved(host))[1] == large()
    assert "range" not in host.requests[1][1]


async def test_a_stall_is_cut_short_and_tried_again(host: MediaHost) -> None:
    host.plays(mediahost.stalled(clip(), after=500), mediahost.whole(clip()))
    assert (await saved(host, HASTY))[1] == clip()


@pytest.mark.parametrize("code", [500, 502, 503, 429])
async def test_a_host_in_trouble_is_asked_again(host: MediaHost, code: int) -> None:
    host.plays(mediahost.status(code), mediahost.whole(clip()))
    assert (await saved(host))[1] == clip()


async def test_a_body_without_a_length_is_taken_if_it_is_whole(host: MediaHost) -> None:
    host.plays(mediahost.open_ended(clip()))
    assert (await saved(host))[1] == clip()


FAILURES = {
    "cuts for ever": mediahost.cut(large(), after=1_000_000, tag=None),
    "stalls for ever": mediahost.stalled(clip(), after=500),
    "promises more than it sends": mediahost.status(200, clip(), **{"content-length": str(len(clip()) + 5)}),
    "promises less than it sends": mediahost.whole(clip(), **{"content-length": "20000"}),
    "ends too early without a length": mediahost.open_ended(clip()[:-1000]),
    "serves an HTML page": mediahost.whole(b"<!doctype html><h1>Sign in</h1>" * 50),
    "serves a JSON error": mediahost.whole(b'{"error": "expired"}'),
    "serves nothing": mediahost.whole(b""),
    "serves noise": mediahost.whole(b"\x00\x01\x02" * 9999),
    "serves a signature alone": mediahost.whole(clip()[:32]),
    "sends a compressed body": mediahost.whole(b"\x1f\x8b\x08\x00" * 500, **{"content-encoding": "gzip"}),
    "never ends": mediahost.endless(clip()),
    "never ends with a page": mediahost.endless(b"<html>"),
    "promises something huge": mediahost.status(200, **{"content-length": "9000000000"}),
    "is always broken": mediahost.status(500),
    "answers 204": mediahost.status(204),
    "answers 401": mediahost.status(401),
    "answers with a range nobody asked for": mediahost.status(206, clip(), **{"content-range": "bytes 0-1/2"}),
    "answers 404 for ever": mediahost.status(404),
    "answers 403 for ever": mediahost.status(403),
    "answers 410 for ever": mediahost.status(410),
}


@pytest.mark.parametrize("trick", FAILURES.values(), ids=FAILURES)
async def test_a_download_that_fails_says_so_costs_nothing_and_leaves_no_litter(
    host: MediaHost, trick: mediahost.Trick, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[str] = set()
    handle = httpx.AsyncHTTPTransport.handle_async_request

    async def record(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        reached.add(request.url.host)
        return await handle(transport, request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    host.plays(trick)
    await failure(host, HASTY)
    assert reached == {"127.0.0.1"}, "it went somewhere else"


REDIRECTS = {
    "without end": ("/again", "redirected more than 5 times"),
    "to a private address": ("https://10.0.0.1/clip.mp4", "an address that is not public"),
    "to the cloud's metadata": ("http://169.254.169.254/latest/meta-data", "not https"),
    "to link-local by https": ("https://169.254.169.254/latest", "an address that is not public"),
    "to a private IPv6": ("https://[fd00::1]/x.mp4", "an address that is not public"),
    "to a mapped IPv6": ("https://[::ffff:10.0.0.1]/x.mp4", "an address that is not public"),
    "to an address of fake-IP mode": ("https://198.18.0.1/x.mp4", "an address that is not public"),
    "to plain http": ("http://example.com/x.mp4", "not https"),
    "to a file": ("file:///etc/passwd", "not https"),
    "with a password": ("https://me:pw@example.com/x.mp4", "carries a password"),
    "with a name alone": ("https://me@example.com/x.mp4", "carries a password"),
    "to a number": ("https://2130706433/x.mp4", "into a private network"),
    "to a short address": ("https://0x7f.1/x.mp4", "into a private network"),
    "to a bare name": ("https://intranet/x.mp4", "into a private network"),
    "to a name of this network": ("https://printer.local/x.mp4", "into a private network"),
    "to a name with a dot at its end": ("https://printer.local./x.mp4", "into a private network"),
    "to nonsense": ("https://[bad/x.mp4", "into a private network"),
    "to an impossible port": ("https://media.example.com:123456/x.mp4", "names an impossible port"),
    "to a port in words": ("https://media.example.com:abc/x.mp4", "not a valid URL"),
}


@pytest.mark.parametrize(("place", "reason"), REDIRECTS.values(), ids=REDIRECTS)
async def test_a_redirect_that_may_not_be_followed_is_told_with_its_reason_and_nobody_is_asked_for_its_host(
    host: MediaHost, place: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, ["127.0.0.1"])
    host.plays(mediahost.moved(place))
    error = await failure(host, HASTY)
    assert reason in error
    assert "pw" not in error
    assert set(asked) == {"127.0.0.1"}, "a name was looked up"


async def test_a_page_is_named_as_one(host: MediaHost) -> None:
    host.plays(FAILURES["serves an HTML page"])
    assert "a web page that is no MP4" in await failure(host)


async def test_a_drip_ends_with_the_time_limit(host: MediaHost) -> None:
    host.plays(mediahost.dripping(clip(), 0.05))
    assert "did not arrive within" in await failure(host, replace(TIGHT, seconds=0.8))


async def test_an_expired_link_is_asked_for_once_more(host: MediaHost) -> None:
    world = at(host)
    world.simulator.media = f"{host.url}&old"
    host.plays(mediahost.status(404), mediahost.whole(clip()))

    async def renewed(request: httpx.Request) -> None:
        if len(host.requests) == 1:
            world.simulator.media = f"{host.url}&new"

    async with finished(world) as (agent, task_id):
        world.line.on_request = renewed
        await agent.ok("save_wanx_video", task_id=task_id)
    assert [path.rpartition("&")[2] for path, _headers in host.requests] == ["old", "new"]


async def test_an_expired_link_that_stays_expired_fails_after_one_more_question(host: MediaHost) -> None:
    host.plays(mediahost.status(403))
    assert "has expired" in await failure(host)
    assert len(host.requests) == 2


# The call and the download


async def test_two_calls_at_once_share_one_download(host: MediaHost) -> None:
    host.plays(mediahost.whole(large()))
    world, results = at(host), []
    async with finished(world) as (agent, task_id), anyio.create_task_group() as group:

        async def save() -> None:
            results.append(await agent.ok("save_wanx_video", task_id=task_id))

        for _ in range(3):
            group.start_soon(save)
    assert len(host.requests) == 1
    assert len({result["path"] for result in results}) == 1
    assert len(names(world)) == 1


async def test_two_processes_keep_one_copy(host: MediaHost) -> None:
    host.plays(mediahost.stalled(clip(), after=500, seconds=0.2), mediahost.whole(clip()))
    world = at(host)
    async with (
        finished(world) as (agent, task_id),
        world.beside().client() as other,
        anyio.create_task_group() as group,
    ):
        for one in (agent, other):
            group.start_soon(lambda one=one: one.ok("save_wanx_video", task_id=task_id))
    assert len(names(world)) == 1


async def until(state: Callable[[], bool]) -> None:
    """Wait for something that another thread or process brings about."""
    with anyio.fail_after(120):
        while not state():  # noqa: ASYNC110  # who brings it about cannot set an event here
            await anyio.sleep(0.01)


async def test_a_long_download_outlives_its_call_and_the_next_call_reports_it(host: MediaHost) -> None:
    go_on = threading.Event()

    def slow(handler: Any) -> None:
        handler.start(200, {"content-length": str(len(clip()))})
        handler.wfile.write(clip()[:9000])
        go_on.wait(120)
        handler.wfile.write(clip()[9000:])

    world = at(host, WANX_MAX_WAIT_SECONDS="1")
    reports: list[str] = []

    async def heard(_progress: float, _total: float | None, message: str | None) -> None:
        reports.append(message or "")

    host.plays(slow)
    async with finished(world) as (agent, task_id):
        early = await agent.client.call_tool("save_wanx_video", {"task_id": task_id}, progress_callback=heard)
        assert not early.is_error
        assert "path" not in (early.structured_content or {})
        assert task_id in (early.structured_content or {})["next_step"]
        await until(lambda: any(name.endswith(".part") for name in names(world)))
        preview = await agent.error("preview_wanx_video", task_id=task_id)
        assert preview.startswith("not_finished: the video is still being fetched")
        go_on.set()
        late: dict[str, Any] = {}
        while "path" not in late:
            late = await agent.ok("save_wanx_video", task_id=task_id)
    assert content(late) == clip()
    assert reports
    assert len(host.requests) == 1


async def test_a_failure_that_nobody_heard_is_told_to_the_next_call_and_then_it_is_tried_anew(host: MediaHost) -> None:
    go_on = threading.Event()

    def slow_page(handler: Any) -> None:
        go_on.wait(120)
        mediahost.whole(b"<html>nothing here</html>")(handler)

    host.plays(slow_page, mediahost.whole(b"<html>still nothing</html>"), mediahost.whole(clip()))
    world = at(host, WANX_MAX_WAIT_SECONDS="1")
    async with finished(world) as (agent, task_id):
        assert "path" not in await agent.ok("save_wanx_video", task_id=task_id)
        await until(lambda: names(world) != [] and host.requests != [])
        go_on.set()
        await until(lambda: names(world) == [])
        await anyio.wait_all_tasks_blocked()
        assert "a web page" in await agent.error("save_wanx_video", task_id=task_id)
        assert "path" in await agent.ok("save_wanx_video", task_id=task_id)


async def test_a_server_that_ends_leaves_no_part_file(host: MediaHost) -> None:
    host.plays(mediahost.stalled(clip(), after=20_000, seconds=120))
    world = at(host, WANX_MAX_WAIT_SECONDS="1")
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
        await until(lambda: names(world) != [])
    assert names(world) == []


# The disk


@pytest.mark.skipif(os.name != "posix", reason="/dev/null is a name like any other there")
async def test_a_folder_that_cannot_be_made_is_named(host: MediaHost) -> None:
    host.plays(mediahost.whole(clip()))
    world = at(host, WANX_OUTPUT_DIR="/dev/null/videos")
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith("download_failed: /dev/null/videos cannot be written to")
    assert "WANX_OUTPUT_DIR" in error


async def test_part_files_of_dead_processes_are_swept_and_those_of_living_ones_are_not(world: World) -> None:
    world.videos.mkdir()
    code = (
        "import pathlib, sys; from wanx_mcp.media.shelf import Part; part = Part(pathlib.Path(sys.argv[1]));"
        "part.write([b'x']); print(part.path, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(world.videos)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in "ab"]  # noqa: ASYNC220
    paths = [Path(process.stdout.readline().strip()) for process in processes if process.stdout]
    processes[0].kill()
    processes[0].communicate()
    for path in paths:
        os.utime(path, (1, 1))
    (world.videos / "mine.part").write_bytes(b"mine")
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
    assert [path.exists() for path in paths] == [False, True]
    assert (world.videos / "mine.part").exists()
    processes[1].kill()
    processes[1].communicate()


def test_a_disk_without_hard_links_keeps_other_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "boat.mp4").write_bytes(b"mine")
    part = shelf.Part(tmp_path)
    part.write([b"new"])
    path = part.publish("boat", ".mp4")
    part.discard()
    assert path.name == "boat-2.mp4"
    assert path.read_bytes() == b"new"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["boat-2.mp4", "boat.mp4"]
    assert (tmp_path / "boat.mp4").read_bytes() == b"mine"


# Names


@pytest.mark.parametrize(
    ("given", "stem"),
    [
        ("boat", "boat"),
        ("boat.MP4", "boat"),
        ("boat.mov", "boat.mov"),
        ("CON", "_CON"),
        ("con.mp4", "_con"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("COM1", "_COM1"),
        ("lpt\u00b9.mp4", "_lpt\u00b9"),
        ("console", "console"),
        ("a:b*c?.mp4", "a-b-c-"),
        ("  .hidden. ", "hidden"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("\u732b\u3068\u72ac", "\u732b\u3068\u72ac"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\x00b\x1b[31m\nc", "ab[31m c"),
        ("...", ""),
        ("\u200b", ""),
    ],
)
def test_names_are_made_safe(given: str, stem: str) -> None:
    assert safe_stem(given) == stem


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\u732b", "\U0001f431"])
def test_names_are_short_enough_for_every_disk(letter: str) -> None:
    stem = safe_stem(letter * 500)
    assert 0 < len(stem) <= 100
    assert len(f"{stem}-999-sheet.mp4".encode()) <= 255


def test_the_usual_name_begins_with_what_tells_takes_apart() -> None:
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    name = usual_stem(moment, "txt2video-14b", "  \u202eA Boat / C:\\con \u732b sails on and on", "ab-cd~12345678")
    assert name == "abcd1234_a-boat-c-con-\u732b-sails_txt2video-14b_2026-03-04"
    assert usual_stem(moment, "t", "", "x") == "x_t_2026-03-04"
    assert usual_stem(moment, "t", "a boat", "x", "take 2/3") == "take-2-3_a-boat_t_2026-03-04_x"


# Addresses


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104  # refused
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
    ],
)
def test_only_public_addresses_are_connected_to(address: str, allowed: bool) -> None:
    assert permitted(address, loopback=False) is allowed


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names resolve to these addresses, one answer after the other; the names that were asked for."""
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        addresses = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return asked


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1"])
async def test_a_public_name_with_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolving(monkeypatch, [address])
    world = World()
    world.simulator.media = "https://media.example.com/clip.mp4"
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith("download_failed: the video link is not followed: the link's host has no public address")


async def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, ["10.0.0.5", "93.184.216.34"], ["127.0.0.1"])
    sent: list[httpx.Request] = []

    async def record(_transport: object, request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(clip()))

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    world = World()
    world.simulator.media = "https://media.example.com/a%2Fb.mp4?sig=a%2Fb%2B+c~"
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
    assert asked == ["media.example.com"]
    (request,) = sent
    assert request.url.host == "93.184.216.34"
    assert request.url.raw_path == b"/a%2Fb.mp4?sig=a%2Fb%2B+c~"
    assert request.headers["host"] == "media.example.com"
    assert request.extensions["sni_hostname"] == "media.example.com"
    assert KEY not in str(request.headers)


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/x.mp4", "https://127.0.0.1/x.mp4", "https://localhost/x.mp4"])
async def test_loopback_is_for_a_provider_on_loopback_only(link: str) -> None:
    with pytest.raises(ForbiddenError):
        async with Network(loopback=False).answer(link, {}, connect=1, stall=1):
            pass


async def test_a_host_that_cannot_be_found_is_a_failed_download(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    resolving(monkeypatch)
    monkeypatch.setattr(anyio, "getaddrinfo", getaddrinfo)
    world = World()
    world.simulator.media = "https://media.example.com/clip.mp4"
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert "name was not found" in error
    assert names(world) == []


async def test_behind_a_proxy_the_name_goes_to_the_proxy_and_private_links_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = resolving(monkeypatch, ["10.0.0.5"])
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def serve() -> None:
            line, _ = proxy.accept()
            with line:
                heard.append(line.recv(4096))
                line.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        world = World()
        async with finished(world) as (agent, task_id):
            world.simulator.media = "https://media.example.com/clip.mp4"
            refused = await agent.error("save_wanx_video", task_id=task_id)
            world.simulator.media = "https://192.168.0.1/clip.mp4"
            world.clock.advance(3)
            private = await agent.error("save_wanx_video", task_id=task_id)
    assert "the proxy refuses" in refused
    assert [words.split(b"\r\n")[0] for words in heard] == [b"CONNECT media.example.com:443 HTTP/1.1"]
    assert "media.example.com" not in asked
    assert KEY.encode() not in heard[0]
    assert "not public" in private


async def test_a_copy_that_replaces_two_lost_ones_is_noted(host: MediaHost) -> None:
    host.plays(mediahost.whole(clip()))
    world = at(host)
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
    ledger = world.state / "ledger.sqlite3"
    ledger.rename(world.state / "aside")
    ledger.mkdir()
    async with world.client() as agent:
        await agent.ok("save_wanx_video", task_id=task_id)
        assert len(names(world)) == 2, "the ledger could not tell of the first"
        ledger.rmdir()
        (world.state / "aside").rename(ledger)
        for path in world.videos.iterdir():
            path.unlink()
        world.clock.advance(10)
        again = await agent.ok("save_wanx_video", task_id=task_id, file_name="again")
        world.clock.advance(10)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["saved_path"] == again["path"]
        assert await agent.ok("save_wanx_video", task_id=task_id) == again
