"""The report: printed for people, with colours and wrapped to their terminal, or as JSON for programs."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wanx_mcp import __version__
from wanx_mcp.cli.doctor.checks import Finding, Result
from wanx_mcp.cli.doctor.probes import Lesson, Probed
from wanx_mcp.cli.terminal import Terminal
from wanx_mcp.provider.client import LOOKED_FOR
from wanx_mcp.redaction import without

_COLOURS = {"ok": "32", "agrees": "32", "warning": "33", "differs": "33", "wrong": "31", "taken": "1;31"}
_COLOURS |= {"unknown": "31", "fix": "36"}
_DIM = "2"
_NAME_COLUMNS, _MARK_COLUMNS = 16, 9


@dataclass
class Report:
    """Prints each finding at once for people, or keeps all for JSON. Removes `secrets` from everything."""

    secrets: tuple[str, ...]
    as_json: bool
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    probed: list[Probed] = field(default_factory=list)
    shapes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._terminal = Terminal.here()

    @property
    def healthy(self) -> bool:
        bad = any(finding.result is Result.WRONG for _, finding in self.findings)
        return not bad and not any(probed.lesson in (Lesson.TAKEN, Lesson.UNKNOWN) for probed in self.probed)

    def say(self, line: str = "") -> None:
        """Print a line for people."""
        if not self.as_json:
            print("\n".join(textwrap.wrap(self._clean(line), self._terminal.columns)), flush=True)

    def add(self, name: str, finding: Finding) -> None:
        """Add the finding of one check."""
        self.findings.append((name, finding))
        self._row(finding.result, name, finding.found)
        if finding.fix:
            self._row("", "", finding.fix, lead="Fix: ")

    def add_probe(self, probed: Probed) -> None:
        """Add the result of one probe."""
        self.probed.append(probed)
        question = probed.question
        self._row(probed.lesson, question.topic, f"assumed: {question.assumed}")
        self._row("", "", probed.words, lead="answer: ")
        if probed.named:
            self._row("", "", ", ".join(probed.named), lead="it names: ")

    def add_shapes(self, shapes: Mapping[str, Sequence[str]]) -> None:
        """Add the fields that the provider's answers have, by path; those that this version reads are marked."""
        self.shapes = shapes
        for path, lines in shapes.items():
            wanted = {name: (f"{name}:", f"{name}[", f"{name}.") for name in LOOKED_FOR[path]}
            missing = [name for name, starts in wanted.items() if not any(line.startswith(starts) for line in lines)]
            self.say()
            self.say(f"{path} answers with (* is used):")
            for line in lines:
                self.say(f"{'*' if line.startswith(sum(wanted.values(), ())) else ' '} {line}")
            if missing:
                self.note(f"Missing from {path}: {', '.join(missing)}.")

    def note(self, line: str) -> None:
        """Add a remark."""
        self.notes.append(line)
        self.say(line)

    def end(self, *, simulated: bool) -> None:
        """Print the summary, or all of it as JSON."""
        if self.as_json:
            print(json.dumps(self._document(simulated=simulated), indent=2))
            return
        counted = ((Result.WRONG, "problem"), (Result.WARNING, "warning"), (Result.SKIPPED, "skipped check"))
        parts = []
        for result, noun in counted:
            if count := sum(finding.result is result for _, finding in self.findings):
                parts.append(f"{count} {noun}{'' if count == 1 else 's'}")
        self.say()
        self.say(", ".join(parts) + "." if parts else "No problems found.")

    def _row(self, mark: str, name: str, words: str, lead: str = "") -> None:
        if self.as_json:
            return
        wide = not self._terminal.narrow  # otherwise the words go below the name
        margin = " " * (_MARK_COLUMNS + _NAME_COLUMNS if wide else 2)
        shown = self._paint(f"{mark:<{_MARK_COLUMNS}}", mark)
        head = shown + (f"{name:<{_NAME_COLUMNS}}" if wide else name)
        text = textwrap.wrap(
            lead + self._clean(words), self._terminal.columns - len(margin), break_on_hyphens=False
        ) or [""]
        if lead:
            text[0] = self._paint(lead, "fix") + text[0][len(lead) :]
        beside = wide and len(name) < _NAME_COLUMNS and bool(mark)
        if mark:
            print(head + text.pop(0) if beside else head.rstrip())
        for line in text:
            print(margin + line)
        sys.stdout.flush()

    def _paint(self, words: str, mark: str) -> str:
        return self._terminal.paint(words, _COLOURS.get(mark, _DIM))

    def _clean(self, words: str) -> str:
        return without(words, self.secrets)

    def _document(self, *, simulated: bool) -> dict[str, Any]:
        checks = [
            {"name": name, "verdict": found.result, "cause": found.cause, "found": found.found, "fix": found.fix}
            for name, found in self.findings
        ]
        probes = [
            {
                "topic": probed.question.topic,
                "lesson": probed.lesson,
                "sent": probed.question.payload,
                "answer": probed.words,
                "names": list(probed.named),
                "assumed": probed.question.assumed,
            }
            for probed in self.probed
        ]
        document = {
            "version": __version__,
            "simulated": simulated,
            "ok": self.healthy,
            "checks": checks,
            "probes": probes,
            "shapes": {path: list(lines) for path, lines in self.shapes.items()},
            "notes": self.notes,
        }
        return {name: _cleaned(value, self._clean) for name, value in document.items()}


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(name)): _cleaned(inner, clean) for name, inner in value.items()}
        case list():
            return [_cleaned(inner, clean) for inner in value]
        case _:
            return value
