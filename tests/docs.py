"""The parts of README.md and server.json that are derived from the code. `python -m tests.docs` writes them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.snippets import frameworks, in_process
from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG, Catalog, price_words
from wanx_mcp.catalog.loras import LORAS
from wanx_mcp.cli.commands import COMMANDS
from wanx_mcp.errors import WanxError
from wanx_mcp.server import film_prompt
from wanx_mcp.server.prompts import PROMPTS
from wanx_mcp.server.resources import RESOURCES
from wanx_mcp.server.server import DESCRIPTION, TITLE, WEBSITE
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import SETTINGS, shown_default

ROOT = Path(__file__).parents[1]
REGISTRY_NAME = "io.github.wanx-mcp/wanx-mcp"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def tools(catalog: Catalog = CATALOG) -> str:
    rows = [(f"`{row.name}`", row.description.partition(".")[0] + ".") for row in tool_rows(catalog)]
    return table(("Tool", "What it does"), rows)


def task_types(catalog: Catalog = CATALOG) -> str:
    rows = [
        (
            f"`{row.name}`",
            price_words(row.price),
            row.choose,
            ", ".join(f"`{name}`" for name in row.needed),
            f"{row.output.resolution}, {row.output.length}" + ("" if row.output.confirmed else " (unconfirmed)"),
        )
        for row in catalog.rows
    ]
    return table(("Task type", "Price", "Choose it for", "Needs", "Output"), rows)


def loras() -> str:
    rows = [(f"`{lora.name}`", lora.effect, lora.text, lora.picture) for lora in LORAS if not lora.adult]
    return table(("LoRA", "Effect", "From text", "From a picture"), rows)


def settings() -> str:
    rows = [(f"`{row.variable}`", shown_default(row), row.meaning) for row in SETTINGS]
    return table(("Variable", "Default", "Meaning"), rows)


def commands() -> str:
    return table(("Command", "What it does"), [(f"`wanx-mcp {row.name}`", row.help) for row in COMMANDS])


def prompts(catalog: Catalog = CATALOG) -> str:
    rows = [
        (
            row.title,
            row.description,
            ", ".join(f"`{one.name}`" for one in row.arguments(catalog) if one.required),
            ", ".join(f"`{one.name}`" for one in row.arguments(catalog) if not one.required),
        )
        for row in PROMPTS
    ]
    film = film_prompt.listed()
    named = [(f"`{one.name}`", one.required) for one in film.arguments or ()]
    needs, takes = (", ".join(name for name, required in named if required is wanted) for wanted in (True, False))
    rows.append((str(film.title), str(film.description), needs, takes))
    return table(("Prompt", "What it does", "Needs", "Takes"), rows)


def resources() -> str:
    return table(("Resource", "What it holds"), [(f"`{row.uri}`", row.description) for row in RESOURCES])


def errors() -> str:
    rows = [(f"`{kind.code}`", f"{kind.charged}", kind.advice) for kind in leaves(WanxError)]
    return table(("Code", "Charged", "What to do"), rows)


def leaves(kind: type[WanxError]) -> list[type[WanxError]]:
    """The classes of the tree that are raised: those with a code of their own."""
    own = [kind] if "code" in vars(kind) else []
    return own + [leaf for child in kind.__subclasses__() for leaf in leaves(child)]


SECTIONS = {
    "tools": tools,
    "task-types": task_types,
    "loras": loras,
    "settings": settings,
    "commands": commands,
    "prompts": prompts,
    "resources": resources,
    "errors": errors,
    "in-process": in_process,
}


INTEGRATIONS = """# Agent frameworks

Each snippet is taken from a test in this folder that orders and fetches a simulated video
(`python -m tests.integrations` runs them all). In them `command` is the absolute path that `wanx-mcp config` prints,
`args` an empty list, `env` the key or `{"WANX_SIMULATE": "1"}`, and `model` yours. Check the time-outs: some frameworks
give up after 5 s. AutoGen and LlamaIndex would show the model a preview's picture as base64 text, so they leave that
tool out.

"""


def integrations() -> str:
    """The page of the frameworks."""
    return INTEGRATIONS + frameworks() + "\n"


def readme(text: str) -> str:
    """`text` with every generated section made anew."""
    for name, make in SECTIONS.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marks.search(text):
            raise ValueError(f"README.md has no section {name}")
        text = marks.sub(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", text)  # type: ignore[misc]
    return text


def server_json() -> dict[str, Any]:
    """The registry entry."""
    return {
        "$schema": SCHEMA,
        "name": REGISTRY_NAME,
        "title": TITLE,
        "description": DESCRIPTION,
        "version": __version__,
        "websiteUrl": WEBSITE,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": "wanx-mcp",
                "version": __version__,
                "transport": {"type": "stdio"},
                "environmentVariables": [
                    {
                        "name": row.variable,
                        "description": row.meaning,
                        "format": "string",
                        "isSecret": row.secret,
                        "isRequired": False,
                    }
                    for row in SETTINGS
                ],
            }
        ],
    }


def written() -> dict[Path, str]:
    """Every derived file as it should be."""
    return {
        ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        ROOT / "tests" / "integrations" / "README.md": integrations(),
        ROOT / "server.json": json.dumps(server_json(), indent=2) + "\n",
    }


if __name__ == "__main__":
    stale = [path for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        raise SystemExit(f"stale: {', '.join(path.name for path in stale)} (python -m tests.docs)" if stale else 0)
    for path in stale:
        path.write_text(written()[path], encoding="utf-8")
