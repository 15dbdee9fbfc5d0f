"""A clean copy of a commit's files, as a release and the hosts' marketplaces get them."""

from __future__ import annotations

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
"""Options of git for commits in repositories of tests."""


def exported(folder: Path, commit: str | None = None) -> Path:
    """`folder`, with the files of `commit`; without one, with the files that git would commit now."""
    folder.mkdir(parents=True)
    if commit is None:
        _copy_tracked(folder)
    else:
        archive = git("archive", "--format=tar", commit)
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
    return folder


def repository(folder: Path) -> Path:
    """`folder`, a git repository with one commit on its main branch: the files that git would commit now."""
    exported(folder)
    git("init", "-b", "main", root=folder)
    git("add", "--all", root=folder)
    git(*AUTHOR, "commit", "-m", "All of it", root=folder)
    return folder


def commit_time(commit: str) -> str:
    """Seconds since 1970 of `commit`: the value of SOURCE_DATE_EPOCH."""
    return git("log", "-1", "--format=%ct", commit).decode().strip()


def _copy_tracked(folder: Path) -> None:
    for name in tracked():
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(source.stat().st_mode)


def tracked() -> list[str]:
    """The paths of the files that git would commit now."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0")
    return [name for name in names if (ROOT / name).is_file()]  # a deleted one is still in the index


def git(*words: str, root: Path = ROOT) -> bytes:
    """The output of a git command. Raises CalledProcessError."""
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=True).stdout
