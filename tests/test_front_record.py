"""The recorded answers are the SDK's, and the front accepts only what the SDK accepts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp.types import (
    ClientCapabilities,
    Implementation,
    InitializeRequestParams,
    JSONRPCNotification,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)
from mcp.types.methods import validate_client_notification, validate_client_request

from tests.front import record
from tests.front.lines import CAPABLE, ODD_LINES
from tests.front.talk import CAPABILITIES, INFO, VERSION, answers, enveloped, initialize, notification, wire_form
from wanx_mcp.front import Front, messages, shapes
from wanx_mcp.front.recorded import PACKAGES, read_answers
from wanx_mcp.front.session import Session
from wanx_mcp.front.wire import Wire

HANDSHAKE, LATEST = "2025-11-25", "2026-07-28"


def test_the_record_is_fresh() -> None:
    ((path, text),) = record.written().items()
    assert path.read_text(encoding="utf-8") == text, "run python -m tests.docs"


@pytest.mark.anyio
@pytest.mark.parametrize("capabilities", CAPABLE[:4])
async def test_the_record_holds_whatever_the_client_can_do(capabilities: dict[str, Any]) -> None:
    assert await record.results({}, capabilities) == answers().results


def test_what_the_front_answers_first_depends_on_no_setting() -> None:
    assert _CONTENT["depends"].keys() <= {"resources/list"}
    assert _CONTENT["slot"]["methods"] == ["tools/list"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "environment",
    [
        {"WANX_OUTPUT_DIR": "/home/me/My films"},
        {"WANX_INPUT_DIRS": "/home/m\u00e9/\u732b", "WANX_OUTPUT_DIR": "/films"},
        {"WANX_OUTPUT_DIR": ""},
    ],
)
async def test_a_folder_is_filled_in_as_the_sdk_would_say_it(environment: dict[str, str]) -> None:
    filled_in = read_answers(sys.path, environment)
    assert filled_in is not None
    said = await record.results(environment)
    for revision, results in filled_in.results.items():
        assert results["tools/list"] == said[revision]["tools/list"]


@pytest.mark.parametrize(
    "value",
    ["~/films", "films", "/a:/b", "/a/", "/a//b", "/a/../b", " /a", "${HOME}/films", "/vid\udcc3\udca9os", "/a\nb"],
)
def test_a_folder_that_is_not_spelt_plainly_is_left_to_the_sdk(value: str) -> None:
    for name in ("WANX_OUTPUT_DIR", "WANX_INPUT_DIRS"):
        found = read_answers(sys.path, {name: value})
        assert found is not None
        assert all("tools/list" not in results for results in found.results.values())


def test_an_answer_that_depends_on_a_setting_is_used_only_without_it() -> None:
    changed = read_answers(sys.path, {"WANX_SIMULATE": "0"})
    assert changed is not None
    for revision, results in answers().results.items():
        assert results.keys() - changed.results[revision].keys() == {"resources/list"}


def installation(folder: Path, **versions: Sequence[str]) -> list[str]:
    """A path on which packages are installed in these versions."""
    for package, each in versions.items():
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
        for version in each:
            (folder / f"{package}-{version}.dist-info").mkdir()
    return [str(folder / "nothing"), str(folder)]


_CONTENT = json.loads(record.path().read_text(encoding="utf-8"))
RECORDED = {"mcp": [record.path().stem.removeprefix("mcp-")], **{name: _CONTENT[name][-1:] for name in PACKAGES[1:]}}


@pytest.mark.parametrize("version", _CONTENT["pydantic"])
def test_the_front_knows_the_sdk_that_was_recorded(tmp_path: Path, version: str) -> None:
    assert read_answers(installation(tmp_path, **{**RECORDED, "pydantic": [version]}), {}) is not None


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("versions", [["99.0.0"], [], ["2.3.0", "99.0.0"]])
def test_the_front_stays_out_with_any_other_sdk(tmp_path: Path, package: str, versions: list[str]) -> None:
    assert read_answers(installation(tmp_path, **{**RECORDED, package: versions}), {}) is None


def test_the_front_stays_out_if_a_package_comes_from_elsewhere(tmp_path: Path) -> None:
    first = installation(tmp_path / "other", mcp=["2.2.0"])
    assert read_answers([*first, *installation(tmp_path / "usual", **RECORDED)], {}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ID = st.integers() | st.text(max_size=5) | JSON
ENDS = st.sampled_from([b"\n", b"\r\n", b" \n", b"\r\r\n", b""])


@settings(deadline=None, max_examples=500)
@given(
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(["ping", "é\u2028"]) | JSON},
        optional={"id": ID, "params": st.dictionaries(st.text(max_size=3), JSON, max_size=2) | JSON, "more": JSON},
    ),
    st.booleans(),
    ENDS,
)
def test_a_line_that_the_front_reads_means_the_same_to_the_sdk(body: Any, plain: bool, end: bytes) -> None:
    same(json.dumps(body, ensure_ascii=plain).encode("utf-8", "surrogatepass") + end)


def deep(levels: int) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"ping","params":%b{}%b}\n' % (b'{"tasks":' * levels, b"}" * levels)


@pytest.mark.parametrize("line", [*ODD_LINES, deep(90), deep(198), deep(250), deep(5000)])
def test_odd_lines_mean_the_same_to_the_sdk(line: bytes) -> None:
    same(line)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=6), st.integers(0, 60))
def test_damaged_lines_mean_the_same_to_the_sdk(damage: bytes, place: int) -> None:
    line = b'{"jsonrpc": "2.0", "id": 12, "method": "ping", "params": {"a": [1, "b"]}}'
    same(line[:place] + damage + line[place + len(damage) // 2 :] + b"\n")


def same(line: bytes) -> None:
    found = messages.read(line)
    if found is None:
        return
    theirs = jsonrpc_message_adapter.validate_json(line.decode("utf-8", "replace"), by_name=False)
    assert isinstance(theirs, JSONRPCRequest if found.id is not None else JSONRPCNotification)
    assert (found.method, found.params) == (theirs.method, theirs.params)
    if isinstance(theirs, JSONRPCRequest):
        assert (type(found.id), found.id) == (type(theirs.id), theirs.id)
        again = JSONRPCRequest.model_validate_json(found.renamed("other"))
        assert (again.id, again.method, again.params) == ("other", theirs.method, theirs.params)


def objects(*names: str, values: st.SearchStrategy[Any] = JSON) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=4)


LEAF = JSON | objects("listChanged", "form", "url", "context", "tools", "list", "requests", "createMessage")
GIVEN_CAPABILITIES = objects(
    *("roots", "sampling", "elicitation", "experimental", "extensions", "tasks", "own"),
    values=LEAF | objects("sampling", "elicitation", "x", "requests", values=LEAF),
)
GIVEN_INFO = st.fixed_dictionaries(
    {"name": st.text(max_size=2), "version": st.text(max_size=2)},
    optional={
        "title": st.text(max_size=2) | JSON,
        "icons": st.lists(objects("src", "theme", "sizes", values=st.sampled_from(["dark", ["a"], 1])), max_size=2),
        "own": JSON,
    },
)
TOKEN = {"progressToken": ID, "traceparent": st.text(max_size=2)}


@settings(deadline=None, max_examples=500)
@given(
    st.fixed_dictionaries(
        {"protocolVersion": st.just(HANDSHAKE), "capabilities": GIVEN_CAPABILITIES, "clientInfo": GIVEN_INFO},
        optional={"_meta": st.fixed_dictionaries({}, optional=TOKEN)},
    )
)
def test_an_initialize_that_the_front_answers_is_accepted_by_the_sdk(params: dict[str, Any]) -> None:
    if shapes.INITIALIZE(params):
        validate_client_request("initialize", HANDSHAKE, params)
        InitializeRequestParams.model_validate(params, by_name=False)


@settings(deadline=None, max_examples=500)
@given(
    st.fixed_dictionaries(
        {VERSION: st.just(LATEST), CAPABILITIES: GIVEN_CAPABILITIES}, optional={INFO: GIVEN_INFO, **TOKEN}
    )
)
def test_an_envelope_that_the_front_accepts_is_accepted_by_the_sdk(meta: dict[str, Any]) -> None:
    params = {"_meta": meta}
    if shapes.ENVELOPED(params):
        for method in record.MODERN:
            validate_client_request(method, LATEST, params)
        ClientCapabilities.model_validate(meta[CAPABILITIES], by_name=False)
        if INFO in meta:
            Implementation.model_validate(meta[INFO], by_name=False)


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional={"_meta": st.fixed_dictionaries({}, optional=TOKEN), "cursor": JSON}))
def test_parameters_that_the_front_accepts_are_accepted_by_the_sdk(params: dict[str, Any]) -> None:
    if shapes.PLAIN(params):
        for method in record.HANDSHAKE:
            validate_client_request(method, HANDSHAKE, params)
        validate_client_notification("notifications/initialized", HANDSHAKE, params)


@settings(deadline=None)
@given(st.fixed_dictionaries({"requestId": ID}, optional={"reason": st.text(max_size=2) | JSON}))
def test_cancellations_that_the_front_accepts_are_accepted_by_the_sdk(params: dict[str, Any]) -> None:
    if shapes.CANCELLED(params):
        for revision in (HANDSHAKE, LATEST):
            validate_client_notification("notifications/cancelled", revision, params)


def test_a_request_that_waits_can_only_be_cancelled_by_the_sdk() -> None:
    session = Session(answers())
    listen = enveloped(2, "subscriptions/listen", LATEST)
    listen["params"]["notifications"] = {}
    for message in (enveloped(1, "server/discover", LATEST), listen, enveloped(3, "tools/list", LATEST)):
        assert session.take(wire_form([message])) is not None
    assert session.take(wire_form([notification("notifications/cancelled", {"requestId": 3})])) == b""
    for id_ in (2, "2"):  # the SDK takes both for the same
        assert session.take(wire_form([notification("notifications/cancelled", {"requestId": id_})])) is None


def test_the_notification_that_ends_the_handshake_reaches_the_sdk() -> None:
    session = Session(answers())
    opening = [initialize("first", HANDSHAKE), notification("notifications/initialized")]
    assert [session.take(wire_form([message])) for message in opening][1] == b""
    replayed = [json.loads(line) for line in session.replayed]
    assert replayed == [{**opening[0], "id": session.private}, opening[1]]


def test_what_arrives_while_the_sdk_takes_over_comes_first() -> None:
    (source, to_server), (_, sink) = os.pipe(), os.pipe()
    front = Front(Wire(source, sink), Session(answers()))
    front.start()
    stream, _ = front.hand_over()
    os.write(to_server, b"one\n")
    os.write(to_server, b"two\n")
    os.close(to_server)
    assert stream.read() == "one\ntwo\n"
