"""`wanx-mcp config docker`: what it prints and leaves out. `tests/release/test_image.py` starts the image with it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_commands import run
from wanx_mcp.cli.config.docker import BUILD, IMAGE, folders
from wanx_mcp.settings import read_settings

KEY = "pk-0123456789abcdef"
ROOT = Path(__file__).parents[1]


def printed(*options: str, **environment: str) -> dict[str, Any]:
    done = run("config", "docker", *options, **environment)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)["mcpServers"]["wanx"])


def mounts(entry: dict[str, Any]) -> list[str]:
    return [entry["args"][at + 1] for at, word in enumerate(entry["args"]) if word == "--mount"]


def passed_on(entry: dict[str, Any]) -> set[str]:
    return {entry["args"][at + 1] for at, word in enumerate(entry["args"]) if word == "-e"}


def test_no_image_is_ever_fetched_and_the_advice_says_how_to_build_it() -> None:
    done = run("config", "docker")
    args = json.loads(done.stdout)["mcpServers"]["wanx"]["args"]
    assert "--pull=never" in args
    assert args[-1] == IMAGE
    assert "/" not in IMAGE, "no registry, no owner"
    assert BUILD in done.stderr
    assert BUILD in (ROOT / ".docker" / "Dockerfile").read_text(encoding="utf-8")


def test_the_key_is_printed_only_when_asked_for_and_never_as_an_argument() -> None:
    plain, whole = printed(PIAPI_API_KEY=KEY), printed("--with-key", PIAPI_API_KEY=KEY)
    assert plain["env"]["PIAPI_API_KEY"] == "YOUR_PIAPI_KEY"
    assert whole["env"]["PIAPI_API_KEY"] == KEY
    assert KEY not in json.dumps(whole["args"])
    assert "PIAPI_API_KEY" in passed_on(whole)


def test_with_key_without_a_key_is_an_error_and_prints_nothing() -> None:
    done = run("config", "docker", "--with-key")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PIAPI_API_KEY" in done.stderr


def test_the_container_gets_every_variable_that_is_printed() -> None:
    entry = printed("--simulate", "--carry", WANX_DAILY_BUDGET_USD="2.50", NO_PROXY="intranet")
    assert passed_on(entry) == set(entry["env"])
    assert {name: entry["env"][name] for name in ("WANX_SIMULATE", "WANX_DAILY_BUDGET_USD", "NO_PROXY")} == {
        "WANX_SIMULATE": "1",
        "WANX_DAILY_BUDGET_USD": "2.50",
        "NO_PROXY": "intranet",
    }
    assert "PIAPI_API_KEY" not in entry["env"]


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    done = run("config", "docker", WANX_DAILY_BUDGET_USD="2.50", WANX_STATE_DIR=str(tmp_path))
    assert "the container does not get them: WANX_DAILY_BUDGET_USD. " in done.stderr
    entry = json.loads(done.stdout)["mcpServers"]["wanx"]
    assert not {"WANX_DAILY_BUDGET_USD", "WANX_STATE_DIR"} & set(entry["env"])


@pytest.mark.skipif(os.name == "nt", reason="paths of Windows do not exist in the container")
def test_folders_keep_their_paths_and_pictures_cannot_be_changed(tmp_path: Path) -> None:
    films, photos = tmp_path / "films", tmp_path / "photos"
    films.mkdir()
    photos.mkdir()
    entry = printed("--simulate", WANX_OUTPUT_DIR=str(films), WANX_INPUT_DIRS=str(photos), SSL_CERT_FILE="/etc/ca.pem")
    state, output, pictures = mounts(entry)
    assert state == "type=volume,src=wanx-state,dst=/state"
    assert output == f"type=bind,src={films},dst={films}"
    assert pictures == f"type=bind,src={photos},dst={photos},readonly"
    assert (entry["env"]["WANX_OUTPUT_DIR"], entry["env"]["WANX_INPUT_DIRS"]) == (str(films), str(photos))
    assert "SSL_CERT_FILE" not in entry["env"], "a path that does not exist in the container"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the owner of a mounted folder does not matter")
def test_on_linux_it_runs_as_the_person_whose_folders_are_mounted() -> None:
    args = printed("--simulate")["args"]
    assert args[args.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"


def test_the_advice_says_that_the_ledger_is_another_one() -> None:
    words = run("config", "docker", "--simulate").stderr
    assert "It is not the one of this installation: each has a budget of its own." in words


def test_the_usual_folder_of_videos_is_mounted_where_none_is_set() -> None:
    videos, pictures = folders(read_settings({}))
    assert videos.here == read_settings({}).output_folder
    assert pictures == ()
