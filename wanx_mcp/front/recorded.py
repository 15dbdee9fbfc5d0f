"""The recorded answers, if they were recorded from the SDK that is installed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "records"
PACKAGES = ("mcp", "mcp_types", "pydantic")
"""Packages whose versions decide what the SDK answers."""


SLOTS = ("WANX_INPUT_DIRS", "WANX_OUTPUT_DIR")
"""Variables with which a folder's name takes the place of recorded words; the first that is set counts."""


class Answers:
    """The recorded answers that hold in this environment: for each revision, the result of each method."""

    __slots__ = ("handshake", "lists", "results")

    def __init__(self, record: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        depends = record["depends"]
        unknown = {method for method, names in depends.items() if any(environment.get(name) for name in names)}
        slot, folder = record["slot"], next((value for name in SLOTS if (value := environment.get(name))), None)
        if folder and not is_plain(folder):
            unknown.update(slot["methods"])
        self.handshake = frozenset(record["initialize"])
        """The revisions that begin with `initialize`."""
        self.lists: dict[str, frozenset[str]] = {}
        """By revision, the methods that change nothing and that others need not wait for."""
        self.results: dict[str, dict[str, Any]] = {}
        for group in record["groups"]:
            for revision in group["revisions"]:
                known = dict(group["answers"])
                if revision in record["initialize"]:
                    known["initialize"] = record["initialize"][revision]
                self.lists[revision] = frozenset(group["answers"])
                self.results[revision] = {method: each for method, each in known.items() if method not in unknown}
                for method in slot["methods"]:
                    if folder and method in self.results[revision]:
                        self.results[revision][method] = filled(known[method], slot["words"], folder)


def is_plain(folder: str) -> bool:
    """Whether a setting holds one folder, spelt as the server would spell it: nothing to trim, expand or shorten."""
    spelt = folder.isprintable() and folder == folder.strip() and folder == os.path.normpath(folder)
    return spelt and os.path.isabs(folder) and os.pathsep not in folder and "${" not in folder


def filled(answer: Any, words: str, folder: str) -> Any:
    """The answer with the folder in the place of `words`."""
    if isinstance(answer, str):
        return answer.replace(words, folder)
    if isinstance(answer, dict):
        return {name: filled(value, words, folder) for name, value in answer.items()}
    return [filled(each, words, folder) for each in answer] if isinstance(answer, list) else answer


def read_answers(paths: Sequence[str], environment: Mapping[str, str]) -> Answers | None:
    """The answers recorded from the SDK that would be imported from `paths`; None if there are none."""
    versions = [_version(paths, package) for package in PACKAGES]
    if None in versions:
        return None
    content = _content(f"mcp-{versions[0]}.json")
    record = content and json.loads(content)
    if not record or versions[1] not in record["mcp_types"] or versions[2] not in record["pydantic"]:
        return None
    return Answers(record, environment)


def _version(paths: Sequence[str], package: str) -> str | None:
    """The version of an installed package by the name of its metadata folder; None if that is not certain."""
    # `importlib.metadata` would take longer than everything else before the first answer.
    for path in paths:
        if os.path.isfile(os.path.join(path, package, "__init__.py")):
            found = list(_versions(path, package))
            return found[0] if len(found) == 1 else None
    return None


def _versions(path: str, package: str) -> Iterator[str]:
    for entry in os.listdir(path or "."):
        name, _, version = entry.removesuffix(".dist-info").partition("-")
        if name == package and entry.endswith(".dist-info"):
            yield version


def _content(name: str) -> bytes | None:
    """A file of the records, also where this package is inside a zip."""
    loader = __spec__.loader
    path = os.path.join(os.path.dirname(__file__), FOLDER, name)
    try:
        return loader.get_data(path) if loader is not None else None  # type: ignore[attr-defined]
    except OSError:
        return None
