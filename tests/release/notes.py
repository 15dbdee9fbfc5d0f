"""The notes of a release, from the history: python -m tests.release.notes v1.2.3."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.release.exporting import ROOT, git
from tests.release.packages import PACKAGE, REPOSITORY

TOP_ROOMS = {"wanx_mcp"}
"""Folders whose changes users notice; other changes come after them."""

VERIFY = f"""
## Verify

Every file below is attested: `gh attestation verify FILE --repo {REPOSITORY}`. The same commit gives the same bytes:
`python -m tests.release.build --commit {{tag}} FOLDER`.
"""


def notes(tag: str, root: Path = ROOT) -> str:
    """Markdown: what changed between the release before `tag` and `tag`, oldest first. Raises CalledProcessError."""
    before = _previous(tag, root)
    span = f"{before}..{tag}" if before else tag
    inside, beside = [], []
    for commit in git("rev-list", "--reverse", "--no-merges", span, root=root).decode().split():
        subject = git("log", "-1", "--format=%s", commit, root=root).decode().strip()
        files = git("diff-tree", "--root", "--no-commit-id", "--name-only", "-r", commit, root=root).decode()
        (inside if _noticed(files.splitlines()) else beside).append(f"* {subject}")
    parts = [f"# {PACKAGE} {tag.removeprefix('v')}", ""]
    parts += [f"All changes since {before}." if before else "The first release.", ""]
    parts += ["## Changes", "", *(inside or ["* None in the package itself."])]
    if beside:
        parts += ["", "## Tests and documentation", "", *beside]
    return "\n".join(parts) + "\n" + VERIFY.format(tag=tag)


def _noticed(files: Iterable[str]) -> bool:
    return any(name.partition("/")[0] in TOP_ROOMS for name in files)


def _previous(tag: str, root: Path) -> str | None:
    """The newest release that `tag` contains; None if there is none."""
    words = ("tag", "--list", "v*", "--merged", f"{tag}^{{commit}}", "--sort=-version:refname")
    tags = git(*words, root=root).decode().split()
    return next((other for other in tags if other != tag), None)


def main() -> int:
    (tag,) = sys.argv[1:]
    print(notes(tag), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
