"""The bundle's files, put into a zip that is the same, byte for byte, whenever it is built from the same package."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from wanx_mcp.cli.bundle.icon import icon
from wanx_mcp.cli.bundle.manifest import ICON, manifest
from wanx_mcp.cli.bundle.project import PACKAGE, licence_texts, read_project

ROOM = "wanx_mcp"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip knows."""

_FILE_MODE = 0o100644 << 16
_LEFT_OUT = ("__pycache__", ".pyc", ".pyo", ".webp")
"""Ends of names: what Python made here, and the pictures of the README."""


def bundle() -> int:
    """Build the bundle in the current folder. Returns the exit code."""
    try:
        content, version = build()
    except PackageNotFoundError:
        words = "this package is not installed (pip install . in its folder), so its dependencies are unknown"
        print(f"wanx-mcp bundle: {words}", file=sys.stderr)
        return 1
    path = Path.cwd() / f"{PACKAGE}-{version}.mcpb"
    try:
        _write(path, content)
    except OSError as error:
        print(f"wanx-mcp bundle: {path} cannot be written ({error.strerror}); go to another folder", file=sys.stderr)
        return 1
    print(f"{path}\n{len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}\n")
    print("Claude Desktop installs it by a double click, or under Settings > Extensions > Advanced settings.")
    print("At its first start it fetches Python packages, within the bounds that it names. No lock file is inside: one")
    print("would name the package registry of this machine.")
    return 0


def build() -> tuple[bytes, str]:
    """The bundle and its version. Raises PackageNotFoundError."""
    project = read_project()
    written = {
        "manifest.json": (json.dumps(manifest(project), indent=2, ensure_ascii=False) + "\n").encode(),
        "pyproject.toml": project.toml().encode(),
        ICON: icon(),
    }
    return _zip(written | licence_texts() | dict(_sources(files(ROOM), ROOM))), project.version


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    """Every file of the installed package, without what no server needs."""
    for entry in folder.iterdir():
        if entry.name.endswith(_LEFT_OUT):
            continue
        if entry.is_dir():
            yield from _sources(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()


def _zip(content: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system = 3  # else it names the platform that built it
            entry.external_attr = _FILE_MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content[name])
    return file.getvalue()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
