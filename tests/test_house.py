"""The floors of the house: imports only go down, and the heavy ones are late."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
    "addresses": 0,
    "variables": 0,
    "errors": 0,
    "quoting": 0,
    "clock": 0,
    "money": 0,
    "strict": 0,
    "catalog": 1,
    "retry": 1,
    "ledger": 2,
    "settings": 1,
    "transport": 1,
    "media": 2,
    "provider": 2,
    "simulator": 2,
    "studio": 3,
    "server": 4,
    "front": 4,
    "cli": 5,
    "__main__": 6,
    "__init__": -1,
}
ALLOWED = {
    "mcp": {"server", "cli"},
    "httpx": {"transport", "media", "provider", "simulator"},
    "starlette": {"simulator"},
    "uvicorn": {"simulator"},
}
"""Which rooms may know which outsider."""


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The modules that `path` imports, now or later; what only the type checker reads is left out."""
    for node in running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module.startswith("wanx_mcp"))


def running(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from running(node)


MODULES = sorted(HOUSE.rglob("*.py"))
WINGS = {"orders": {"tasks"}, "videos": {"tasks"}, "tasks": set[str]()}
"""The wings of the studio, and which of the others each may import."""


def in_house(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def imported_rooms(path: Path) -> Iterator[tuple[str, str]]:
    """The room and the wing (or an empty text) of each module of ours that `path` imports."""
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "wanx_mcp" and len(parts) > 1 and parts[1] in FLOORS:
            yield parts[1], parts[2] if parts[1] == "studio" and len(parts) > 2 else ""


def test_imports_only_go_down_and_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in MODULES} == set(FLOORS)
    for path in MODULES:
        room = room_of(path)
        for other, _ in imported_rooms(path):
            assert other == room or FLOORS[other] < FLOORS[room], f"{in_house(path)} imports {other}"
        outsiders = {name.split(".")[0] for name in imports(path)} & ALLOWED.keys()
        assert all(room in ALLOWED[name] for name in outsiders), f"{in_house(path)} imports {outsiders}"


def test_the_wings_of_the_studio_keep_apart() -> None:
    for path in MODULES:
        parts = path.relative_to(HOUSE).parts
        if parts[0] == "studio" and len(parts) > 2:
            wings = {wing for _, wing in imported_rooms(path) if wing in WINGS} - {parts[1]}
            assert wings <= WINGS[parts[1]], f"{in_house(path)} imports {wings}"


def test_every_module_says_what_it_is_for_in_three_lines_and_stays_short() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        about = ast.get_docstring(ast.parse(text))
        assert about, in_house(path)
        assert len(about.splitlines()) <= 3, in_house(path)
        assert len(text.splitlines()) <= 300, in_house(path)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module_of(path): set(imports(path)) for path in MODULES}
    # A module may name the packages that it is in: those are loaded by then.
    wanted = {
        name: {other for other in others if other in graph and not f"{name}.".startswith(f"{other}.")}
        for name, others in graph.items()
    }
    settled: set[str] = set()
    while free := {name for name, others in wanted.items() if name not in settled and others <= settled}:
        settled |= free
    assert graph.keys() == settled, sorted(graph.keys() - settled)


def module_of(path: Path) -> str:
    return ".".join(("wanx_mcp", *path.relative_to(HOUSE).with_suffix("").parts)).removesuffix(".__init__")


def test_a_tool_is_named_in_one_place() -> None:
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        named = [
            node.lineno for node in texts if id(node) not in docstrings and re.search(r"_wanx_(task|video)", node.value)
        ]
        assert bool(named) == (path.name == "toolnames.py"), f"{in_house(path)} lines {named}"


HEAVY = (
    "httpx",
    "truststore",
    "sqlite3",
    "av",
    "PIL",
    "platformdirs",
    "wanx_mcp.simulator",
    "wanx_mcp.studio",
    "wanx_mcp.media",
)


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


def test_the_front_loads_only_what_is_needed_to_answer() -> None:
    for path in (HOUSE / "front").glob("*.py"):
        for name in imports(path):
            top, _, rest = name.partition(".")
            assert top in sys.stdlib_module_names or (top == "wanx_mcp" and rest.startswith("front")), in_house(path)
    program = "import sys; before = set(sys.modules); import wanx_mcp.front; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    slow = {"typing", "dataclasses", "inspect", "contextlib", "pathlib", "importlib.metadata", "asyncio", "logging"}
    assert slow.isdisjoint(loaded.split())


def test_the_stdio_server_loads_no_http_server() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "wanx_mcp"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=600)
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "mcp.server" in loaded
    assert "uvicorn.config" not in loaded
