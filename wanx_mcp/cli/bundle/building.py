"""Builds the bundle: a zip that is the same, byte for byte, whenever it is built from the same package."""

from __future__ import annotations

import errno
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

from wanx_mcp.cli.bundle.manifest import manifest
from wanx_mcp.cli.bundle.project import PACKAGE, licence_texts, read_project

MODULE = "wanx_mcp"
FILE_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip can hold."""

_FILE_MODE = 0o100644 << 16
_EXCLUDED = ("__pycache__", ".pyc", ".pyo", ".webp")
"""Endings of names: compiled files, and the pictures of the README."""


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
        if path.is_dir():  # Windows calls this a lack of permission
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _write(path, content)
    except OSError as error:
        print(
            f"wanx-mcp bundle: {path} cannot be written ({error.strerror}); change to another folder", file=sys.stderr
        )
        return 1
    print(f"{path}\n{len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}\n")
    print("To install it, double-click it, or use Settings > Extensions > Advanced settings in Claude Desktop.")
    print(
        "At its first start it downloads its Python packages. It has no lock file, because that would name the package"
    )
    print("registry of this machine.")
    return 0


def build() -> tuple[bytes, str]:
    """The bundle and its version. Raises PackageNotFoundError."""
    project = read_project()
    written = {
        "manifest.json": (json.dumps(manifest(project), indent=2, ensure_ascii=False) + "\n").encode(),
        "pyproject.toml": project.toml().encode(),
    }
    return _zip(written | licence_texts() | dict(_sources(files(MODULE), MODULE))), project.version


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    """Every file of the installed package that a server needs."""
    for entry in folder.iterdir():
        if entry.name.endswith(_EXCLUDED):
            continue
        if entry.is_dir():
            yield from _sources(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()


def _zip(content: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, FILE_DATE)
            entry.create_system = 3  # otherwise it names the platform that built it
            entry.external_attr = _FILE_MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content[name])
    return file.getvalue()


def _write(path: Path, content: bytes) -> None:
    """Write the file completely or not at all."""
    part = path.with_suffix(".part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
