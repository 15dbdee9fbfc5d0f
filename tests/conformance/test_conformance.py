"""The official scenarios over HTTP, in both eras, and the inspector's linter over stdio."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.node import installed

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OLD, NEW = "2025-11-25", "2026-07-28"
GENERIC = [
    (OLD, "server-initialize"),
    (OLD, "ping"),
    (OLD, "server-session-lifecycle"),
    *((era, name) for era in (OLD, NEW) for name in ("tools-list", "resources-list", "prompts-list")),
    *((era, name) for era in (OLD, NEW) for name in ("completion-complete", "dns-rebinding-protection")),
    (NEW, "caching"),
    (NEW, "http-header-validation"),
    (NEW, "sep-2164-resource-not-found"),
    (NEW, "server-stateless"),
]
TASKS = [
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-dispatch-and-envelope",
    "tasks-required-task-error",
    "tasks-request-headers",
]
KNOWN = {
    # Both checks call a fixture tool that asks for a capability; this server asks for none.
    "server-stateless": {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"},
    # A header of HTTP that the SDK checks only for its own methods; this server speaks stdio.
    "tasks-request-headers": {"sep-2663-server-rejects-mismatched-mcp-name-on-tasks-get"},
}
"""Checks that fail, and why that is right."""


@pytest.fixture(scope="module")
def commands() -> Path:
    return installed(HERE / "package.json")


@contextmanager
def serving(server: str, state: Path) -> Iterator[str]:
    """A server process on a socket of loopback that listens before the process is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor, port = listener.fileno(), listener.getsockname()[1]
        argv = [sys.executable, "-m", "tests.conformance.serve", server, str(descriptor)]
        environment = {**os.environ, "WANX_SIMULATE": "1", "WANX_STATE_DIR": str(state), "WANX_OUTPUT_DIR": str(state)}
        with subprocess.Popen(argv, cwd=ROOT, env=environment, pass_fds=[descriptor]) as process:
            try:
                url = f"http://127.0.0.1:{port}/mcp"
                with suppress(HTTPError), urlopen(url, timeout=300):  # the scenarios give a server a few seconds
                    pass
                yield url
            finally:
                process.kill()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("ours", tmp_path_factory.mktemp("state")) as url:
        yield url


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("fixture", tmp_path_factory.mktemp("state")) as url:
        yield url


def conform(commands: Path, url: str, scenario: str, *options: str) -> None:
    argv = [
        str(commands / "conformance"),
        "server",
        "--url",
        url,
        "--scenario",
        scenario,
        "--timeout",
        "300000",
        *options,
    ]
    environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    run = subprocess.run(argv, check=False, cwd=commands, env=environment, capture_output=True, text=True, timeout=600)
    words = re.sub(r"\x1b\[\d+m", "", run.stdout + run.stderr)
    passed = re.search(r"Passed: (\d+)/\d+, (\d+) failed", words)
    assert passed, words
    failed = set(re.findall(r"\[([\w-]+) *\] FAILURE", words))
    assert failed == KNOWN.get(scenario, set()), words
    assert int(passed[1]) > 0, words


@pytest.mark.parametrize(("era", "scenario"), GENERIC)
def test_this_server_conforms(commands: Path, ours: str, era: str, scenario: str) -> None:
    conform(commands, ours, scenario, "--spec-version", era)


@pytest.mark.parametrize("scenario", TASKS)
def test_the_tasks_extension_conforms(commands: Path, fixture: str, scenario: str) -> None:
    conform(commands, fixture, scenario)


def inspect(commands: Path, era: str, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [str(commands / "mcp-inspector"), "--cli", "-q", "--protocol-era", era, "--format", "json"]
    argv += ["-e", "WANX_SIMULATE=1", sys.executable, "-m", "wanx_mcp", *options]
    environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        argv,
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_nothing_to_complain_about(commands: Path, era: str) -> None:
    run = inspect(commands, era, "--method", "tools/list", "--strict")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(json.loads(run.stdout)["result"]["tools"]) == 7


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_the_card_at_the_tools_that_have_it(commands: Path, era: str) -> None:
    run = inspect(commands, era, "--method", "tools/list", "--app-info")
    assert run.returncode == 0, run.stdout + run.stderr
    apps = [told for told in map(json.loads, run.stdout.splitlines()) if told["hasApp"]]
    assert [app["toolName"] for app in apps] == ["get_wanx_task", "join_wanx_videos"]
    for app in apps:
        assert app["resourceUri"] == "ui://wanx/task.html"
        assert app["resourceMimeType"] == "text/html;profile=mcp-app"
        assert app["csp"]["resourceDomains"]
