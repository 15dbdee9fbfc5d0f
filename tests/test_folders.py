"""Folders as the systems see them: spelled otherwise, protected by macOS, taken by a file, too deep."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path

import pytest

from tests import pictures as p
from tests.place import ORDER, Place
from tests.test_save import finished
from tests.world import World
from wanx_mcp.media import places, shelf
from wanx_mcp.media.folders import inside, is_same
from wanx_mcp.media.formats import Unfit
from wanx_mcp.settings.protected import privacy_advice

pytestmark = pytest.mark.anyio
SCENE = p.file(p.scene())


def finds_any_case(folder: Path) -> bool:
    """Whether the disk of `folder` finds names in any case, as those of Macs and of Windows do."""
    return (folder.parent / folder.name.swapcase()).exists()


# Spelled otherwise


def test_what_is_inside_a_folder_is_decided_by_whole_names() -> None:
    root = os.path.abspath(os.sep)
    films = os.path.join(root, "films")
    assert inside(os.path.join(films, "a", "b.png"), films) == ["a", "b.png"]
    assert inside(films, films) == []
    assert inside(films + "2", films) is None
    assert inside(root, films) is None
    assert inside(os.path.join(root, "a.png"), root) == ["a.png"]


def test_another_case_is_the_same_folder_only_where_the_disk_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "Films \u00e9t\u00e9"
    folder.mkdir()
    other = tmp_path / "films \u00c9t\u00e9"
    same = other.exists()
    assert is_same(str(other), str(folder)) == same
    assert inside(str(other / "boat.png"), str(folder)) == (["boat.png"] if same else None)
    if not same:
        other.mkdir()
        assert not is_same(str(other), str(folder))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_a_folder_may_be_spelled_in_any_way_that_the_disk_takes_for_the_same(place: Place, form: str) -> None:
    (place.films / "boat.png").write_bytes(SCENE)
    spelled = str(place.films.parent / unicodedata.normalize(form, place.films.name.upper()) / "boat.png")
    async with place.world.client() as agent:
        told = await agent.ok("create_wanx_task", **ORDER, image=spelled)
    assert place.arrived() == SCENE
    renamed = "was found as" in told["next_step"]
    assert renamed != finds_any_case(place.films)  # where the disk takes it for the same, there is nothing to tell


# Protected by macOS


@pytest.mark.skipif(os.name == "nt", reason="no path of a Mac")
@pytest.mark.parametrize(
    ("below", "name"),
    [
        ("Desktop/wanx", "the Desktop folder"),
        ("documents", "the Documents folder"),
        ("Downloads/a/b", "the Downloads folder"),
        ("Library/Mobile Documents/com~apple~CloudDocs", "the iCloud Drive folder"),
        ("/Volumes/Stick/wanx", "Removable Volumes"),
        ("films", "that folder"),
        ("Desktops", "that folder"),
    ],
)
def test_a_refusal_of_macos_leads_to_its_privacy_settings(below: str, name: str) -> None:
    refused = OSError(errno.EPERM, "Operation not permitted")
    advice = privacy_advice(refused, Path.home() / below, "darwin")
    assert advice is not None
    assert "Privacy & Security > Files and Folders" in advice
    assert f"use {name}, " in advice


def test_other_refusals_and_other_systems_do_not(tmp_path: Path) -> None:
    assert privacy_advice(PermissionError(errno.EACCES, "no"), tmp_path, "darwin") is None
    assert privacy_advice(PermissionError(errno.EPERM, "no"), tmp_path, "linux") is None


# Taken by a file


@pytest.mark.parametrize("below", ["", "videos"], ids=["in its place", "above it"])
async def test_a_file_in_the_place_of_the_output_folder_is_told_as_one(tmp_path: Path, below: str) -> None:
    file = tmp_path / "notes"
    file.write_text("mine")
    folder = file / below
    world = World({"WANX_OUTPUT_DIR": str(folder)})
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert error.startswith(f"download_failed: {folder} cannot be made, because {file} is a file, not a folder.")
    assert "WANX_OUTPUT_DIR" in error
    assert file.read_text() == "mine"


async def test_a_folder_in_the_place_of_the_ledger_is_told_as_one(world: World) -> None:
    (world.state / "ledger.sqlite3").mkdir(parents=True)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
    assert "cannot be used (Is a directory)" in error
    assert "move the folder" in error
    assert "Charged by this call: no." in error


# Too deep


def test_the_trial_of_a_long_path_leaves_nothing_and_harms_no_file(tmp_path: Path) -> None:
    mine = tmp_path / "boat-999.mp4"
    shelf._try_path(mine)
    assert not mine.exists()
    mine.write_bytes(b"mine")
    shelf._try_path(mine)
    assert mine.read_bytes() == b"mine"
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)):
        shelf._try_path(tmp_path / "\N{LATIN SMALL LETTER A}".join(["x"] * 200) / "boat.mp4")


# On another host


@pytest.mark.skipif(os.name != "nt", reason="a shared folder is mounted elsewhere")
def test_a_picture_in_an_allowed_shared_folder_may_be_named_with_its_host() -> None:
    folders = (Path(r"\\nas\share\films"),)
    places.check_path(r"\\NAS\Share\Films\boat.png", folders)
    places.check_path("//nas/share/films/a/boat.png", folders)
    outside = (r"\\nas\share\films2\boat.png", r"\\other\share\films\boat.png", r"\\nas\share\films\..\boat.png")
    for other in (*outside, r"\\?\C:\boat.png", r"\\?\UNC\nas\share\films\boat.png"):
        with pytest.raises(Unfit, match="network or device path"):
            places.check_path(other, folders)
