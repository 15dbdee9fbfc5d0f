"""Where a host keeps a file: a pattern for each platform, resolved against the environment of this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wanx_mcp.cli.config.formats import Format


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file of a host: where it is on each platform, its format, and the key of its servers, if any.

    A pattern may begin with `~`, `%VARIABLE%`, or `$VARIABLE:default` (the default lies in the home folder). A platform
    with several has ` or ` between them: the first whose folder exists is used, and the first if none does.
    """

    patterns: Mapping[str, str]
    format: Format
    servers: str | None = None

    def path(self, environment: Mapping[str, str]) -> Path | None:
        """The file on this machine, which may not exist. None without a home folder or the pattern's variable."""
        candidates = list(self.candidates(environment))
        found = (path for path in candidates if path.is_file())
        folders = (path for path in candidates if path.parent.is_dir())
        return next(found, next(folders, candidates[0] if candidates else None))

    def candidates(self, environment: Mapping[str, str]) -> Iterator[Path]:
        """Every place where the host may look, in the order of preference."""
        for pattern in self.patterns[platform()].split(" or "):
            try:
                yield from _resolved(pattern, environment)
            except RuntimeError:  # no home folder
                continue

    def shown(self) -> dict[str, list[str]]:
        """The places as a person reads them, each with the platforms that use it."""
        places: dict[str, list[str]] = {}
        for system, pattern in self.patterns.items():
            places.setdefault(" or ".join(map(_shown, pattern.split(" or "))), []).append(system)
        return places


def everywhere(pattern: str) -> dict[str, str]:
    """The same pattern for all platforms."""
    return dict.fromkeys(("macOS", "Windows", "Linux"), pattern)


def platform() -> str:
    """The platform of this machine, as a key of `patterns`."""
    return {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, "Linux")


def _resolved(pattern: str, environment: Mapping[str, str]) -> Iterator[Path]:
    head, _, rest = pattern.replace("\\", "/").partition("/")
    if head == "~":
        yield Path.home() / rest
    elif head.startswith("$"):  # for example $CODEX_HOME:.codex
        name, _, usual = head[1:].partition(":")
        base = environment.get(name)
        yield Path(base) / rest if base else Path.home() / usual / rest
    elif base := environment.get(head.strip("%")):
        if "*" in rest:  # the folder of a package, whose name ends in its publisher's number
            folder, star, below = rest.partition("*")
            name = folder.rpartition("/")[2]
            found = sorted(Path(base, folder).parent.glob(f"{name}{star}{below.partition('/')[0]}"))
            yield from (path / below.partition("/")[2] for path in found)
        else:
            yield Path(base) / rest


def _shown(pattern: str) -> str:
    head, _, rest = pattern.partition("/")
    if not head.startswith("$"):
        return pattern
    variable, _, usual = head.partition(":")
    folder = f"~/{usual}" if usual else "~"
    return f"{folder}/{rest} (or in {variable})"
