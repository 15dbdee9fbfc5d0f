"""Builds the packages of one commit: python -m tests.release.build [--commit COMMIT] FOLDER.

The same commit gives the same bytes, whenever and wherever it is built with the same Python.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.release.exporting import commit_time, exported
from wanx_mcp import __version__

BACKEND = "hatchling==1.27.0\n"
"""One version of the build backend: it writes its own version into the wheel."""

NAMES = (f"wanx_mcp-{__version__}-py3-none-any.whl", f"wanx_mcp-{__version__}.tar.gz", f"wanx-mcp-{__version__}.mcpb")
"""The wheel, the source distribution, the bundle."""


def tool(name: str) -> str:
    """The path of a command, first from beside this Python. Raises FileNotFoundError."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: pip install -e '.[dev,release]'")
    return found


def build(source: Path, into: Path, *, epoch: str) -> tuple[Path, ...]:
    """Build the wheel from the source distribution, and the bundle from the wheel. Returns their paths in that order.

    `epoch` is the date of all files inside, in seconds since 1970. Raises CalledProcessError.
    """
    into.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"SOURCE_DATE_EPOCH": epoch}
    with tempfile.TemporaryDirectory(prefix="wanx-build-") as folder:
        constraints = Path(folder) / "backend.txt"
        constraints.write_text(BACKEND, encoding="utf-8")
        out = Path(folder) / "out"
        words = [
            tool("uv"),
            "build",
            "--quiet",
            "--build-constraints",
            str(constraints),
            "--out-dir",
            str(out),
            str(source),
        ]
        subprocess.run(words, env=environment, check=True)
        wheel = out / NAMES[0]
        subprocess.run(
            [tool("uvx"), "--quiet", "--isolated", "--from", str(wheel), "wanx-mcp", "bundle"],
            cwd=out,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return tuple(Path(shutil.copy(out / name, into / name)) for name in NAMES)


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.release.build")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wanx-source-") as folder:
        source = exported(Path(folder) / "source", options.commit)
        for path in build(source, options.folder, epoch=commit_time(options.commit)):
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
