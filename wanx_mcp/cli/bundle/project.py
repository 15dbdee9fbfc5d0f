"""What the installed package says of itself, as the `pyproject.toml` from which `uv` starts the bundle."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution

from wanx_mcp import __version__

PACKAGE = "wanx-mcp"
EXTRA = "video"
_EXTRA = re.compile(r"""\s*(?:and\s+)?extra\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True, slots=True)
class Project:
    """The installed package. `dependencies` hold the video extra's as well."""

    version: str
    summary: str
    python: str
    license: str
    author: str
    dependencies: tuple[str, ...]

    def toml(self) -> str:
        """A project that is not built, only run: no build backend has to be fetched."""
        fields = (("name", PACKAGE), ("version", self.version), ("description", self.summary))
        lines = ["[project]", *(f"{name} = {_text(value)}" for name, value in fields)]
        lines += [f"requires-python = {_text(self.python)}", "dependencies = ["]
        lines += [f"    {_text(demand)}," for demand in self.dependencies]
        return "\n".join([*lines, "]", "", "[tool.uv]", "package = false", ""])


def read_project() -> Project:
    """The package that this process runs. Raises PackageNotFoundError if it was never installed."""
    found = distribution(PACKAGE)
    known = found.metadata
    return Project(
        version=__version__,
        summary=known["Summary"] or "",
        python=known["Requires-Python"] or ">=3.11",
        license=known["License-Expression"] or known["License"] or "",
        author=known["Author"] or known["Author-email"] or "wanx_mcp contributors",
        dependencies=tuple(sorted(_dependencies(found.requires or ()))),
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


def _dependencies(demands: Sequence[str]) -> Iterator[str]:
    """What the package needs at run time and for its video extra, without the markers that say so."""
    for demand in demands:
        what, _, marker = demand.partition(";")
        extra = _EXTRA.search(marker)
        if extra and extra[1] != EXTRA:
            continue
        rest = _EXTRA.sub("", marker).strip()
        yield f"{what.strip()}; {rest}" if rest else what.strip()


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
