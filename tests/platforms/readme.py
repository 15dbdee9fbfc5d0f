"""Runs the README's first commands as they stand, in a copy of this project: python -m tests.platforms readme SHELL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.platforms.tools import ROOT, CannotRunError

SHELLS = {
    "sh": ("sh", "-c"),
    "powershell": ("powershell", "-NoProfile", "-NonInteractive", "-Command"),
    "pwsh": ("pwsh", "-NoProfile", "-NonInteractive", "-Command"),
    "cmd": ("cmd", "/d", "/c"),
}
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", "node_modules", ".*_cache")


def lines(shell: str) -> list[str]:
    """The commands that install this project and run the demo, for that shell."""
    kind = "sh" if shell == "sh" else "bat"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"^```{kind}\n(.*?)^```$", text[text.index("## Try it") :], re.MULTILINE | re.DOTALL)
    assert block, f"the README has no commands for {shell}"
    return block[1].splitlines()


def check(work: Path, shells: Sequence[str]) -> int:
    """Run them, each line in a new shell. Returns the exit code of the first that fails. Raises CannotRunError."""
    for shell in shells or ("sh",):
        if shutil.which(SHELLS[shell][0]) is None:
            raise CannotRunError(f"there is no {shell} here")
        project = work / shell
        shutil.copytree(ROOT, project, ignore=_LEFT_OUT)
        environment = {**os.environ, "WANX_OUTPUT_DIR": str(work / "videos")}
        for line in lines(shell):
            print(f"{shell}> {line}", flush=True)
            code = subprocess.run([*SHELLS[shell], line], cwd=project, env=environment, check=False).returncode
            if code:
                return code
    return 0
