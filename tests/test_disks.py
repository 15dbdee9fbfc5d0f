"""Saving where the disk fills up halfway, or where the locale cannot spell a name: by a real process, on real disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import mediahost, process
from tests.mediahost import MediaHost, clip, large
from tests.process import PLAIN, ascii_names
from tests.test_save import at, finished, names
from wanx_mcp.media.naming import spellable, usual_stem
from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.serving import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def host() -> Iterator[MediaHost]:
    with mediahost.serving() as host:
        yield host


@pytest.fixture
async def provider(host: MediaHost) -> AsyncIterator[str]:
    """The address of a provider whose tasks end at once, with their videos at `host`."""
    simulator = Simulator(speed=10_000)
    simulator.media = host.url
    async with serving(simulator) as url:
        yield url


# A disk that fills up


@pytest.mark.skipif(os.name != "posix", reason="no such limit on Windows")
async def test_a_file_that_can_grow_no_further_is_a_full_disk_without_litter(
    host: MediaHost, provider: str, tmp_path: Path
) -> None:
    videos = tmp_path / "videos"
    command = process.limited(1_000_000, "-m", "wanx_mcp")
    async with process.running(provider, tmp_path, command, WANX_OUTPUT_DIR=str(videos)) as agent:
        task_id = await process.finished(agent)
        host.plays(mediahost.whole(large()))
        error = await agent.error("save_wanx_video", task_id=task_id)
        assert error.startswith(f"download_failed: the disk of {videos} is full. Charged by this call: no. Known of ")
        assert list(videos.iterdir()) == []
        host.plays(mediahost.whole(clip()))
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert [str(path) for path in videos.iterdir()] == [saved["path"]]


def own_mounts() -> bool:
    """Whether a process may have mounts of its own here without being root outside."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


async def test_a_disk_that_fills_up_halfway_is_as_empty_afterwards(
    host: MediaHost, provider: str, tmp_path: Path
) -> None:
    if not own_mounts():
        pytest.skip("no small disk can be had here: user namespaces are switched off")
    videos = tmp_path / "videos"
    videos.mkdir()
    command = process.cramped(videos, 1024)
    async with process.running(provider, tmp_path, command, WANX_OUTPUT_DIR=str(videos)) as agent:
        task_id = await process.finished(agent)
        host.plays(mediahost.whole(large()))
        for _ in range(2):
            error = await agent.error("save_wanx_video", task_id=task_id)
            assert error.startswith(
                f"download_failed: the disk of {videos} is full. Charged by this call: no. Known of "
            )
        host.plays(mediahost.whole(large(900_000)))
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert saved["bytes"] == 900_000


# A name that cannot be


async def test_a_folder_that_the_locale_cannot_spell_is_found_out_before_a_byte_is_fetched(
    host: MediaHost, provider: str, tmp_path: Path
) -> None:
    if not ascii_names():
        pytest.skip("file names are UTF-8 in every locale here")
    host.plays(mediahost.whole(clip()))
    videos = tmp_path / "vid\u00e9os"
    async with process.running(provider, tmp_path, WANX_OUTPUT_DIR=str(videos), **PLAIN) as agent:
        task_id = await process.finished(agent)
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith("download_failed: the folder ")
    assert "Charged by this call: no." in error
    assert "PYTHONUTF8=1" in error
    assert "WANX_OUTPUT_DIR" in error
    assert host.requests == []
    async with process.running(provider, tmp_path, WANX_OUTPUT_DIR=str(videos), **PLAIN | {"PYTHONUTF8": "1"}) as agent:
        assert Path((await agent.ok("save_wanx_video", task_id=task_id))["path"]).parent == videos


async def test_a_file_name_that_the_locale_cannot_spell_is_refused_and_a_prompt_is_spelt_all_the_same(
    host: MediaHost, provider: str, tmp_path: Path
) -> None:
    if not ascii_names():
        pytest.skip("file names are UTF-8 in every locale here")
    host.plays(mediahost.whole(clip()))
    videos = tmp_path / "videos"
    async with process.running(provider, tmp_path, WANX_OUTPUT_DIR=str(videos), **PLAIN) as agent:
        task_id = await process.finished(agent, prompt="Un \u00e9t\u00e9 \u732b\u3068\u72ac with a boat")
        error = await agent.error("save_wanx_video", task_id=task_id, file_name="\u732b.mp4")
        assert error.startswith("invalid_arguments: file_name cannot be spelt here")
        assert "Charged by this call: no. Next: set file_name to plain letters" in error
        assert host.requests == []
        assert not videos.exists()
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert "_un-ete-with-a-boat_" in Path(saved["path"]).name
    async with process.running(provider, tmp_path, WANX_OUTPUT_DIR=str(videos), PYTHONUTF8="1") as agent:
        assert await agent.ok("save_wanx_video", task_id=task_id) == saved


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode on Windows")
async def test_a_folder_whose_name_no_answer_could_tell_is_found_out_before_a_byte_is_fetched(host: MediaHost) -> None:
    host.plays(mediahost.whole(clip()))
    world = at(host)
    world.environment = {"WANX_OUTPUT_DIR": f"{world.state}/vid\udce9os"}
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith(f"download_failed: the folder {world.state}/vid?os cannot be named here")
    assert host.requests == []


@pytest.mark.skipif(not hasattr(os, "pathconf"), reason="this platform does not say how long a path can be")
async def test_a_path_that_would_be_too_long_is_found_out_before_a_byte_is_fetched(host: MediaHost) -> None:
    host.plays(mediahost.whole(clip()))
    world = at(host)
    room = os.pathconf(world.state, "PC_PATH_MAX") - len(str(world.state)) - 60
    world.environment = {"WANX_OUTPUT_DIR": str(world.state / "/".join(["x" * 99] * (room // 100)))}
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id, file_name="y" * 100)
        assert error.startswith("download_failed: the path of a file in ")
        assert host.requests == []
        assert names(world) == []


async def test_a_video_that_was_saved_in_another_locale_is_saved_anew_where_its_path_cannot_be_spelt(
    host: MediaHost, provider: str, tmp_path: Path
) -> None:
    if not ascii_names():
        pytest.skip("file names are UTF-8 in every locale here")
    host.plays(mediahost.whole(clip()))
    async with process.running(
        provider, tmp_path, WANX_OUTPUT_DIR=str(tmp_path / "vid\u00e9os"), PYTHONUTF8="1"
    ) as agent:
        task_id = await process.finished(agent)
        await agent.ok("save_wanx_video", task_id=task_id)
    async with process.running(provider, tmp_path, WANX_OUTPUT_DIR=str(tmp_path / "videos"), **PLAIN) as agent:
        assert "saved_path" not in await agent.ok("get_wanx_task", task_id=task_id)
        assert "videos" in (await agent.ok("save_wanx_video", task_id=task_id))["path"]


def test_the_usual_name_is_spellable_whatever_the_prompt() -> None:
    from datetime import UTC, datetime

    name = usual_stem(datetime(2026, 3, 4, tzinfo=UTC), "t", "a \udcff boat \ud800", "x")
    assert name == "x_a-boat_t_2026-03-04"
    assert spellable(name)
