"""A user without a home folder, as in many containers: plain errors, and no folder named ~ anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from tests import pictures as p
from tests.place import ORDER
from tests.world import World
from wanx_mcp.cli import main
from wanx_mcp.settings import read_settings

pwd = pytest.importorskip("pwd", reason="Windows always has a profile folder")
pytestmark = pytest.mark.anyio
SCENE = p.file(p.scene())
HOMELESS = {"WANX_OUTPUT_DIR": "", "PIAPI_API_KEY": "test-key-1234567890"}


def unknown(_user: object) -> object:
    raise KeyError("no such user")


@pytest.fixture(params=["newer platformdirs", "older platformdirs"])
def empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory for a user whom this system knows no home of."""
    for name in ("HOME", *(name for name in os.environ if name.startswith("XDG_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    if request.param == "older platformdirs":  # they leave the ~ where it is
        monkeypatch.setattr(platformdirs, "user_videos_path", lambda: Path("~/Videos"))
        monkeypatch.setattr(platformdirs, "user_data_path", lambda *_names, **_options: Path("~/.local/share/wanx-mcp"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


async def test_a_local_picture_is_refused_plainly_and_one_that_comes_along_is_ordered(empty: Path) -> None:
    world = World(HOMELESS)
    async with world.client() as agent:
        bare = await agent.error("create_wanx_task", **ORDER, image="boat.png")
        at_home = await agent.error("create_wanx_task", **ORDER, image="~/boat.png")
        assert not world.line.sent("POST")
        created = await agent.ok("create_wanx_task", **ORDER, image=p.data_uri(SCENE))
        world.clock.advance(3600)
        await agent.ok("get_wanx_task", task_id=created["task_id"])
        saved = await agent.error("save_wanx_video", task_id=created["task_id"])
    assert bare.startswith(
        "image_rejected: image is a local path, and this server has no folder that pictures may come"
    )
    assert at_home.startswith("image_rejected: image ")
    assert "WANX_INPUT_DIRS" in bare
    assert "into that folder" not in bare
    assert saved.startswith("not_configured: there is no folder for videos: this user has no home folder")
    assert "set WANX_OUTPUT_DIR to an absolute folder" in saved
    assert os.listdir(empty) == []


async def test_folders_that_are_set_need_no_home(empty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "boat.png").write_bytes(SCENE)
    world = World(HOMELESS | {"WANX_INPUT_DIRS": str(folder)})
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image="boat.png")
        error = await agent.error("create_wanx_task", **ORDER, image="~/boat.png")
    assert "image begins with ~, and the user of this server has no home folder" in error
    assert os.listdir(empty) == []


@pytest.mark.parametrize("tool", ["list_wanx_tasks", "create_wanx_task"])
async def test_without_a_folder_for_the_ledger_every_tool_says_which_setting_is_missing(empty: Path, tool: str) -> None:
    arguments = {"task_type": "txt2video-14b", "prompt": "a boat"} if tool.startswith("create") else {}
    world = World(HOMELESS | {"WANX_STATE_DIR": ""})
    async with world.client() as agent:
        error = await agent.error(tool, **arguments)
    assert error.startswith("not_configured: there is no folder for the ledger of orders")
    assert "set WANX_STATE_DIR to an absolute folder" in error
    assert not world.line.requests
    assert os.listdir(empty) == []


@pytest.mark.parametrize("command", ["ledger", "doctor", "demo", "simulator"])
def test_every_command_says_which_setting_is_missing(
    empty: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("WANX_", "PIAPI_"))]:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as end:
        raise SystemExit(main([command]))
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith("wanx-mcp: there is no folder for ")
    assert told.count("\n") == 1
    assert os.listdir(empty) == []


WRONG: list[tuple[str, str]] = [
    ("~", "begins with ~, and this user has no home folder; use an absolute path"),
    ("~/films", "begins with ~, and this user has no home folder; use an absolute path"),
    ("~nobody/films", "begins with the home of a user who does not exist here; use an absolute path"),
    ("films", "must be an absolute path (or begin with ~)"),
]


@pytest.mark.parametrize(("folder", "words"), WRONG)
@pytest.mark.parametrize("variable", ["WANX_OUTPUT_DIR", "WANX_STATE_DIR", "WANX_INPUT_DIRS"])
def test_a_folder_that_leads_nowhere_is_named_with_the_reason(
    empty: Path, variable: str, folder: str, words: str
) -> None:
    (problem,) = read_settings({variable: folder}).problems
    assert str(problem).startswith(f"{variable} ")
    assert str(problem).endswith(words)


def test_one_wrong_folder_of_several_is_named_by_its_number(empty: Path) -> None:
    (problem,) = read_settings({"WANX_INPUT_DIRS": os.pathsep.join(["/pictures", "~nobody/x"])}).problems
    assert "folder 2 begins with the home of a user who does not exist here" in str(problem)
