"""The floors of the house: imports only go down, and the heavy ones are late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import wanx_mcp

HOUSE = Path(wanx_mcp.__file__).parent
FLOORS = {
    "toolnames": -1,
    "lookalikes": -1,
    "redaction": -1,
    "taskid": -1,
    "spans": -1,
    "limits": -1,
    "times": -1,
    "errors": 0,
    "quoting": 0,
    "clock": 0,
    "money": 0,
    "strict": 0,
    "catalog": 1,
    "retry": 1,
    "ledger": 2,
    "settings": 1,
    "media": 2,
    "provider": 2,
    "simulator": 2,
    "studio": 3,
    "server": 4,
    "cli": 5,
    "__main__": 6,
    "__init__": -1,
}
ALLOWED = {
    "mcp": {"server", "cli"},
    "httpx": {"media", "provider", "simulator"},
    "starlette": {"simulator"},
    "uvicorn": {"simulator"},
}
"""Which rooms may know which outsider."""


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "wanx_mcp":
                yield from (f"wanx_mcp.{alias.name}" for alias in node.names)


MODULES = sorted(HOUSE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_only_go_down(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "wanx_mcp" and len(parts) > 1:
            other = parts[1]
            if other in FLOORS and other != room:
                assert FLOORS[other] < FLOORS[room], f"{room} (floor {FLOORS[room]}) imports {other}"
        elif parts[0] in ALLOWED:
            assert room in ALLOWED[parts[0]], f"{room} imports {parts[0]}"


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in MODULES} == set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_every_module_says_what_it_is_for_in_three_lines_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    about = ast.get_docstring(ast.parse(text))
    assert about
    assert len(about.splitlines()) <= 3
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_tool_is_named_in_one_place(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings name what they like
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = [node.lineno for node in texts if id(node) not in alone and re.search(r"_wanx_(task|video)", node.value)]
    assert bool(named) == (path.name == "toolnames.py"), f"lines {named}"


HEAVY = ("httpx", "sqlite3", "av", "PIL", "platformdirs", "wanx_mcp.simulator", "wanx_mcp.studio", "wanx_mcp.media")


def test_listing_the_tools_loads_nothing_that_only_a_call_needs() -> None:
    program = f"""
import sys, anyio
from wanx_mcp.server import build_server
from wanx_mcp.settings import read_settings
from mcp import Client

async def main():
    async with Client(build_server(read_settings({{}}))) as client:
        assert (await client.list_tools()).tools
    print(*(name for name in {HEAVY} if name in sys.modules))

anyio.run(main)
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []


def test_the_stdio_server_loads_no_http_server() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "wanx_mcp"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=600)
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "mcp.server" in loaded
    assert "uvicorn.config" not in loaded
