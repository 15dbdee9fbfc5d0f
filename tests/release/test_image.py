"""The image, built from its Dockerfile and run with nothing that can be written but its volumes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.release.build import tool
from tests.release.exporting import ROOT, exported
from tests.release.image import Builder, Image, missing
from tests.release.packages import REGISTRY_NAME
from wanx_mcp import __version__

STRANGER = "4321:4321"
"""A user whom the image does not know, as on a Linux whose person has this number."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    lacks = missing()
    if lacks:
        assert not os.environ.get("CI"), lacks
        pytest.skip(f"the image cannot be built here: {', '.join(lacks)}")
    builder = Builder()
    try:
        yield builder.build(exported(tmp_path_factory.mktemp("image") / "source"))
    finally:
        builder.close()


@dataclass(frozen=True)
class Volumes:
    """The image's volumes as Docker makes them: with the owner and mode of the image's folders."""

    place: Path

    @property
    def mounts(self) -> dict[Path, str]:
        found = {}
        for name in ("state", "videos"):
            folder = self.place / name
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o1777)
            found[folder] = f"/{name}"
        return found


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)  # pytest's folders are closed to other users
    return Volumes(tmp_path)


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    words = [tool("hadolint"), str(ROOT / ".docker" / "Dockerfile")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_as_nobody_special_and_keeps_state_and_videos(image: Image) -> None:
    assert image.config["User"].partition(":")[0] not in {"", "0", "root"}
    assert set(image.config["Volumes"]) == {"/state", "/videos"}
    assert image.config["Labels"]["io.modelcontextprotocol.server.name"] == REGISTRY_NAME
    for folder in ("state", "videos"):
        assert (image.root / folder).stat().st_mode & 0o7777 == 0o1777


def test_nothing_of_the_build_is_left_in_it(image: Image) -> None:
    assert not (image.root / "source").exists()
    assert not (image.root / "root" / ".cache").exists()
    assert not list((image.root / "opt" / "wanx").rglob("wanx_mcp/tests"))


def test_its_healthcheck_passes(image: Image, volumes: Volumes) -> None:
    kind, *check = image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    done = run(image.command(entrypoint=check, mounts=volumes.mounts))
    assert (done.returncode, done.stdout.split()) == (0, ["wanx-mcp", __version__]), done.stderr


@pytest.mark.parametrize("user", [None, STRANGER], ids=["its own user", "a user it does not know"])
def test_the_demo_runs_in_it(image: Image, volumes: Volumes, user: str | None) -> None:
    done = run(image.command("demo", mounts=volumes.mounts, user=user))
    assert done.returncode == 0, done.stdout + done.stderr
    owner = int((user or image.config["User"]).partition(":")[0])
    videos = list((volumes.place / "videos").glob("*.mp4"))
    assert len(videos) == 4, "a film and its three shots"
    assert {video.stat().st_uid for video in videos} == {owner}


def test_nothing_else_can_be_written(image: Image, volumes: Volumes) -> None:
    attempt = "for place in / /opt/wanx /tmp /home/wanx /dev /state /videos; do touch $place/x && echo $place; done"
    done = run(image.command(entrypoint=["sh", "-c", attempt], mounts=volumes.mounts))
    assert done.stdout.split() == ["/state", "/videos"], done.stderr


async def ordered(command: list[str], env: dict[str, str] | None = None) -> dict[str, Any]:
    """A simulated order by the server that `command` starts, until its video is saved."""
    parameters = StdioServerParameters(command=command[0], args=command[1:], env={**os.environ, **(env or {})})
    async with Client(stdio_client(parameters)) as client:
        order = {"task_type": "txt2video-1.3b", "prompt": "a boat"}
        task = {"task_id": facts(await client.call_tool("create_wanx_task", order))["task_id"]}
        seen = facts(await client.call_tool("get_wanx_task", {**task, "wait_seconds": 45}))
        assert seen["status"] == "completed"
        return facts(await client.call_tool("save_wanx_video", task))


def facts(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    return dict(result.structured_content)


@pytest.mark.anyio
async def test_orders_outlive_the_container(image: Image, volumes: Volumes) -> None:
    env = {"WANX_SIMULATE": "1", "WANX_SIMULATE_SPEED": "500"}
    await ordered(image.command(mounts=volumes.mounts, env=env))
    later = run(image.command("ledger", mounts=volumes.mounts, env=env))
    assert "a boat" in later.stdout, later.stderr


def printed(*options: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "wanx_mcp", "config", "docker", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout)["mcpServers"]["wanx"])


@pytest.mark.anyio
async def test_what_config_docker_prints_starts_it_and_answers_with_paths_of_this_machine(
    image: Image, volumes: Volumes
) -> None:
    videos = volumes.place / "my videos"
    videos.mkdir()
    entry = printed("--simulate", "--carry", WANX_OUTPUT_DIR=str(videos), WANX_SIMULATE_SPEED="500")
    saved = await ordered(as_docker_does(image, entry, volumes))
    assert Path(saved["path"]).parent == videos
    assert {path.stat().st_size for path in videos.glob("*.mp4")} == {saved["bytes"]}


def as_docker_does(image: Image, entry: dict[str, Any], volumes: Volumes) -> list[str]:
    """The entry's `docker run` for `image`, with each of its words understood."""
    words = list(entry["args"])
    assert words.pop(0) == "run"
    assert words.pop() == "wanx-mcp:local"
    mounts: dict[Path, str] = {}
    env: dict[str, str] = {}
    user = None
    while words:
        match words.pop(0):
            case "-i" | "--rm" | "--init" | "--pull=never" | "--read-only":
                pass
            case "--user":
                user = words.pop(0)
            case "-e":
                name = words.pop(0)
                env[name] = entry["env"][name]
            case "--mount":
                parts = dict(part.partition("=")[::2] for part in words.pop(0).split(","))
                kept = volumes.place / "state"
                source = next(iter(volumes.mounts)) if parts["type"] == "volume" else Path(parts["src"])
                assert parts["type"] == "bind" or source == kept
                mounts[source] = parts["dst"]
            case word:
                raise AssertionError(f"an argument that nobody expects: {word}")
    return image.command(mounts={volumes.place / "videos": "/videos", **mounts}, env=env, user=user)


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker")
def test_dockers_own_client_understands_what_is_printed(tmp_path: Path) -> None:
    pictures = tmp_path / 'pictures, "odd"'
    pictures.mkdir()
    entry = printed("--simulate", WANX_OUTPUT_DIR=str(tmp_path / "a, b"), WANX_INPUT_DIRS=str(pictures))
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    done = subprocess.run(
        [entry["command"], *entry["args"]], env=os.environ | nowhere, capture_output=True, text=True, check=False
    )
    assert "annot connect to the Docker daemon" in done.stderr, "an argument was refused before that"
