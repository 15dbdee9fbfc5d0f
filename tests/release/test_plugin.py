"""The plugin in the real host: its validator accepts it, and a scripted model orders a simulated video through it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.node import installed
from tests.release.exporting import repository
from tests.release.model import ORDER, Script, serving
from tests.release.plugin import marketplace, plugin
from tests.release.skill import NAME as SKILL
from wanx_mcp.toolnames import CREATE, GET, SAVE

COMMANDS = Path(__file__).with_name("package.json")
KEY = "pk-0123456789abcdef"
HOST_SECONDS = 600
"""The first start downloads and builds."""

PLUGIN = f"{plugin()['name']}@{marketplace()['name']}"


@dataclass(frozen=True)
class Host:
    """Claude Code with a home of its own, and the plugin's source."""

    home: Path
    source: Path

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WANX_", "PIAPI_", "CLAUDE", "ANTHROPIC_"))
        }
        path = os.pathsep.join([str(installed(COMMANDS)), str(Path(sys.executable).parent), os.environ["PATH"]])
        quiet = {"DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
        # Where uv keeps what it downloaded must not depend on HOME, or every run downloads all of it again.
        own = {"PATH": path, "HOME": str(self.home), "UV_CACHE_DIR": _uv_cache()}
        return subprocess.run(
            ["claude", *map(str, words)],
            cwd=self.home,
            env=inherited | quiet | own | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HOST_SECONDS,
            check=False,
        )

    def must(self, *words: str | Path, **environment: str) -> str:
        done = self.run(*words, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _uv_cache() -> str:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv, "uv comes with the dev extra"
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "home").mkdir()
    return Host(tmp_path / "home", repository(tmp_path / "a source"))


def test_the_hosts_validator_finds_nothing_wrong(host: Host) -> None:
    told = host.must("plugin", "validate", "--strict", "--profile", "directory", host.source)
    assert "Validation passed" in told
    assert f"{plugin()['name']}:{SKILL}" in told


def test_the_validator_would_have_found_a_fault(host: Host) -> None:
    manifest = host.source / ".claude-plugin" / "plugin.json"
    spoilt = json.loads(manifest.read_text(encoding="utf-8"))
    spoilt["userConfig"]["api_key"]["type"] = "secret"
    manifest.write_text(json.dumps(spoilt), encoding="utf-8")
    assert host.run("plugin", "validate", "--strict", host.source).returncode != 0


def test_the_key_is_masked_and_kept_out_of_the_hosts_settings(host: Host) -> None:
    install(host, f"api_key={KEY}")
    told = host.must("plugin", "configure", PLUGIN)
    assert re.search(r"api_key .*sensitive, set", told), told
    assert KEY not in told
    assert KEY not in (host.home / ".claude" / "settings.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", ["folder", "clone"])
def test_a_simulated_video_is_ordered_through_the_plugin(host: Host, place: str) -> None:
    """From a folder the host starts the plugin where it is; of a repository it keeps a clone of its own."""
    videos = host.home / "my videos"
    install(host, "simulate=true", f"output_folder={videos}", market=cloned(host) if place == "clone" else None)
    script = Script(f"{plugin()['name']}:{SKILL}")
    with serving(script) as address:
        told = host.must(
            *("-p", "Make a video of a paper boat.", "--allowedTools", f"mcp__plugin_{plugin()['name']}_wanx,Skill"),
            ANTHROPIC_BASE_URL=address,
            ANTHROPIC_API_KEY="sk-ant-not-a-key",
            WANX_STATE_DIR=str(host.home / "state"),
            WANX_SIMULATE_SPEED="500",
            MCP_TIMEOUT="300000",
        )
    assert "The video is saved." in told, conversation(script)
    assert ORDER["prompt"] in conversation(script)
    assert "US dollars a video" in conversation(script), "the skill was read"
    assert all(name in conversation(script) for name in (CREATE, GET, SAVE))
    (video,) = videos.glob("*.mp4")
    assert video.stat().st_size > 10_000


def cloned(host: Host) -> Path:
    """A marketplace of the same name that lists the plugin by the address of its repository."""
    market = marketplace()
    market["plugins"][0]["source"] = {"source": "url", "url": host.source.as_uri()}
    file = host.home / "market" / ".claude-plugin" / "marketplace.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(market), encoding="utf-8")
    return file.parents[1]


def install(host: Host, *values: str, market: Path | None = None) -> None:
    host.must("plugin", "marketplace", "add", market or host.source)
    host.must("plugin", "install", PLUGIN, *(word for value in values for word in ("--config", value)))


def conversation(script: Script) -> str:
    last: dict[str, Any] = max(script.seen, key=lambda body: len(body.get("messages", ())), default={})
    return json.dumps(last.get("messages"), indent=1)
