"""Planted bugs keep up with the code: each patch applies, and names tests that are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.plant.__main__ import PLANTS, ROOT

GIT = shutil.which("git")


def catcher(plant: Path) -> list[str]:
    (line,) = (line for line in plant.read_text(encoding="utf-8").splitlines() if line.startswith("catch: "))
    return line.removeprefix("catch: ").split()


@pytest.mark.skipif(GIT is None, reason="there is no git")
def test_each_planted_bug_can_be_planted() -> None:
    command = [str(GIT), "apply", "--check"]
    failed = {
        plant.stem: run.stderr
        for plant in PLANTS
        if (run := subprocess.run([*command, str(plant)], cwd=ROOT, capture_output=True, text=True, check=False)).stderr
    }
    assert failed == {}


def test_each_planted_bug_names_a_test_that_is_there() -> None:
    """By the words of its file: a `-k` has to be part of the name of a test, or of one of its parameters."""
    for plant in PLANTS:
        words = catcher(plant)
        key = words.pop(words.index("-k") + 1) if "-k" in words else ""
        text = ""
        for word in words:
            if word != "-k":
                file, _, name = word.partition("::")
                text += (ROOT / file).read_text(encoding="utf-8")
                assert name == "" or re.search(rf"def {re.escape(name)}\(", text), plant.stem
        assert key in text, plant.stem
