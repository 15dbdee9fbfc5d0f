"""The packages as a release makes them: reproducible, complete, and used as their users use them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.release.build import NAMES, build, tool
from tests.release.exporting import ROOT, exported, tracked
from tests.release.packages import REGISTRY_NAME
from tests.release.smoke import RUNNERS, SmokeError, smoke
from wanx_mcp import __version__

EPOCH = "1764000000"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    place = tmp_path_factory.mktemp("packages")
    return build(exported(place / "source"), place / "built", epoch=EPOCH)


def test_two_builds_of_the_same_files_are_the_same_bytes(
    packages: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = exported(tmp_path / "another place")
    for path in source.rglob("*"):
        os.utime(path, (1, 1_000_000_000))  # a clone made on another day
        path.chmod(0o700 if path.is_dir() else 0o600 | path.stat().st_mode & 0o100)  # and with another umask
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    again = build(source, tmp_path / "built", epoch=EPOCH)
    assert [path.name for path in again] == list(NAMES)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in packages]


def test_twine_would_upload_them(packages: tuple[Path, ...]) -> None:
    wheel, source, _bundle = packages
    done = subprocess.run(
        [tool("twine"), "check", "--strict", wheel, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_registry_finds_its_name_in_what_the_package_index_shows(packages: tuple[Path, ...]) -> None:
    about = zipfile.ZipFile(packages[0]).read(f"wanx_mcp-{__version__}.dist-info/METADATA").decode()
    assert f"mcp-name: {REGISTRY_NAME}" in about


def test_the_wheel_holds_the_package_and_nothing_else(packages: tuple[Path, ...]) -> None:
    inside = zipfile.ZipFile(packages[0]).namelist()
    assert {name.partition("/")[0] for name in inside} == {"wanx_mcp", f"wanx_mcp-{__version__}.dist-info"}
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "wanx_mcp").rglob("*") if path.is_file()}
    assert {name for name in ours if "__pycache__" not in name} == {n for n in inside if n.startswith("wanx_mcp/")}


def test_the_source_distribution_holds_what_its_own_tests_read(packages: tuple[Path, ...]) -> None:
    with tarfile.open(packages[1]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert set(tracked()) <= inside


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_demo_runs_from_the_wheel(runner: str, packages: tuple[Path, ...], tmp_path: Path) -> None:
    smoke(runner, str(packages[0]), tmp_path)


def test_a_package_that_does_not_work_is_noticed(packages: tuple[Path, ...], tmp_path: Path) -> None:
    broken = tmp_path / packages[0].name
    with zipfile.ZipFile(packages[0]) as whole, zipfile.ZipFile(broken, "w") as part:
        for entry in whole.infolist():
            if "simulator" not in entry.filename:
                part.writestr(entry, whole.read(entry))
    with pytest.raises(SmokeError):
        smoke("uvx", str(broken), tmp_path)


def test_what_uvx_starts_from_a_folder_is_what_the_folder_holds_now(tmp_path: Path) -> None:
    """The plugin is started like this, and an update may replace its files in place."""
    source = exported(tmp_path / "plugin")
    assert version_of(source) == f"wanx-mcp {__version__}"
    about = source / "wanx_mcp" / "__init__.py"
    about.write_text(about.read_text(encoding="utf-8").replace(__version__, "99.0.1"), encoding="utf-8")
    assert version_of(source) == "wanx-mcp 99.0.1"


def version_of(source: Path) -> str:
    words = [tool("uvx"), "--quiet", "--from", str(source), "wanx-mcp", "--version"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_a_person_can_install_it_with_pipx(packages: tuple[Path, ...], tmp_path: Path) -> None:
    places = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    subprocess.run([tool("pipx"), "install", packages[0]], env=os.environ | places, capture_output=True, check=True)
    command = shutil.which("wanx-mcp", path=str(tmp_path / "bin"))
    assert command
    told = subprocess.run([command, "config", "cursor"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path / "home") in told, "the configuration starts the installed command"
