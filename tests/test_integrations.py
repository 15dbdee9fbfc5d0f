"""The rows of `python -m tests.integrations`, as far as they go without installing a framework."""

from __future__ import annotations

import ast
import copy
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.integrations import __main__ as runner
from tests.integrations.formats import changes, golden_tools
from tests.integrations.rows import ROWS, Row
from tests.snippets import MARKED

MUSTS = {"python-sdk-1", "python-sdk-2", "typescript-sdk-2", "langchain", "openai-agents", "pydantic-ai"}


def converted() -> list[dict[str, Any]]:
    """Every tool in OpenAI's chat format."""
    return [
        {
            "type": "function",
            "function": {**copy.deepcopy(dict(tool)), "parameters": copy.deepcopy(tool["inputSchema"])},
        }
        for tool in golden_tools().values()
    ]


def create(tools: list[dict[str, Any]]) -> dict[str, Any]:
    return next(each["function"] for each in tools if each["function"]["name"] == "create_wanx_task")["parameters"]


def marked(row: Row) -> str:
    """The lines that the README shows."""
    (found,) = MARKED.findall(row.path.read_text(encoding="utf-8"))
    return str(found)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_framework_has_one_marked_snippet_short_enough_to_show(row: Row) -> None:
    lines = [line for line in textwrap.dedent(marked(row)).splitlines() if line.strip()]
    assert 4 <= len(lines) <= 18
    if not row.is_node:  # it stands in an async function
        ast.parse("\n".join(["async def main():", *(f"    {line}" for line in lines)]))


@pytest.mark.parametrize("name", ["in-process", "python-sdk-2"])
def test_a_reader_without_a_key_is_told_so(name: str, tmp_path: Path) -> None:
    (row,) = (row for row in ROWS if row.name == name)  # both run in this environment
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    command = [sys.executable, str(row.path), sys.executable, "-m", "wanx_mcp"]
    states = {"WANX_STATE_DIR": str(tmp_path)}
    done = subprocess.run(command, env=ours | states, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1
    assert "RuntimeError: not_configured: there is no PIAPI_API_KEY" in done.stderr
    assert "TypeError" not in done.stderr


@pytest.mark.parametrize(
    "row", [row for row in ROWS if re.search(r"\.call_?[tT]ool\(", marked(row))], ids=lambda row: row.name
)
def test_a_snippet_that_calls_tools_itself_looks_for_errors(row: Row) -> None:
    assert re.search(r"\.is_?[eE]rror\b|raised as ToolError", marked(row))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_package_has_an_upper_bound(row: Row) -> None:
    for package in row.packages:
        assert re.search(r"@\d|==|<", package), package


def test_the_frameworks_that_must_run_are_there() -> None:
    assert {row.name for row in ROWS if row.must} >= MUSTS


def test_the_server_inside_the_own_process_does_the_whole_job(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = (row for row in ROWS if not row.packages)
    assert runner.passes(row, Path(), []), capsys.readouterr().out


def test_a_tool_that_was_not_changed_counts_as_whole() -> None:
    assert changes(converted()) == {}


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("property", lambda schema: schema["properties"].pop("image")),
        ("description", lambda schema: schema["properties"]["image"].pop("description")),
        ("enum", lambda schema: schema["properties"]["motion_type"]["enum"].remove("static")),
        ("bounds", lambda schema: schema["properties"]["motion_speed"].pop("maximum")),
        ("required", lambda schema: schema["required"].remove("prompt")),
        ("optional", lambda schema: schema["required"].append("image")),
        ("closed", lambda schema: schema.pop("additionalProperties")),
        ("type", lambda schema: schema["properties"]["dry_run"].update(type="string")),
        ("nullable", lambda schema: schema["properties"]["dry_run"].update(type=["boolean", "null"])),
        ("added", lambda schema: schema["properties"].update(ctx={"type": "string"})),
        ("forbidden", lambda schema: schema.update({"$defs": {}})),
    ],
)
def test_a_format_that_loses_something_is_found_out(name: str, spoil: Any) -> None:
    tools = converted()
    spoil(create(tools))
    assert set(changes(tools)) == {name}
