"""The metadata of the installed package, as the `pyproject.toml` from which `uv` starts the bundle."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution

from wanx_mcp import __version__

PACKAGE = "wanx-mcp"
_EXTRA = re.compile(r"\bextra\s*==")


@dataclass(frozen=True, slots=True)
class Project:
    """The metadata of the installed package."""

    version: str
    summary: str
    python: str
    license: str
    author: str
    dependencies: tuple[str, ...]

    def toml(self) -> str:
        """The text of a `pyproject.toml` that is run without being built, so that no build backend is downloaded."""
        fields = (("name", PACKAGE), ("version", self.version), ("description", self.summary))
        lines = ["[project]", *(f"{name} = {_text(value)}" for name, value in fields)]
        lines += [f"requires-python = {_text(self.python)}", "dependencies = ["]
        lines += [f"    {_text(demand)}," for demand in self.dependencies]
        return "\n".join([*lines, "]", "", "[tool.uv]", "package = false", ""])


def read_project() -> Project:
    """The package that this process runs. Raises PackageNotFoundError if it is not installed."""
    found = distribution(PACKAGE)
    known = found.metadata
    return Project(
        version=__version__,
        summary=known["Summary"] or "",
        python=known["Requires-Python"] or ">=3.11",
        license=known["License-Expression"] or known["License"] or "",
        author=known["Author"] or known["Author-email"] or "wanx_mcp contributors",
        dependencies=tuple(sorted(demand for demand in found.requires or () if not _EXTRA.search(demand))),
    )


def licence_texts() -> dict[str, bytes]:
    """The package's licence files by name."""
    found: Distribution = distribution(PACKAGE)
    names = set(found.metadata.get_all("License-File") or ())
    texts = {}
    for path in found.files or ():
        place = found.locate_file(path)
        if path.name in {name.rpartition("/")[2] for name in names} and ".dist-info" in str(path):
            texts[path.name] = place.read_bytes()  # type: ignore[attr-defined]  # a Path here
    return texts


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
