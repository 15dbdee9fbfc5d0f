"""Installs a package as users do and runs its demo: python -m tests.release.smoke PACKAGE.

PACKAGE is the path of a wheel. Only the release workflow gives a name and version instead, after it has published them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.release.build import tool
from wanx_mcp import __version__

MINUTES = 60

RUNNERS: dict[str, Callable[[str], list[str]]] = {
    "uvx": lambda package: [tool("uvx"), "--isolated", "--from", package, "wanx-mcp"],
    "pipx": lambda package: [tool("pipx"), "run", "--no-cache", "--spec", package, "wanx-mcp"],
}


class SmokeError(Exception):
    """A package that does not work; its text says what was seen instead."""


def smoke(runner: str, package: str, folder: Path) -> None:
    """Run `package` by that runner, with its files in `folder`. Raises SmokeError."""
    command = RUNNERS[runner](package)
    version = _output(command, "--version", folder)
    if version.split() != ["wanx-mcp", __version__]:
        raise SmokeError(f"{runner}: {version!r} is not the version {__version__}")
    _output(command, "demo", folder)
    videos = list((folder / "videos").glob("*.mp4"))
    if not videos or any(video.stat().st_size < 10_000 for video in videos):
        raise SmokeError(f"{runner}: the demo left no playable videos: {videos}")


def _output(command: list[str], argument: str, folder: Path) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_"))}
    own = {"WANX_OUTPUT_DIR": str(folder / "videos"), "PIPX_HOME": str(folder / "pipx")}
    done = subprocess.run(
        [*command, argument],
        cwd=folder,
        env=inherited | own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=15 * MINUTES,
        check=False,
    )
    if done.returncode:
        raise SmokeError(f"{' '.join(command)} {argument}: {done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    (package,) = sys.argv[1:]
    package = str(Path(package).resolve()) if Path(package).exists() else package
    for runner in RUNNERS:
        with tempfile.TemporaryDirectory(prefix="wanx-smoke-") as folder:
            smoke(runner, package, Path(folder))
        print(f"{runner}: {package} works")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
