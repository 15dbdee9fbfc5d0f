"""The derived files: parts of README.md, server.json, the recorded answers. `python -m tests.docs` writes them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tests.front import record
from tests.hosts.record import entries
from tests.integrations.gateways import GATEWAYS
from tests.release.packages import server_json
from tests.release.plugin import files as plugin_files
from tests.snippets import frameworks, in_process
from wanx_mcp.catalog import CATALOG, Catalog
from wanx_mcp.catalog.loras import LORAS
from wanx_mcp.cli.commands import COMMANDS
from wanx_mcp.cli.config import HOSTS
from wanx_mcp.errors import WanxError
from wanx_mcp.server import film_prompt
from wanx_mcp.server.prompts import PROMPTS
from wanx_mcp.server.resources import RESOURCES
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import SETTINGS, shown_default

ROOT = Path(__file__).parents[1]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def tools(catalog: Catalog = CATALOG) -> str:
    rows = [(f"`{row.name}`", re.split(r"(?<=[.])\s", row.description)[0]) for row in tool_rows(catalog)]
    return table(("Tool", "What it does"), rows)


def task_types(catalog: Catalog = CATALOG) -> str:
    rows = [
        (
            f"`{row.name}`",
            row.price.words(),
            row.choose,
            ", ".join(f"`{name}`" for name in row.needed),
            row.output.words + ("" if row.output.confirmed else " (unconfirmed)"),
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


def hosts() -> str:
    """The hosts, and the record of their runs in tests/hosts."""
    record = {name: entry for name, entry in entries().items() if not entry.problems}
    rows = []
    for host in HOSTS:
        step = f"`wanx-mcp config {host.name} --write`"
        if host.name == "claude-desktop":
            step = "`wanx-mcp bundle`, then open the `.mcpb` file that it writes"
        entry = record.get(host.name)
        run = (f"{entry.version}, {entry.date}", entry.preview) if entry else ("", "")
        rows.append((host.title, step, *run))
    return table(("Host", "One step", "Run in our tests", "A preview reaches the model as"), rows)


def commands() -> str:
    return table(("Command", "What it does"), [(f"`wanx-mcp {row.name}`", row.help) for row in COMMANDS])


def prompts(catalog: Catalog = CATALOG) -> str:
    rows = [
        (
            row.title,
            row.description,
            ", ".join(f"`{name}`" for name in row.needed(catalog)),
            ", ".join(f"`{one.name}`" for one in row.arguments(catalog) if one.name not in row.needed(catalog)),
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
    "hosts": hosts,
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


GATEWAYS_PAGE = """
## Gateways

Tried with this server in November 2026. All of them start it as a host does, so the command, the arguments and the
environment are those of `wanx-mcp config cursor`.

"""


def gateways() -> str:
    rows = [(row.name, row.version, row.needs or "nothing more", row.loses or "nothing") for row in GATEWAYS]
    return table(("Gateway", "Version", "Needs", "What gets lost"), rows)


def integrations() -> str:
    """The page of the frameworks and the gateways."""
    return f"{INTEGRATIONS}{frameworks()}\n{GATEWAYS_PAGE}{gateways()}\n"


def readme(text: str) -> str:
    """`text` with every generated section made anew."""
    for name, make in SECTIONS.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marks.search(text):
            raise ValueError(f"README.md has no section {name}")
        text = marks.sub(lambda found, make=make: f"{found[1]}{make()}\n{found[2]}", text)  # type: ignore[misc]
    return text


def written() -> dict[Path, str]:
    """Every derived file as it should be; the recorded answers, which take longer, are in `tests.front.record`."""
    return {
        ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
        ROOT / "tests" / "integrations" / "README.md": integrations(),
        ROOT / "server.json": json.dumps(server_json(), indent=2) + "\n",
        **{ROOT / path: text for path, text in plugin_files(task_types(), loras()).items()},
    }


if __name__ == "__main__":
    fresh = written() | record.written()
    stale = [path for path, text in fresh.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        raise SystemExit(f"stale: {', '.join(path.name for path in stale)} (python -m tests.docs)" if stale else 0)
    for path in stale:
        path.write_text(fresh[path], encoding="utf-8")
