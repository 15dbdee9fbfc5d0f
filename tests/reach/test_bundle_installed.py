"""The bundle of a wheel in a fresh environment: judged by the format's own tool, started as its host starts it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult

from tests.node import installed
from wanx_mcp import __version__

ROOT = Path(__file__).parents[2]
PACKAGE = Path(__file__).with_name("package.json")
MINUTES = 60
FILL = """
import { readFileSync } from "node:fs";
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";
const [folder, given] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const filled = await getMcpConfigForManifest({
  manifest, extensionPath: folder, systemDirs: {}, userConfig: JSON.parse(given), pathSeparator: "/",
});
console.log(JSON.stringify(filled));
"""
"""What a host does to the manifest, by the format's own library."""


def run(*words: str | Path, cwd: Path, **environment: str) -> str:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=surroundings | environment,
        capture_output=True,
        text=True,
        timeout=15 * MINUTES,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Built:
    """A bundle that an installed wheel has built, and where it is unpacked."""

    path: Path
    folder: Path

    def mcpb(self, *words: str | Path) -> str:
        return run(installed(PACKAGE) / "mcpb", *words, cwd=self.path.parent)

    def filled(self, given: dict[str, Any]) -> dict[str, Any]:
        """The server's command and environment, with what the user `given` in the host's form."""
        program = installed(PACKAGE).parents[1] / "fill.mjs"
        program.write_text(FILL, encoding="utf-8")
        return dict(json.loads(run("node", program, self.folder, json.dumps(given), cwd=self.path.parent)))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    place = tmp_path_factory.mktemp("any where")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", place / "wheel", ROOT, cwd=place)
    (wheel,) = (place / "wheel").iterdir()
    run(sys.executable, "-m", "venv", place / "venv", cwd=place)
    binaries = place / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(binaries / "python", "-m", "pip", "install", "-q", wheel, cwd=place)
    (place / "empty").mkdir()
    assert run(binaries / "wanx-mcp", "--version", cwd=place).strip() == f"wanx-mcp {__version__}"
    run(binaries / "wanx-mcp", "bundle", cwd=place / "empty")
    (path,) = (place / "empty").iterdir()
    zipfile.ZipFile(path).extractall(place / "unpacked here")
    return Built(path, place / "unpacked here")


def test_the_tool_of_the_format_finds_nothing_wrong(built: Built) -> None:
    assert "passes" in built.mcpb("validate", built.folder / "manifest.json")
    assert built.path.name in built.mcpb("info", built.path)


def test_the_tool_would_have_found_a_fault(built: Built) -> None:
    spoilt = built.folder.parent / "spoilt"
    shutil.copytree(built.folder, spoilt, dirs_exist_ok=True)
    manifest = json.loads((spoilt / "manifest.json").read_text(encoding="utf-8"))
    del manifest["server"]["mcp_config"]
    (spoilt / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(AssertionError):
        built.mcpb("validate", spoilt / "manifest.json")


@pytest.mark.anyio
async def test_the_bundle_makes_a_video_as_its_host_starts_it(built: Built, tmp_path: Path) -> None:
    """Node's library fills the fields in; `uv` is the host's own, here the one of the test environment."""
    given = {"simulate": True, "output_folder": str(tmp_path / "my videos")}
    filled = built.filled(given)
    assert filled["command"] == "uv"
    assert filled["env"]["PIAPI_API_KEY"] == "${user_config.api_key}"
    assert filled["env"]["WANX_SIMULATE"] == "true"
    env = {**os.environ, **filled["env"], "WANX_STATE_DIR": str(tmp_path / "state"), "WANX_SIMULATE_SPEED": "500"}
    env.pop("VIRTUAL_ENV", None)
    server = StdioServerParameters(command=_uv(), args=filled["args"], env=env, cwd=str(tmp_path))
    async with Client(stdio_client(server)) as client:
        ordered = await client.call_tool("create_wanx_task", {"task_type": "txt2video-14b", "prompt": "a boat"})
        task = {"task_id": _facts(ordered)["task_id"]}
        seen = _facts(await client.call_tool("get_wanx_task", {**task, "wait_seconds": 45}))
        assert seen["status"] == "completed"
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/media/\S+\.mp4", seen["video_url"])
        saved = _facts(await client.call_tool("save_wanx_video", task))
        assert Path(saved["path"]).parent == tmp_path / "my videos"
        sheet = await client.call_tool("preview_wanx_video", task)
        assert any(block.type == "image" for block in sheet.content), "PyAV is in the bundle"


def _uv() -> str:
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert found, "uv comes with the dev extra"
    return found


def _facts(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, result.content
    return dict(result.structured_content or {})
