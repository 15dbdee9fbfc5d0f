"""Files that another program holds, as virus scanners and backups do: waited for, and nothing is lost meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from tests import mediahost
from tests.mediahost import MediaHost, clip
from tests.test_save import at, content, finished, names
from wanx_mcp.media.publishing import HELD_SECONDS

pytestmark = pytest.mark.anyio
SHARING_VIOLATION, ACCESS_DENIED = 32, 5


@pytest.fixture
def host() -> Iterator[MediaHost]:
    with mediahost.serving() as host:
        host.plays(mediahost.whole(clip()))
        yield host


class Scanner:
    """A program that holds each file under way, as the system tells us: renaming fails while `holding`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int, winerror: int | None) -> None:
        self.holding = True
        self.refusals = 0
        self.patience: Callable[[], bool] = lambda: True
        self._error = code, winerror
        for name in ("link", "rename", "replace"):
            monkeypatch.setattr(os, name, self._refusing(getattr(os, name)))

    def _refusing(self, real: Callable[..., None]) -> Callable[..., None]:
        def move(old: os.PathLike[str] | str, new: os.PathLike[str] | str) -> None:
            if self.holding and str(old).endswith(".part") and self.patience():
                self.refusals += 1
                code, winerror = self._error
                error = OSError(code, "the file is in use")
                if winerror is not None:
                    error.winerror = winerror  # type: ignore[attr-defined]  # it exists on Windows alone
                raise error
            real(old, new)

        return move


ERRORS = pytest.mark.parametrize(
    ("code", "winerror"),
    [
        (errno.EACCES, SHARING_VIOLATION),
        (errno.EACCES, ACCESS_DENIED),
        (errno.EACCES, None),
        (errno.EPERM, None),
        (errno.EBUSY, None),
    ],
)


@ERRORS
async def test_a_video_that_a_scanner_holds_gets_its_name_as_soon_as_it_is_free(
    host: MediaHost, monkeypatch: pytest.MonkeyPatch, code: int, winerror: int | None
) -> None:
    world = at(host)
    scanner = Scanner(monkeypatch, code, winerror)
    async with finished(world) as (agent, task_id):
        begin = world.clock.seconds()
        scanner.patience = lambda: world.clock.seconds() - begin < 1.0
        saved = await agent.ok("save_wanx_video", task_id=task_id)
        took = world.clock.seconds() - begin
    assert scanner.refusals > 5
    assert 1.0 <= took < HELD_SECONDS
    assert content(saved) == clip()
    assert names(world) == [Path(saved["path"]).name]
    assert len(host.requests) == 1


@ERRORS
async def test_a_video_that_stays_held_is_kept_and_not_fetched_again(
    host: MediaHost, monkeypatch: pytest.MonkeyPatch, code: int, winerror: int | None
) -> None:
    world = at(host)
    scanner = Scanner(monkeypatch, code, winerror)
    async with finished(world) as (agent, task_id):
        for _ in range(2):
            begin = world.clock.seconds()
            error = await agent.error("save_wanx_video", task_id=task_id)
            assert world.clock.seconds() - begin >= HELD_SECONDS
            assert error.startswith("download_failed: the video has arrived, but another program")
            assert "Charged by this call: no." in error
            assert "the video is kept and is not fetched again" in error
            assert [name[-5:] for name in names(world)] == [".part"]
        scanner.holding = False
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert content(saved) == clip()
    assert names(world) == [Path(saved["path"]).name]
    assert len(host.requests) == 1


async def test_a_video_that_stays_held_until_the_server_ends_leaves_no_litter(
    host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = at(host)
    Scanner(monkeypatch, errno.EACCES, SHARING_VIOLATION)
    async with finished(world) as (agent, task_id):
        await agent.error("save_wanx_video", task_id=task_id)
        assert names(world) != []
    assert names(world) == []


async def test_a_full_disk_at_the_last_moment_is_not_waited_for(
    host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = at(host)
    scanner = Scanner(monkeypatch, errno.ENOSPC, None)
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert "is full" in error
    assert scanner.refusals == 1
    assert names(world) == []


async def test_a_contact_sheet_that_a_scanner_holds_is_kept_too(
    host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    world = at(host)
    async with finished(world) as (agent, task_id):
        saved = await agent.ok("save_wanx_video", task_id=task_id)
        scanner = Scanner(monkeypatch, errno.EACCES, SHARING_VIOLATION)
        scanner.patience = lambda: scanner.refusals < 10
        await agent.call("preview_wanx_video", task_id=task_id)
    assert scanner.refusals == 10
    assert len(names(world)) == 2
    assert Path(saved["path"]).name in names(world)


@pytest.mark.skipif(os.name != "nt", reason="elsewhere an open file can be renamed")
@pytest.mark.parametrize("seconds", [1.0, 60.0])
async def test_a_file_that_another_program_has_opened_on_windows_is_waited_for(host: MediaHost, seconds: float) -> None:
    world = at(host)
    async with finished(world) as (agent, task_id), anyio.create_task_group() as group:
        freed = anyio.Event()

        async def hold() -> None:
            while not (parts := list(world.videos.glob("*.part")) if world.videos.exists() else []):
                await anyio.lowlevel.checkpoint()
            with parts[0].open("rb"):
                begin = world.clock.seconds()
                while world.clock.seconds() - begin < seconds and not freed.is_set():
                    await anyio.lowlevel.checkpoint()

        group.start_soon(hold)
        if seconds > HELD_SECONDS:
            error = await agent.error("save_wanx_video", task_id=task_id)
            assert error.startswith("download_failed: the video has arrived, but another program")
            freed.set()
        saved = await agent.ok("save_wanx_video", task_id=task_id)
    assert content(saved) == clip()
    assert names(world) == [Path(saved["path"]).name]
    assert len(host.requests) == 1
