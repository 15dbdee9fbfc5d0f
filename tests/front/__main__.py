"""Notes other versions of pydantic under which the SDK answers as recorded: python -m tests.front VERSION..."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tests.front import record

ROOT = Path(__file__).parents[2]


def same(pydantic: str) -> bool:
    """Whether the installed SDK answers the same with that version of pydantic, in an environment made for it."""
    wanted = [f"mcp=={version('mcp')}", f"pydantic=={pydantic}"]
    uv = [sys.executable, "-m", "uv", "run", "--quiet", "--isolated", "--no-project", "--python", sys.executable]
    command = [*uv, *(word for each in wanted for word in ("--with", each)), "python", "-m", "tests.front.record"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stderr[-500:], file=sys.stderr)
    return run.returncode == 0


def main() -> int:
    path = record.path()
    content = json.loads(path.read_text(encoding="utf-8"))
    failed = []
    for pydantic in sys.argv[1:]:
        if same(pydantic):
            content["pydantic"] = sorted({*content["pydantic"], pydantic})
        else:
            content["pydantic"] = [each for each in content["pydantic"] if each != pydantic]
            failed.append(pydantic)
    path.write_text(record.text(content), encoding="utf-8")
    print(f"recorded: {', '.join(content['pydantic'])}" + (f"; not the same: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
