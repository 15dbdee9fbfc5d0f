"""Runs tests in a folder that finds names in any case and Unicode form, as the disks of Macs do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

from tests.platforms.tools import ROOT, CannotRunError, need_packages, run, uv

LIBRARY = "mfusepy>=3,<4"
MOUNT_SECONDS = 30


@contextmanager
def mac_disk(work: Path) -> Iterator[Path]:
    """A folder like a Mac's disk. Raises CannotRunError."""
    if sys.platform != "linux":
        raise CannotRunError("a file system of our own can be mounted on Linux alone")
    need_packages(find_library("fuse") is not None or find_library("fuse3") is not None, "fuse", "libfuse2")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise CannotRunError("/dev/fuse cannot be used here")
    library, real, disk = work / "mfusepy", work / "real", work / "disk"
    for folder in (library, real, disk):
        folder.mkdir(parents=True, exist_ok=True)
    run([uv(), "pip", "install", "--no-config", "--target", str(library), LIBRARY])
    environment = {**os.environ, "PYTHONPATH": str(library)}
    command = [sys.executable, str(ROOT / "tests" / "platforms" / "macdisk.py"), str(real), str(disk)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as process:
        try:
            _wait_for(process, disk)
            yield disk
        finally:
            process.terminate()  # it unmounts by itself, unless something on the disk is still open
            process.wait(MOUNT_SECONDS)
            if os.path.ismount(disk):
                subprocess.run(["fusermount", "-u", "-z", str(disk)], check=False, capture_output=True)  # noqa: S607


def _wait_for(process: subprocess.Popen[bytes], disk: Path) -> None:
    until = time.monotonic() + MOUNT_SECONDS
    while not os.path.ismount(disk):
        if process.poll() is not None or time.monotonic() > until:
            raise CannotRunError("the file system cannot be mounted here (the lines above may say why)")
        time.sleep(0.05)


def run_tests(work: Path, tests: Sequence[str]) -> int:
    """Run these tests of pytest on such a disk. Returns the exit code. Raises CannotRunError."""
    with mac_disk(work) as disk:
        temporary = disk / "tmp"
        temporary.mkdir()
        environment = {**os.environ, "TMPDIR": str(temporary)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-o",
            "addopts=",
            "-p",
            "no:cacheprovider",
            "-rfE",
            f"--basetemp={disk / 't'}",
        ]
        return subprocess.run([*command, *tests], cwd=ROOT, env=environment, check=False).returncode
