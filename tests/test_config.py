"""`wanx-mcp config HOST`: what it prints is read as each host reads it, and then started as each host starts it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.integrations.formats import golden_tools
from tests.test_commands import run
from wanx_mcp.cli.config.formats import YAML
from wanx_mcp.cli.config.hosts import HOSTS
from wanx_mcp.cli.config.shells import quoted

KEY = "pk-0123456789abcdef"
TOOLS = 7
HERE = Path(os.path.abspath(sys.executable)).parent

STDIO = {
    "type": "object",
    "properties": {
        "type": {"const": "stdio"},
        "command": {"type": "string", "minLength": 1},
        "args": {"type": "array", "items": {"type": "string"}},
        "env": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["command", "env"],
    "additionalProperties": False,
}
INPUT = {
    "type": "object",
    "properties": {
        "type": {"const": "promptString"},
        "id": {"type": "string"},
        "description": {"type": "string"},
        "password": {"const": True},
    },
    "required": ["type", "id", "description", "password"],
    "additionalProperties": False,
}


READS = {name for name, tool in golden_tools().items() if not tool["annotations"]["destructiveHint"]}
"""The tools that run without a question: they spend nothing and end nothing."""

SPENDING = "create_wanx_task"


def _json(key: str, *own: str, **more: Any) -> Callable[[str], dict[str, Any]]:
    """A reader of JSON; `own` are members of an entry that only this host knows."""
    entry = {**STDIO, "properties": {**STDIO["properties"], **{name: {} for name in own}}}  # type: ignore[dict-item]
    schema = {
        "type": "object",
        "properties": {key: {"type": "object", "additionalProperties": entry, "minProperties": 1}, **more},
        "required": [key],
        "additionalProperties": False,
    }

    def read(text: str) -> dict[str, Any]:
        document = json.loads(text)
        jsonschema.validate(document, schema)
        return {name: value for name, value in document[key]["wanx"].items() if name not in own}

    return read


def _gemini(text: str) -> dict[str, Any]:
    assert set(json.loads(text)["tools"]["allowed"]) == {f"mcp_wanx_{name}" for name in READS}
    return _json("mcpServers", "timeout", tools={})(text)


def _opencode(text: str) -> dict[str, Any]:
    document = json.loads(text)
    assert document["permission"][f"wanx_{SPENDING}"] == "ask"
    server = document["mcp"]["wanx"]
    assert (server["type"], server["enabled"]) == ("local", True)
    return {"command": server["command"][0], "args": server["command"][1:], "env": server["environment"]}


def _qwen(text: str) -> dict[str, Any]:
    permissions = json.loads(text)["permissions"]
    assert set(permissions["allow"]) == {f"mcp__wanx__{name}" for name in READS}
    assert f"mcp__wanx__{SPENDING}" in permissions["ask"]
    return _json("mcpServers", "timeout", permissions={})(text)


def _copilot(text: str) -> dict[str, Any]:
    server = json.loads(text)["mcpServers"]["wanx"]
    assert (server["type"], server["tools"]) == ("local", ["*"])
    return _json("mcpServers", "type", "tools", "timeout")(text)


def _continue(text: str) -> dict[str, Any]:
    document = YAML.parse(text)
    assert document.keys() >= {"name", "version", "schema"}
    (server,) = document["mcpServers"]
    assert server.pop("name") == "wanx"
    return dict(server)


def _toml(text: str) -> dict[str, Any]:
    server = tomllib.loads(text)["mcp_servers"]["wanx"]
    assert server.pop("startup_timeout_sec") > 10
    assert server.pop("tool_timeout_sec") > 50
    assert server.pop("required") is True  # or `codex exec` begins without the tools
    tools = server.pop("tools")
    assert all(tools[name] == {"approval_mode": "approve"} for name in READS)
    assert tools[SPENDING] == {"approval_mode": "prompt"}
    jsonschema.validate(server, STDIO)
    return dict(server)


def _line(text: str) -> dict[str, Any]:
    assert len(text.splitlines()) == 1
    program, *words = shlex.split(text)
    assert [program, *words[:3]] == ["claude", "mcp", "add", "wanx"]
    cut = words.index("--")
    env = dict(words[at + 1].split("=", 1) for at in range(cut) if words[at] == "-e")
    return {"command": words[cut + 1], "args": words[cut + 2 :], "env": env}


READERS = {
    "claude-desktop": _json("mcpServers"),
    "claude-code": _line,
    "cursor": _json("mcpServers"),
    "vscode": _json("servers", inputs={"type": "array", "items": INPUT}),
    "codex": _toml,
    "gemini": _gemini,
    "opencode": _opencode,
    "qwen": _qwen,
    "copilot": _copilot,
    "cline": _json("mcpServers", "timeout", "disabled"),
    "continue": _continue,
}


def printed(host: str, *options: str, **environment: str) -> dict[str, Any]:
    done = run("config", host, *options, **environment)
    assert done.returncode == 0, done.stderr
    return READERS[host](done.stdout)


async def tools(entry: dict[str, Any], folder: Path) -> list[str]:
    """The tools of the server that a host would start from `entry`, in a folder of the host's own."""
    parameters = StdioServerParameters(
        command=entry["command"], args=entry.get("args", []), env=entry["env"], cwd=str(folder)
    )
    async with Client(stdio_client(parameters)) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


def test_every_host_has_a_reader_here() -> None:
    assert [host.name for host in HOSTS] == list(READERS)


@pytest.mark.anyio
@pytest.mark.parametrize("host", READERS)
async def test_what_is_printed_starts_this_server(host: str, tmp_path: Path) -> None:
    entry = printed(host, "--simulate")
    assert entry["env"] == {"WANX_SIMULATE": "1"}
    assert os.path.isabs(entry["command"])
    assert Path(entry["command"]).parent == HERE
    assert len(await tools(entry, tmp_path)) == TOOLS


@pytest.mark.parametrize("host", READERS)
def test_the_key_is_printed_only_when_asked_for(host: str) -> None:
    done = run("config", host, PIAPI_API_KEY=KEY)
    assert KEY not in done.stdout + done.stderr
    expected = "${input:piapi_key}" if host == "vscode" else "YOUR_PIAPI_KEY"
    assert READERS[host](done.stdout)["env"] == {"PIAPI_API_KEY": expected}
    assert printed(host, "--with-key", PIAPI_API_KEY=f" {KEY} ")["env"] == {"PIAPI_API_KEY": KEY}


def test_the_prompt_of_vs_code_is_defined_beside_its_use() -> None:
    document = json.loads(run("config", "vscode").stdout)
    assert [one["id"] for one in document["inputs"]] == ["piapi_key"]
    assert "inputs" not in json.loads(run("config", "vscode", "--simulate").stdout)


def test_the_prompt_of_vs_code_is_not_forgotten_where_the_file_has_servers_already() -> None:
    assert '"piapi_key", if printed, belongs in its "inputs"' in run("config", "vscode").stderr


@pytest.mark.parametrize("there", ["", 'model = "some"', 'model = "some"\n'])
def test_for_codex_it_can_be_appended_to_any_file(there: str) -> None:
    assert "wanx" in tomllib.loads(there + run("config", "codex").stdout)["mcp_servers"]


def test_with_key_without_a_key_is_an_error_and_prints_nothing() -> None:
    done = run("config", "cursor", "--with-key")
    assert (done.returncode, done.stdout) == (1, "")
    assert "PIAPI_API_KEY" in done.stderr


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_stderr_says_where_it_goes_on_every_platform(host: Any) -> None:
    words = run("config", host.name).stderr
    assert host.title in words
    for part in host.parts:
        for place, platforms in part.file.shown().items():
            assert place in words
            assert len(platforms) == 3 or all(platform in words for platform in platforms)


@pytest.mark.parametrize("host", READERS)
def test_nothing_fetches_the_package_by_name(host: str) -> None:
    done = run("config", host)
    assert not any(word in done.stdout + done.stderr for word in ("uvx", "pipx", "uv tool", "install wanx", "npx"))


def test_settings_of_this_shell_are_named_and_carried_on_request_without_secrets(tmp_path: Path) -> None:
    shell = {
        "WANX_OUTPUT_DIR": str(tmp_path),
        "WANX_DAILY_BUDGET_USD": "much",
        "WANX_WEBHOOK_URL": "https://hooks.example.com/secret",
        "HTTPS_PROXY": "http://user:word@proxy:1",
        "NO_PROXY": "intranet",
        "SSL_CERT_FILE": "",
        "SSL_CERT_DIR": "",
        "PIAPI_API_KEY": KEY,
    }
    shown = run("config", "claude-desktop", **shell)
    assert "WANX_OUTPUT_DIR, NO_PROXY" in shown.stderr
    assert READERS["claude-desktop"](shown.stdout)["env"] == {"PIAPI_API_KEY": "YOUR_PIAPI_KEY"}
    carried = printed("claude-desktop", "--carry", "--simulate", **shell)["env"]
    assert carried == {"WANX_SIMULATE": "1", "WANX_OUTPUT_DIR": str(tmp_path), "NO_PROXY": "intranet"}


def installed(folder: Path, *, script: bool) -> tuple[list[str], Path]:
    """This server in another Python below `folder`: the command to expect, and that Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = next((folder / "venv").glob("[bS][ic]*/python*"))
    packages = next((folder / "venv").rglob("site-packages"))
    paths = [path for path in sys.path if path.endswith("site-packages")]
    root = str(Path(__file__).parents[1])
    (packages / "here.pth").write_text("\n".join([*paths, root]) + "\n", encoding="utf-8")
    if not script:
        return [str(python), "-m", "wanx_mcp"], python
    command = python.parent / "wanx-mcp"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} -m wanx_mcp "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return [str(command)], python


@pytest.mark.anyio
@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the console script is a shell script")
@pytest.mark.parametrize("host", ["claude-desktop", "claude-code", "codex"])
@pytest.mark.parametrize("script", [True, False], ids=["console script", "module"])
async def test_an_installation_below_a_folder_with_odd_characters_is_quoted_right(
    host: str, script: bool, tmp_path: Path
) -> None:
    expected, python = installed(tmp_path / 'Jo\'s "vidéo" $HOME %tools%', script=script)
    done = await anyio.run_process([python, "-m", "wanx_mcp", "config", host, "--simulate"])
    entry = READERS[host](done.stdout.decode("utf-8"))
    assert [entry["command"], *entry.get("args", [])] == expected
    assert len(await tools(entry, tmp_path)) == TOOLS


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("-m", "-m"),
        ("WANX_SIMULATE=1", "WANX_SIMULATE=1"),
        ("--", '"--"'),
        ("", '""'),
        ("K=a b", '"K=a b"'),
        ("C:\\Program Files\\wanx\\wanx-mcp.exe", '"C:\\Program Files\\wanx\\wanx-mcp.exe"'),
        ("C:\\wanx\\wanx-mcp.exe", '"C:\\wanx\\wanx-mcp.exe"'),
        ("C:\\clips\\", '"C:\\clips\\\\"'),
        ("D=a;b", '"D=a;b"'),
        ("D=a,b", '"D=a,b"'),
        ("D=a&b", '"D=a&b"'),
        ("https://proxy:8080/", '"https://proxy:8080/"'),
        ('say "hi"', '"say \\"hi\\""'),
    ],
)
def test_a_word_for_windows_survives_powershell_cmd_and_git_bash(word: str, expected: str) -> None:
    assert quoted(("claude", word), windows=True) == f"claude {expected}"
