"""The hosts' packages from npm: each in a folder of its own, at the version that versions.json pins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

VERSIONS: dict[str, str] = json.loads((Path(__file__).parent / "versions.json").read_text(encoding="utf-8"))
"""The version of each npm package that is installed, Node itself included."""

CACHE = Path(tempfile.gettempdir()) / "wanx-hosts"
INSTALL_SECONDS = 420
"""Of one package: the largest has 440 MB."""


class InstallError(Exception):
    """A host that cannot be installed; its text is the end of what npm wrote."""


def node(cache: Path = CACHE) -> Path:
    """The folder of a Node 22. Under an older one npm installs older versions of some hosts without saying so."""
    return installed("node", cache)


def installed(package: str, cache: Path = CACHE) -> Path:
    """The folder of the commands of `package`; it is installed if it is not there. Raises InstallError."""
    # The folder may not be called like the package, or npm refuses to install a package into itself.
    folder = cache / f"host-{package.strip('@').replace('/', '-')}-{VERSIONS[package]}"
    commands = folder / "node_modules" / ".bin"
    if not (folder / "done").exists():
        path = [] if package == "node" else [str(node(cache))]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        _npm_install(f"{package}@{VERSIONS[package]}", folder, os.pathsep.join([*path, os.environ["PATH"]]))
        (folder / "done").touch()
    return commands


def _npm_install(package: str, folder: Path, path: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise InstallError("npm is not on the PATH")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", package]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"npm install took longer than {INSTALL_SECONDS} s") from None
    if done.returncode:
        raise InstallError(" ".join((done.stderr or done.stdout).split())[-300:])
