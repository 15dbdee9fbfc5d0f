"""Checks that a tag may be released: python -m tests.release.version v1.2.3.

The one version is `wanx_mcp.__version__`.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.release.exporting import ROOT
from wanx_mcp import __version__

RELEASABLE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
"""The versions that PyPI and semantic versioning write in the same way."""


def problems(tag: str) -> list[str]:
    """Why `tag` may not be released, in sentences; empty if it may be."""
    found = []
    if not RELEASABLE.fullmatch(__version__):
        found.append(f"wanx_mcp.__version__ is {__version__}, which is not of the form 1.2.3")
    if tag != f"v{__version__}":
        found.append(f"the tag is {tag}, but wanx_mcp.__version__ is {__version__}")
    found += [f"{place} says {stated}, not {__version__}" for place, stated in statements() if stated != __version__]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if "version" in project:
        found.append("pyproject.toml has a version of its own")
    return found


def statements() -> Iterator[tuple[str, str]]:
    """Every place of a derived file that states the version, and what it states."""
    entry = _read("server.json")
    yield "server.json", entry["version"]
    for package in entry["packages"]:
        yield f"server.json, {package['registryType']}", package.get("version") or _in_address(package["identifier"])
    yield "plugin.json", _read(".claude-plugin/plugin.json")["version"]
    market = _read(".claude-plugin/marketplace.json")
    yield "marketplace.json", market["metadata"]["version"]
    for plugin in market["plugins"]:
        yield f"marketplace.json, {plugin['name']}", plugin["version"]


def _in_address(address: str) -> str:
    """The version at the end of an image's tag or of a bundle's file name."""
    found = re.search(r"[:-](\d[^:/]*?)(\.mcpb)?$", address)
    return found[1] if found else address


def _read(path: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / path).read_text(encoding="utf-8")))


def main() -> int:
    (tag,) = sys.argv[1:]
    found = problems(tag)
    print("\n".join(found) or f"{tag} can be released")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
