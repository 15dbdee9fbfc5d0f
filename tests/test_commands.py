"""The commands as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import World
from wanx_mcp import __version__
from wanx_mcp.simulator.weather import Fault


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    return subprocess.run(
        [sys.executable, "-m", "wanx_mcp", *arguments],
        capture_output=True,
        text=True,
        env=inherited | environment,
        timeout=60,
        check=False,
    )


def test_version_and_help_are_told() -> None:
    assert run("--version").stdout.strip() == f"wanx-mcp {__version__}"
    helped = run("--help").stdout
    assert all(command in helped for command in ("demo", "ledger", "simulator"))
    assert run("nonsense").returncode == 2


def test_an_empty_ledger_is_no_error(tmp_path: Path) -> None:
    shown = run("ledger", WANX_STATE_DIR=str(tmp_path))
    assert shown.returncode == 0
    assert "Nothing has been ordered" in shown.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", ["found", "never placed"])
async def test_a_person_can_settle_an_unknown_order_by_hand(world: World, outcome: str) -> None:
    state = {"WANX_STATE_DIR": str(world.state)}
    world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
    async with world.client() as agent:
        await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")
        shown = run("ledger", **state).stdout
        assert "unknown" in shown
        assert "wanx-mcp ledger --settle 1" in shown
        assert run("ledger", "--settle", "1", **state).returncode == 2
        if outcome == "found":
            assert run("ledger", "--settle", "1", "--task-id", "abc", **state).returncode == 0
            (entry,) = (await agent.ok("list_wanx_tasks"))["tasks"]
            assert (entry["task_id"], entry["status"]) == ("abc", "pending")
        else:
            assert run("ledger", "--settle", "1", "--not-placed", **state).returncode == 0
            assert not (await agent.ok("list_wanx_tasks"))["tasks"]
        assert run("ledger", "--settle", "1", "--not-placed", **state).returncode == 1


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"nonsense" * 200)
    shown = run("ledger", WANX_STATE_DIR=str(tmp_path))
    assert shown.returncode == 1
    assert "ledger_unusable" in shown.stderr


@pytest.mark.parametrize(
    "proxy",
    [{}, {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "SSL_CERT_FILE": "/nothing.pem"}],
)
def test_the_demo_saves_a_playable_video(tmp_path: Path, proxy: dict[str, str]) -> None:
    shown = run("demo", WANX_OUTPUT_DIR=str(tmp_path), **proxy)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    (video,) = tmp_path.glob("*.mp4")
    assert video.read_bytes()[4:8] == b"ftyp"
    assert "$0.28" in shown.stdout
    assert str(video) in shown.stdout
