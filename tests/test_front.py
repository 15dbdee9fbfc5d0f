"""The first answers of a real process, before its SDK is imported, and everything that waits for the SDK."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

import wanx_mcp
from tests.front.process import PATIENCE_SECONDS, SERVER, Gated
from tests.front.record import HANDSHAKE, LISTS, MODERN
from tests.front.talk import VERSION, answers, enveloped, initialize, notification, request, wire_form

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="on Windows the SDK answers from the beginning")

REVISION = "2025-11-25"
OPENED = [initialize(0, REVISION), notification("notifications/initialized")]
CALL = {"name": "create_wanx_task", "arguments": {"task_type": "txt2video-1.3b", "prompt": "boat", "dry_run": True}}
READ = {"uri": "wanx://camera-motions"}


@pytest.fixture
def server(tmp_path: Path) -> Any:
    with Gated(tmp_path) as running:
        yield running


def by_id(received: list[dict[str, Any]]) -> dict[Any, Any]:
    """Each answer by its id; no id is answered twice."""
    found = {answer["id"]: answer.get("result", answer.get("error")) for answer in received if "id" in answer}
    assert len(found) == len([answer for answer in received if "id" in answer])
    return found


def unsimulated(tmp_path: Path) -> Gated:
    return Gated(tmp_path, WANX_SIMULATE="")


@pytest.mark.parametrize("revision", answers().handshake)
def test_a_handshake_and_the_lists_are_answered_before_the_sdk_is_imported(tmp_path: Path, revision: str) -> None:
    with unsimulated(tmp_path) as server:
        asked = [initialize("initialize", revision), notification("notifications/initialized")]
        server.send(wire_form([*asked, *(request(method, method) for method in HANDSHAKE)]))
        assert by_id(server.answers(6)) == answers(WANX_OUTPUT_DIR=str(tmp_path / "out")).results[revision]
        server.open_gate()
        code, received = server.ended()
        assert (code, by_id(received), server.errors) == (
            0,
            answers(WANX_OUTPUT_DIR=str(tmp_path / "out")).results[revision],
            "",
        )


def test_a_discovery_and_the_lists_are_answered_before_the_sdk_is_imported(tmp_path: Path) -> None:
    with unsimulated(tmp_path) as server:
        server.send(wire_form(enveloped(method, method, "2026-07-28") for method in MODERN))
        assert by_id(server.answers(5)) == answers(WANX_OUTPUT_DIR=str(tmp_path / "out")).results["2026-07-28"]
        server.open_gate()
        code, received = server.ended()
        assert (code, by_id(received), server.errors) == (
            0,
            answers(WANX_OUTPUT_DIR=str(tmp_path / "out")).results["2026-07-28"],
            "",
        )


def test_a_list_that_depends_on_the_settings_waits_and_those_behind_it_do_not(server: Gated) -> None:
    server.send(wire_form([*OPENED, *(request(method, method) for method in LISTS)]))
    assert set(by_id(server.answers(4))) == {0, *LISTS} - {"resources/list"}
    server.open_gate()
    origins = by_id(server.answers(5))["resources/list"]["resources"][-1]["_meta"]["ui"]["csp"]["resourceDomains"]
    assert all("localhost" in each or "127.0.0.1" in each for each in origins)


def test_the_tools_do_not_wait_for_a_stream_of_changes(server: Gated) -> None:
    listen = enveloped(2, "subscriptions/listen", "2026-07-28")
    listen["params"]["notifications"] = {"toolsListChanged": True}
    server.send(wire_form([enveloped(1, "server/discover", "2026-07-28"), listen]))
    server.send(wire_form([enveloped(3, "tools/list", "2026-07-28")]))
    assert set(by_id(server.answers(2))) == {1, 3}
    server.open_gate()
    acknowledged = server.answers(3)[2]
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert acknowledged["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 2


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_messages_may_come_byte_by_byte(server: Gated, end: bytes) -> None:
    content = wire_form([*OPENED, request(1, "tools/list"), request(2, "resources/read", READ)]).replace(b"\n", end)
    for place in range(len(content)):
        if place == len(content) - 40:
            server.open_gate()
        server.send(content[place : place + 1])
    assert list(by_id(server.answers(3))) == [0, 1, 2]


def test_a_half_line_is_finished_by_the_sdk(server: Gated) -> None:
    content = wire_form([*OPENED, request(1, "tools/list"), request(2, "tools/list"), request(3, "tools/list")])
    server.send(content[:-80])
    server.answers(2)
    server.open_gate()
    server.send(content[-80:])
    server.send(wire_form([request(4, "resources/read", READ)]))
    assert set(by_id(server.answers(5))) == {0, 1, 2, 3, 4}


def test_a_call_in_the_same_write_is_answered_by_the_sdk_with_everything_behind_it(server: Gated) -> None:
    later = [request("call", "tools/call", CALL), request("ping", "ping"), request("list", "tools/list")]
    server.send(wire_form([*OPENED, request(1, "tools/list"), *later]))
    assert set(by_id(server.answers(2))) == {0, 1}
    server.open_gate()
    found = by_id(server.answers(5))
    assert found["call"]["structuredContent"]["dry_run"] is True
    assert found["list"] == found[1]


def test_ten_megabytes_wait_for_the_sdk(server: Gated) -> None:
    big = request("big", "tools/call", {"name": "no_such_tool", "arguments": {"text": "x" * 10_000_000}})
    server.send(wire_form([*OPENED, request(1, "tools/list")]))
    server.answers(2)
    sender = threading.Thread(target=server.send, args=(wire_form([big, request("end", "ping")]),))
    sender.start()
    server.open_gate()
    assert set(by_id(server.answers(4))) == {0, 1, "big", "end"}
    sender.join()


def test_a_waiting_call_can_be_cancelled(server: Gated) -> None:
    cancel = notification("notifications/cancelled", {"requestId": "call"})
    server.send(wire_form([*OPENED, request("call", "tools/call", CALL), cancel, request("end", "ping")]))
    server.answers(1)
    server.open_gate()
    server.answers(2)
    code, received = server.ended()
    assert (code, set(by_id(received))) == (0, {0, "end"})


def test_the_end_of_the_input_may_come_before_the_sdk(server: Gated) -> None:
    server.send(wire_form([*OPENED, request(1, "tools/list")]))
    assert server.process.stdin
    server.process.stdin.close()
    server.answers(2)
    server.open_gate()
    code, received = server.ended()
    assert (code, set(by_id(received)), server.errors) == (0, {0, 1}, "")


@pytest.mark.parametrize("sent", [b"", wire_form([*OPENED, request(1, "tools/list")]), b'{"jsonrpc": "2'])
def test_a_termination_ends_the_process_at_any_moment(server: Gated, sent: bytes) -> None:
    server.send(sent)
    server.answers(2 if sent.endswith(b"\n") else 0)
    server.process.send_signal(signal.SIGTERM)
    code, _ = server.ended()
    assert (code, server.errors) == (-signal.SIGTERM, "")


def test_a_client_may_ask_for_more_than_a_pipe_holds_before_it_reads(tmp_path: Path) -> None:
    """A megabyte of answers, and behind them a request that fills the other pipe too: nobody waits for nobody."""
    lists = [request(number, "tools/list") for number in range(1, 60)]
    big = request("big", "tools/call", {"name": "no_such_tool", "arguments": {"text": "x" * 1_000_000}})
    with Gated(tmp_path, listening=False) as server:
        sender = threading.Thread(target=server.send, args=(wire_form([*OPENED, *lists, big]),))
        sender.start()
        server.open_gate()
        sender.join(PATIENCE_SECONDS / 2)
        assert not sender.is_alive()
        server.listen()
        assert set(by_id(server.answers(61))) == {*range(60), "big"}


def test_nothing_else_in_the_process_can_reach_the_wire(server: Gated) -> None:
    server.send(wire_form(OPENED))
    server.answers(1)
    folder = Path(f"/proc/{server.process.pid}/fd")
    if not folder.exists():
        pytest.skip("no /proc here")
    assert os.readlink(folder / "0") == os.devnull
    assert os.readlink(folder / "1") == os.readlink(folder / "2")


@pytest.mark.parametrize(
    "first",
    [
        request(1, "tools/list"),
        initialize(1, "2026-07-28"),
        initialize(1, "2099-01-01"),
        enveloped(1, "tools/list", "2099-01-01"),
        request(1, "initialize", {"protocolVersion": REVISION, "capabilities": {"roots": 5}, "clientInfo": {}}),
        request(1, "tools/list", {"_meta": {VERSION: "2026-07-28"}}),
    ],
)
def test_what_is_not_recorded_is_answered_as_without_the_front(tmp_path: Path, first: dict[str, Any]) -> None:
    bare = (sys.executable, "-c", "from wanx_mcp.cli.serve import serve; serve(None, lambda: None)")
    found = []
    for name, command in (("front", SERVER), ("bare", bare)):
        (tmp_path / name).mkdir()
        with Gated(tmp_path / name, command, gate=False) as server:
            server.send(wire_form([first]))
            found.append(server.answers(1))
    assert found[0] == found[1]


def test_from_a_zip_file_and_in_isolation_it_is_the_same(tmp_path: Path) -> None:
    archive = tmp_path / "server.pyz"
    package = Path(wanx_mcp.__file__).parent
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*"):
            if path.suffix != ".pyc":
                file.write(path, path.relative_to(package.parent))
        file.writestr("__main__.py", "from wanx_mcp.cli import main\nmain()\n")
    with Gated(tmp_path, (sys.executable, str(archive)), PYTHONDONTWRITEBYTECODE="1") as server:
        server.send(wire_form([*OPENED, request(1, "tools/list")]))
        assert set(by_id(server.answers(2))) == {0, 1}
        server.open_gate()
        server.send(wire_form([request(2, "tools/call", CALL)]))
        assert json.dumps(by_id(server.answers(3))[2]).count("boat") == 0
    with Gated(tmp_path, (sys.executable, "-I", "-B", "-m", "wanx_mcp"), gate=False) as server:
        server.send(wire_form([*OPENED, request(1, "tools/list")]))
        assert (
            by_id(server.answers(2))[1]
            == answers(WANX_OUTPUT_DIR=str(tmp_path / "out")).results[REVISION]["tools/list"]
        )
