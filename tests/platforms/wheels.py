"""Whether every dependency has wheels where people install this: resolved for each platform, nothing is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from tests.platforms.tools import ROOT, CannotRunError, uv

PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-unknown-linux-musl",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
)
PYTHONS = ("3.11", "3.14")
OLDEST_MACOS = "14.0"
"""The wheels of PyAV need it; on an older macOS, pip would have to build PyAV."""

RESOLVE_SECONDS = 300
UNREACHABLE = ("failed to fetch", "dns error", "connection refused", "error sending request", "timed out")


def resolved(platform: str, python: str, project: Path, *, wheels: bool) -> list[str]:
    """The packages that an installer picks, as name==version. Raises CalledProcessError if there is no solution."""
    options = ["--only-binary", ":all:"] if wheels else []
    target = ["--python-platform", platform, "--python-version", python]
    command = [uv(), "pip", "compile", "--no-config", "-q", "--no-header", "--no-annotate", *options, *target]
    done = subprocess.run(
        [*command, str(project)],
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS},
        capture_output=True,
        text=True,
        check=True,
        timeout=RESOLVE_SECONDS,
    )
    return [line.partition(" ")[0] for line in done.stdout.splitlines() if "==" in line]


def finding(platform: str, python: str, project: Path) -> str:
    """What is wrong there; empty if all is well. Raises CannotRunError without a package registry."""
    try:
        free, wheels = (resolved(platform, python, project, wheels=only) for only in (False, True))
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.split())
        if any(sign in words.lower() for sign in UNREACHABLE):
            raise CannotRunError(f"no package registry answers: {words[:200]}") from error
        return f"no solution: {words[:400]}"
    # An installer takes the newest version, with or without a wheel, and would begin to compile.
    missing, instead = sorted(set(free) - set(wheels)), sorted(set(wheels) - set(free))
    return f"no wheels for {', '.join(missing)}; there are for {', '.join(instead)}" if missing else ""


def check(work: Path, projects: Sequence[str]) -> int:
    """Resolve pyproject.toml, and that of the bundle, for every platform. Returns the exit code."""
    listed = [Path(project) for project in projects] or [ROOT / "pyproject.toml", _bundled(work)]
    rows = list(product(listed, PLATFORMS, PYTHONS))
    uv()  # found here, because looking for it is not safe in threads
    with ThreadPoolExecutor(4) as pool:
        findings = list(pool.map(lambda row: finding(row[1], row[2], row[0]), rows))
    for (project, platform, python), found in zip(rows, findings, strict=True):
        place = "bundle" if project.parent == work else "project"
        print(f"{'ok  ' if not found else 'FAIL'}  {place:<7}  Python {python}  {platform}  {found}".rstrip())
    return 1 if any(findings) else 0


def _bundled(work: Path) -> Path:
    """The pyproject.toml of the bundle, which asks for what the installed package asks for."""
    path = work / "pyproject.toml"
    work.mkdir(parents=True, exist_ok=True)
    code = "from wanx_mcp.cli.bundle.project import read_project; print(read_project().toml())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    path.write_text(done.stdout, encoding="utf-8")
    return path
