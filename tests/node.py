"""Packages of the npm registry for tests: installed once per list of pins into the temporary folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def installed(package: Path) -> Path:
    """The folder of the commands that `package` (a package.json with exact versions) pins.

    Without npm the test is skipped, in CI it fails.
    """
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            raise AssertionError("npm is missing")
        pytest.skip("npm is missing")
    mark = hashlib.sha256(package.read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"wanx-node-{mark}"
    done = folder / "done"
    if not done.exists():
        folder.mkdir(exist_ok=True)
        shutil.copy(package, folder / "package.json")
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True, timeout=900, stdin=subprocess.DEVNULL)
        done.touch()
    return folder / "node_modules" / ".bin"
