"""`wanx-mcp bundle`: what is in it, that it is derived, and that it is the same every time. `tests/reach` runs it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image

import wanx_mcp
from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import SETTINGS, Settings, read_settings


def bundle_in(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wanx_mcp", "bundle"]
    environment = {**os.environ, "PYTHONPATH": str(Path(wanx_mcp.__file__).parents[1])}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def built(folder: Path) -> Path:
    """A bundle, built in that folder by the command."""
    folder.mkdir(exist_ok=True)
    done = bundle_in(folder)
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    assert path.name == f"wanx-mcp-{__version__}.mcpb"
    assert str(path) in done.stdout
    return path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(built(tmp_path_factory.mktemp("bundle")))


@pytest.fixture(scope="module")
def manifest(bundle: zipfile.ZipFile) -> dict[str, Any]:
    return dict(json.loads(bundle.read("manifest.json")))


def test_two_builds_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    once = built(tmp_path / "once").read_bytes()
    Path(wanx_mcp.__file__).touch()  # another date, the same content
    assert built(tmp_path / "again").read_bytes() == once


def test_it_holds_the_whole_package_but_no_picture_of_the_readme_and_nothing_that_python_left_there(
    bundle: zipfile.ZipFile,
) -> None:
    house = Path(wanx_mcp.__file__).parent
    files = {f"wanx_mcp/{path.relative_to(house).as_posix()}" for path in house.rglob("*") if path.is_file()}
    pictures = {name for name in files if name.endswith(".webp")}  # the README's
    assert pictures
    sources = {name for name in files - pictures if "__pycache__" not in name}
    assert set(bundle.namelist()) == sources | {"manifest.json", "pyproject.toml", "LICENSE"}
    assert all(bundle.read(name) == (house.parent / name).read_bytes() for name in sources)


def test_the_tools_and_the_version_are_those_of_the_server(manifest: dict[str, Any]) -> None:
    shown = [(tool["name"], tool["description"]) for tool in manifest["tools"]]
    assert shown == [(row.name, row.description) for row in tool_rows(CATALOG)]
    assert manifest["version"] == __version__


def test_every_field_fills_a_setting_and_the_key_is_hidden(manifest: dict[str, Any]) -> None:
    env, fields = manifest["server"]["mcp_config"]["env"], manifest["user_config"]
    assert set(env) <= {row.variable for row in SETTINGS}
    assert sorted(env.values()) == sorted(f"${{user_config.{name}}}" for name in fields)
    by_variable = {
        variable: fields[re.fullmatch(r"\$\{user_config\.(\w+)\}", text)[1]] for variable, text in env.items()
    }  # type: ignore[index]
    assert by_variable["PIAPI_API_KEY"]["sensitive"] is True
    secret = {row.variable for row in SETTINGS if row.secret}
    assert {name for name, field in by_variable.items() if field.get("sensitive")} == secret & set(env)
    assert not any(field["required"] for field in fields.values())


def test_no_field_asks_for_what_its_control_cannot_take(manifest: dict[str, Any]) -> None:
    fields = manifest["user_config"]
    texts = [field["description"] for field in fields.values()]
    assert all(texts)
    assert not [text for text in texts if re.search(r"unlimited|PATH|separated|[Ff]olders|https?:|[A-Z]+_[A-Z]+", text)]
    assert "0 forbids spending" in fields["daily_budget"]["description"]


def filled(manifest: dict[str, Any], given: dict[str, str], *, unset: str | None = None) -> dict[str, str]:
    """The environment as a host fills it in: defaults, then what the user gave; what nobody gave stays as it was,
    or is `unset`."""
    known = {name: field["default"] for name, field in manifest["user_config"].items() if "default" in field}
    words = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in known.items()}
    words |= given

    def fill(text: str) -> str:
        name = text.removeprefix("${user_config.").removesuffix("}")
        return words.get(name, text if unset is None else unset)

    return {variable: fill(text) for variable, text in manifest["server"]["mcp_config"]["env"].items()}


@pytest.mark.parametrize("unset", [None, ""], ids=["left as a template", "empty"])
def test_fields_that_nobody_filled_in_count_as_unset(manifest: dict[str, Any], unset: str | None) -> None:
    assert read_settings(filled(manifest, {}, unset=unset)) == Settings()


def test_what_a_person_fills_in_arrives(manifest: dict[str, Any], tmp_path: Path) -> None:
    given = {"api_key": "k", "daily_budget": "12.5", "output_folder": str(tmp_path), "simulate": "true"}
    settings = read_settings(filled(manifest, given, unset=""))
    assert not settings.problems
    assert (settings.api_key, str(settings.daily_budget), settings.output_dir) == ("k", "12.5", tmp_path)
    assert settings.simulate


def test_its_project_needs_what_the_package_needs(bundle: zipfile.ZipFile) -> None:
    project = tomllib.loads(bundle.read("pyproject.toml").decode())
    needs = set(project["project"]["dependencies"])
    declared = requires("wanx-mcp") or []
    assert {demand for demand in declared if "extra ==" not in demand} == needs
    assert {re.match(r"[a-z]+", demand)[0] for demand in needs} > {"av", "mcp", "httpx"}  # type: ignore[index]
    assert all("<" in demand for demand in needs)
    assert {demand.partition(";")[0][:12] for demand in needs if ";" in demand} == {"cryptography"}
    texts = [demand for demand in needs if "platform_machine" in demand]
    assert sorted("ARM64" in text for text in texts) == [False, True], "both platforms without its latest wheels"
    assert not any(demand.startswith(("pytest", "mypy", "wanx")) for demand in needs)
    assert "build-system" not in project
    assert project["project"]["version"] == __version__


def test_nothing_of_this_machine_is_in_it(bundle: zipfile.ZipFile, tmp_path: Path) -> None:
    assert "uv.lock" not in bundle.namelist()
    mine = {str(Path.home()), str(Path(wanx_mcp.__file__).parents[1]), sys.prefix}
    for name in ("manifest.json", "pyproject.toml"):
        assert not any(place in bundle.read(name).decode() for place in mine if len(place) > 3)
    assert {entry.date_time for entry in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_says_what_becomes_of_what_you_order(manifest: dict[str, Any]) -> None:
    assert "Privacy:" in manifest["long_description"]
    assert "PiAPI" in manifest["long_description"]


def test_the_icon_is_a_square_png(bundle: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    with Image.open(io.BytesIO(bundle.read(manifest["icon"]))) as icon:
        assert (icon.format, icon.size) == ("PNG", (512, 512))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / f"wanx-mcp-{__version__}.mcpb").mkdir()
    done = bundle_in(tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert [path.suffix for path in tmp_path.iterdir()] == [".mcpb"]


@pytest.mark.anyio
async def test_the_unpacked_sources_serve_by_themselves(
    bundle: zipfile.ZipFile, manifest: dict[str, Any], tmp_path: Path
) -> None:
    bundle.extractall(tmp_path)
    args = manifest["server"]["mcp_config"]["args"]
    assert args[:3] == ["run", "--directory", "${__dirname}"]
    env = filled(manifest, {"simulate": "true"})
    server = StdioServerParameters(command=sys.executable, args=args[4:], env=env, cwd=tmp_path)
    async with Client(stdio_client(server)) as client:
        assert len((await client.list_tools()).tools) == len(manifest["tools"])
