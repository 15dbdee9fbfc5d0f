"""The commands as a person types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import World
from wanx_mcp import __version__
from wanx_mcp.ledger.schema import open_file
from wanx_mcp.simulator.weather import Fault


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    return subprocess.run(
        [sys.executable, "-m", "wanx_mcp", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=inherited | environment,
        timeout=600,
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
            settled = run("ledger", "--settle", "1", "--task-id", "abc", **state)
            assert settled.returncode == 0
            assert "was not looked up" in settled.stdout
            (entry,) = (await agent.ok("list_wanx_tasks"))["tasks"]
            assert (entry["task_id"], entry["status"]) == ("abc", "pending")
            assert run("ledger", "--settle", "1", "--not-placed", **state).returncode == 0, "nobody has seen it since"
        else:
            assert run("ledger", "--settle", "1", "--not-placed", **state).returncode == 0
            assert not (await agent.ok("list_wanx_tasks"))["tasks"]
        assert run("ledger", "--settle", "1", "--not-placed", **state).returncode == 1


@pytest.mark.anyio
async def test_the_ledger_that_is_not_shown_is_named_when_it_has_orders(world: World) -> None:
    state = {"WANX_STATE_DIR": str(world.state)}
    real, simulated = world.state / "ledger.sqlite3", world.state / "simulated.sqlite3"
    async with world.client() as agent:
        await agent.order()
    head, *lines = run("ledger", **state).stdout.splitlines()
    assert head.startswith("Booked in the last 24 hours: ")
    assert not [line for line in lines if "WANX_SIMULATE" in line]
    nothing, _, pointer = run("ledger", WANX_SIMULATE="1", **state).stdout.splitlines()
    assert "Nothing has been ordered" in nothing
    assert pointer == "Real orders are in a ledger of their own: wanx-mcp ledger without WANX_SIMULATE shows it."
    assert not simulated.exists()

    real.rename(simulated)
    shown = run("ledger", WANX_SIMULATE="1", **state).stdout
    assert shown.startswith("Simulated, no money. Booked in the last 24 hours: ")
    assert "Real orders" not in shown
    pointer = run("ledger", **state).stdout.splitlines()[-1]
    assert (
        pointer
        == "Simulated orders are in a ledger of their own: wanx-mcp ledger shows it where WANX_SIMULATE=1 is set."
    )


@pytest.mark.parametrize("other", [b"nonsense" * 200, b""])
def test_a_damaged_ledger_that_is_not_asked_for_is_passed_over(other: bytes, tmp_path: Path) -> None:
    (tmp_path / "simulated.sqlite3").write_bytes(other)
    open_file(tmp_path / "ledger.sqlite3").close()
    shown = run("ledger", WANX_STATE_DIR=str(tmp_path))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Simulated" not in shown.stdout
    assert (tmp_path / "simulated.sqlite3").read_bytes() == other


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"nonsense" * 200)
    shown = run("ledger", WANX_STATE_DIR=str(tmp_path))
    assert shown.returncode == 1
    assert "ledger_unusable" in shown.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
@pytest.mark.parametrize("command", ["ledger", "doctor", "demo", "bundle", "config codex", "simulator --port 0"])
def test_output_into_a_closed_pipe_ends_quietly(command: str, tmp_path: Path) -> None:
    open_file(tmp_path / "ledger.sqlite3").close()
    reader, writer = os.pipe()
    os.close(reader)
    folders = {"WANX_STATE_DIR": str(tmp_path), "WANX_OUTPUT_DIR": str(tmp_path)}
    words = [sys.executable, "-m", "wanx_mcp", *command.split()]
    try:
        ended = subprocess.run(
            words,
            stdout=writer,
            stderr=subprocess.PIPE,
            env=os.environ | folders,
            cwd=tmp_path,
            text=True,
            timeout=600,
            check=False,
        )
    finally:
        os.close(writer)
    assert ended.returncode == 141
    assert not ended.stderr


def test_the_simulator_names_a_folder_in_which_it_cannot_keep_tasks(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("simulator", "--port", "0", WANX_STATE_DIR=str(tmp_path / "file" / "state"))
    assert ended.returncode == 1
    assert "WANX_STATE_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        "simulator --port 70000",
        "simulator --port -1",
        "simulator --speed 0",
        "simulator --speed nan",
        "simulator --keep -1",
    ],
)
def test_a_number_out_of_bounds_is_refused_with_the_bounds(words: str) -> None:
    ended = run(*words.split())
    assert ended.returncode == 2
    assert "must be a" in ended.stderr


@pytest.mark.parametrize("key", ["", "two words", "clé"])
def test_what_can_be_no_key_is_no_key_of_the_simulator(key: str) -> None:
    ended = run("simulator", "--port", "0", "--key", key)
    assert ended.returncode == 2
    assert "--key" in ended.stderr


@pytest.mark.parametrize("count", ["0", "-1"])
def test_a_count_of_orders_is_at_least_one(count: str) -> None:
    assert "must be a whole number from 1" in run("ledger", "--count", count).stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_a_person_who_starts_the_server_is_told_what_it_waits_for() -> None:
    import pty

    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "wanx_mcp"]
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        os.close(terminal)
        try:
            os.write(person, b"\x04")  # Ctrl-D: it ends, whatever it said
            told = server.communicate(timeout=600)[1]
        finally:
            server.kill()
            os.close(person)
    assert "Ctrl-C" in told
    assert "--help" in told
    assert "Ctrl-C" not in run().stderr


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_while_the_server_starts_ends_it_without_a_traceback(tmp_path: Path) -> None:
    # What is imported first of the heavy packages presses Ctrl-C.
    (tmp_path / "mcp.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8")
    ended = run(PYTHONPATH=str(tmp_path))
    assert ended.returncode == -signal.SIGINT
    assert not ended.stderr
