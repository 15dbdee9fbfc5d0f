"""What is claimed of platforms: the README's commands, the public matrix, and checks that say where they cannot run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.platforms import readme, tools, wheels
from tests.platforms.tools import ROOT, CannotRunError

WORKFLOW = ROOT / ".github" / "workflows" / "tests.yml"


def test_the_readme_s_lines_for_windows_mean_the_same_in_powershell_and_cmd() -> None:
    lines = readme.lines("cmd")
    assert lines[-1] == r".venv\Scripts\wanx-mcp demo"
    assert lines == readme.lines("powershell") == readme.lines("pwsh")
    for line in lines:
        # What one of them splits, expands or quotes in another way, and what an execution policy can forbid.
        assert not re.search(r"[;&|'$%`^<>(){}@,]|[A-Z_]+=|[Aa]ctivate", line), line
    posix = [line.replace(".venv\\Scripts\\", ".venv/bin/").replace("py -m", "python3 -m") for line in lines]
    assert posix == readme.lines("sh")


def test_the_readme_says_which_python_a_mac_lacks() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert f"Python {needed.removeprefix('>=')} or newer" in text
    assert "comes with a Mac is 3.9" in text


@pytest.mark.skipif(not WORKFLOW.exists(), reason="not part of a source distribution")
def test_the_public_matrix_runs_the_scripts_that_ci_runs_on_every_platform() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")
    for system in ("windows-latest", "windows-11-arm", "macos-latest", "macos-15-intel", "ubuntu-latest"):
        assert system in text
    assert 'python: ["3.11", "3.14"]' in text
    scripts = set(re.findall(r"run: .*?(\.ci/\w+)", text))
    assert scripts == {".ci/tests", ".ci/run"}
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts) or os.name == "nt"
    assert ".ci/tests" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) for name in used), "an action without a fixed commit"


def test_the_wheels_of_seven_platforms_are_looked_for() -> None:
    assert len(wheels.PLATFORMS) == 7
    for name in ("windows", "darwin", "linux-musl", "manylinux"):
        assert any(name in platform for platform in wheels.PLATFORMS)
    assert sum(platform.startswith("aarch64") for platform in wheels.PLATFORMS) == 3


def test_a_check_that_cannot_run_says_that_it_was_skipped_and_why(tmp_path: Path) -> None:
    alone = {name: value for name, value in os.environ.items() if name in ("HOME", "SYSTEMROOT", "TEMP", "TMPDIR")}
    command = [sys.executable, "-m", "tests.platforms", "readme", "pwsh"]
    done = subprocess.run(
        command, cwd=ROOT, env=alone | {"PATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "SKIPPED: the check 'readme' did not run: there is no pwsh here\n"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user who cannot install packages")
def test_a_user_who_cannot_install_packages_is_told_which_are_missing() -> None:
    with pytest.raises(CannotRunError, match="it needs the Debian packages wine64"):
        tools.need_packages(False, "wine64")
