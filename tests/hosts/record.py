"""The record of the runs: for each host its version, the day, and what its model received."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.hosts.rows import HostRow
from tests.hosts.script import Progress

RECORD = Path(__file__).parent / "record.json"
SHOWN = 600
"""Characters of a result that are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a host. `received` has the results by scenario, `preview` how the contact sheet reached the model."""

    version: str
    date: str
    problems: list[str]
    preview: str
    received: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(
        cls, row: HostRow, version: str, date: str, problems: list[str], received: Mapping[str, list[Progress]]
    ) -> Entry:
        """The entry of a run, with nothing in it that belongs to this machine."""
        results = {
            scenario: [
                {"tool": result.tool, "text": impersonal(result.text), "pictures": result.pictures}
                for progress in runs
                for result in progress.results
            ]
            for scenario, runs in received.items()
        }
        return cls(version, date, problems, "picture and text" if row.shows_pictures else "text", results)


def impersonal(text: str) -> str:
    """The beginning of `text`, with `~` for the temporary home."""
    homes = re.escape(str(Path(tempfile.gettempdir()).resolve())) + r"/wanx-[a-z]+(-[a-z]+)*-\w+"
    clean = re.sub(homes, "~", text)
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}… ({len(clean)} characters)"


def entries(path: Path = RECORD) -> dict[str, Entry]:
    """The record by host."""
    if not path.exists():
        return {}
    return {name: Entry(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}


def add(path: Path, name: str, entry: Entry) -> None:
    """Write one host's entry, in the place of a former one."""
    known = {**entries(path), name: entry}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {each: asdict(known[each]) for each in sorted(known)}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
