"""An environment of its own for each row: a virtual environment (by uv where there is one) or an npm folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.integrations.rows import Row

INSTALL_LIMIT = 1200
"""Seconds."""


class InstallError(Exception):
    """The last lines of what the installer said."""


def interpreter(row: Row, cache: Path) -> list[str]:
    """The command that runs the row's snippet; its environment is made if it is not there yet."""
    if not row.packages:
        return [sys.executable, str(row.path)]
    key = hashlib.sha256(repr((row.packages, sys.version_info[:2])).encode()).hexdigest()[:10]
    folder = cache / f"{row.name}-{key}"
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (_install_node if row.is_node else _install_python)(row, folder)
        ready.touch()
    if row.is_node:  # a module finds its packages beside itself
        return ["node", shutil.copy(row.path, folder)]
    return [str(_python(folder)), str(row.path)]


def version(row: Row, command: list[str]) -> str:
    """The version of the row's framework that is installed."""
    if not row.packages:
        return "this"
    name = re.split(r"(?<=.)@|[\[=<>]", row.packages[0])[0]
    if row.is_node:
        package = Path(command[1]).parent / "node_modules" / name / "package.json"
        return str(json.loads(package.read_text(encoding="utf-8"))["version"])
    program = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([command[0], "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def _install_python(row: Row, folder: Path) -> None:
    uv = shutil.which("uv")
    tool = [uv] if uv else [sys.executable, "-m", "uv"] if find_spec("uv") else None
    if tool:
        _run([*tool, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder / "venv")], folder)
        _run([*tool, "pip", "install", "--quiet", "--python", str(_python(folder)), *row.packages], folder)
    else:
        _run([sys.executable, "-m", "venv", str(folder / "venv")], folder)
        _run([str(_python(folder)), "-m", "pip", "install", "--quiet", *row.packages], folder)


def _install_node(row: Row, folder: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        raise InstallError("npm is not on the PATH")
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    _run([npm, "install", "--no-audit", "--no-fund", "--loglevel", "error", *row.packages], folder)


def _python(folder: Path) -> Path:
    return folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str], folder: Path) -> None:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_LIMIT, check=False)
    if run.returncode:
        raise InstallError(" ".join((run.stderr or run.stdout).split())[-600:])
