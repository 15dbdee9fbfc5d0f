"""Where the ledger lies unless WANX_STATE_DIR says so: one ledger for all hosts, also for those in a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.test_doctor import Home
from tests.world import World
from wanx_mcp.settings import read_settings
from wanx_mcp.settings.state_folders import choose, others, redirected, state_folders, windows_folders

pytestmark = pytest.mark.anyio
CLAUDE = "Claude_pzs8sxrjxfjjc"


@dataclass(frozen=True)
class Profile:
    """The folders of a user of Windows."""

    home: Path

    @property
    def local(self) -> Path:
        return self.home / "AppData" / "Local"

    @property
    def environment(self) -> dict[str, str]:
        return {"LOCALAPPDATA": str(self.local)}

    @property
    def folders(self) -> tuple[Path, ...]:
        return windows_folders(self.home, self.local / "wanx-mcp", redirected(self.environment))

    def package(self, name: str, data: str = "Local") -> Path:
        path = self.local / "Packages" / name / "LocalCache" / data
        path.mkdir(parents=True)
        return path


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return Profile(tmp_path)


def begun(folder: Path, name: str = "ledger.sqlite3") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"orders")
    return folder


def test_a_new_ledger_on_windows_lies_outside_of_what_a_packaged_host_sees_differently(profile: Profile) -> None:
    profile.package(CLAUDE)
    chosen = choose(profile.folders)
    assert chosen == profile.home / ".wanx-mcp"
    assert "AppData" not in str(chosen)


def test_a_ledger_that_exists_is_used_wherever_an_older_version_put_it(profile: Profile) -> None:
    old = begun(profile.local / "wanx-mcp")
    assert choose(profile.folders) == old


def test_a_ledger_that_only_a_packaged_host_has_written_is_found_by_all(profile: Profile) -> None:
    theirs = begun(profile.package("OpenAI.Codex_2p2nqsd0c76g0") / "wanx-mcp")
    assert choose(profile.folders) == theirs


def test_real_orders_come_before_simulated_ones_and_the_new_place_before_the_old(profile: Profile) -> None:
    simulated = begun(profile.home / ".wanx-mcp", "simulated.sqlite3")
    assert choose(profile.folders) == simulated
    old = begun(profile.local / "wanx-mcp")
    assert choose(profile.folders) == old
    begun(simulated)
    assert choose(profile.folders) == simulated


def test_a_second_ledger_is_found_and_the_same_file_by_another_way_is_none(profile: Profile) -> None:
    used = begun(profile.home / ".wanx-mcp") / "ledger.sqlite3"
    assert others(used, profile.folders) == ()
    (profile.package(CLAUDE) / "wanx-mcp").mkdir()
    seen = profile.local / "Packages" / CLAUDE / "LocalCache" / "Local" / "wanx-mcp" / "ledger.sqlite3"
    os.link(used, seen)
    assert others(used, profile.folders) == ()
    seen.unlink()
    begun(seen.parent)
    assert others(used, profile.folders) == (seen,)


def test_the_folders_of_a_packaged_host_are_found_by_its_name_the_latest_first(profile: Profile) -> None:
    old, new = profile.package("Claude_old", "Roaming"), profile.package("Claude_new", "Roaming")
    profile.package("Other_x", "Roaming")
    os.utime(old, (1, 1))
    assert redirected(profile.environment, "Claude_*", "Roaming") == (new, old)
    assert redirected(profile.environment, "Claude_*") == ()
    assert redirected({}) == ()


@pytest.mark.skipif(os.name != "nt", reason="the folders of Windows")
def test_on_windows_the_ledger_is_in_the_user_s_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "AppData" / "Local"))
    mine = begun(Profile(tmp_path).package(CLAUDE) / "wanx-mcp")
    folders = state_folders()
    assert folders[0] == tmp_path / ".wanx-mcp"
    assert "AppData" in str(folders[1])
    assert folders[2] == mine
    begun(folders[0])
    assert read_settings({}).state_folder == tmp_path / ".wanx-mcp"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG_DATA_HOME is a convention of Linux")
def test_elsewhere_the_platform_s_folder_is_used_whatever_lies_in_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun(tmp_path / "snap" / "code" / "current" / ".local" / "share" / "wanx-mcp")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert read_settings({}).state_folder == tmp_path / "data" / "wanx-mcp"
    assert len(state_folders()) == 3


async def test_the_doctor_warns_of_a_second_ledger_with_orders_and_of_none_without(tmp_path: Path) -> None:
    home = Home(tmp_path, more={"LOCALAPPDATA": str(tmp_path / "local"), "USERPROFILE": str(tmp_path)})
    home.more |= {"XDG_DATA_HOME": str(tmp_path / "data")}
    places = {"win32": ".wanx-mcp", "darwin": "Library/Application Support/wanx-mcp"}
    folder = tmp_path / places.get(sys.platform, "data/wanx-mcp")
    assert "second ledger" not in named(home)
    world = World()
    async with world.client() as agent:
        await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
    folder.mkdir(parents=True)
    shutil.move(world.state / "ledger.sqlite3", folder / "ledger.sqlite3")
    row = named(home)["second ledger"]
    assert (row["verdict"], row["cause"]) == ("warning", "second_ledger")
    assert str(folder / "ledger.sqlite3") in row["found"]
    assert str(tmp_path / "state") in row["found"]
    assert "Set WANX_STATE_DIR to the same folder in all hosts" in row["fix"]


def named(home: Home) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "wanx_mcp", "doctor", "--json"]
    done = subprocess.run(
        command, env=home.environment, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False
    )
    return {row["name"]: row for row in json.loads(done.stdout)["checks"]}
