"""Programs that the checks need, and what is said where they cannot be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL_SECONDS = 900


class CannotRunError(Exception):
    """The check cannot run on this machine; the text says why."""


@cache
def uv() -> str:
    """The path of uv. Raises CannotRunError."""
    try:
        from uv import find_uv_bin

        return os.fsdecode(find_uv_bin())
    except (ImportError, FileNotFoundError):
        if found := shutil.which("uv"):
            return found
    raise CannotRunError("uv is not installed (pip install -e '.[dev]' installs it)")


def need_packages(present: bool, *packages: str) -> None:
    """Install these Debian packages, unless what they bring is `present`. Raises CannotRunError."""
    if present:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise CannotRunError(f"it needs the Debian packages {' '.join(packages)}; this user cannot install them here")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = ["apt-get", "update", "-qq"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (update, install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise CannotRunError(f"{' '.join(command[:2])} fails: {last[0]}")


def run(command: Sequence[str], **more: object) -> str:
    """Run a command that prepares a check, and return what it prints. Raises CannotRunError with its last words."""
    done = subprocess.run(  # noqa: PLW1510  # the exit code is read below
        list(command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        **more,  # type: ignore[call-overload]
    )
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-600:]
        raise CannotRunError(f"{Path(command[0]).name} {command[1]} fails: {words}")
    return str(done.stdout)


def plain_environment(**more: str) -> Mapping[str, str]:
    """An environment without this shell's settings, for a child process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **more}


def python_version() -> str:
    """The version of this Python, for instance 3.11."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
