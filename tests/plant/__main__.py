"""Apply each planted bug to a copy of the project and run the test that must fail: python -m tests.plant [NAME]."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLANTS = sorted((ROOT / "tests" / "plant").glob("*.patch"))

COPIED = ("wanx_mcp", "tests", "pyproject.toml", "README.md", "server.json", ".claude-plugin", ".docker", ".github")
PATIENCE_SECONDS = 300


def caught(plant: Path) -> bool:
    """Whether the test that `plant` names fails on a copy with the bug, and only then."""
    (catcher,) = (line for line in plant.read_text(encoding="utf-8").splitlines() if line.startswith("catch: "))
    with tempfile.TemporaryDirectory(prefix="wanx-plant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        subprocess.run(["git", "apply", "--whitespace=nowarn", str(plant)], cwd=copy, check=True)  # noqa: S607
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *catcher[7:].split()]
        try:
            run = subprocess.run(
                command, cwd=copy, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
            )
        except subprocess.TimeoutExpired:
            print(f"MISSED  {plant.stem}\n        its test hangs instead of failing", flush=True)
            return False
    words = next((line for line in run.stdout.splitlines() if line.startswith("FAILED")), run.stdout[-300:])
    print(f"{'caught' if run.returncode == 1 else 'MISSED'}  {plant.stem}\n        {words.strip()[:160]}", flush=True)
    return run.returncode == 1


if __name__ == "__main__":
    chosen = [plant for plant in PLANTS if not sys.argv[1:] or plant.stem in sys.argv[1:]]
    missed = [plant for plant in chosen if not caught(plant)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} planted bugs were caught")
    raise SystemExit(1 if missed or not chosen else 0)
