"""The coverage map: which test runs which line. Recorded once, and again when the package or the test file changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.plugin import RECORD
from tests.mutants.source import PACKAGE, ROOT
from tests.mutants.tracing import FOLDER, TEST, Lines
from tests.mutants.tracing import PACKAGE as TRACED

KEPT = ROOT / ".mutants"
CHILD = Path(__file__).parent / "child"
_OURS = "test_mutants.py"  # mutates nothing of the package


@dataclass(frozen=True, slots=True)
class Test:
    """A test that passes on the unchanged code: how long it takes, and the lines it runs."""

    name: str
    seconds: float
    lines: Lines
    loading: Lines = field(default_factory=dict)
    """The lines that run while its file is loaded: tables and schemas are made then."""

    @property
    def file(self) -> str:
        return self.name.partition("::")[0]

    @property
    def breadth(self) -> int:
        """How many lines it runs. A test of one module is likelier to notice a change there than one of everything."""
        return sum(bits.bit_count() for bits in self.lines.values())

    def runs(self, places: Mapping[str, Iterable[int]]) -> bool:
        """Whether it runs one of these lines, by module."""
        return _meet(self.lines, places)

    def loads(self, places: Mapping[str, Iterable[int]]) -> bool:
        """Whether one of these lines runs before it, when its file is loaded."""
        return _meet(self.loading, places)


def _meet(lines: Lines, places: Mapping[str, Iterable[int]]) -> bool:
    return any(lines.get(module, 0) >> line & 1 for module, wanted in places.items() for line in wanted)


def test_files() -> list[Path]:
    """The files of the default suite."""
    return sorted(path for path in (ROOT / "tests").glob("test_*.py") if path.name != _OURS)


def read_map(jobs: int) -> list[Test]:
    """Every test with its lines. Test files without an up-to-date recording are recorded first."""
    KEPT.mkdir(exist_ok=True)
    wanted = {path: KEPT / f"{path.stem}-{_fingerprint(path)}.json" for path in test_files()}
    for old in set(KEPT.glob("test_*.json")) - set(wanted.values()):
        old.unlink()
    missing = {path: target for path, target in wanted.items() if not target.exists()}
    if missing:
        print(f"recording which lines {len(missing)} test files run", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda pair: _record(*pair), missing.items()))
    return [test for target in wanted.values() for test in _tests(target)]


def _tests(target: Path) -> Iterator[Test]:
    recorded = json.loads(target.read_text(encoding="utf-8"))
    for name, test in recorded["passed"].items():
        yield Test(name, test["seconds"], test["lines"], recorded["loading"])


def _fingerprint(path: Path) -> str:
    """A digest of a test file and everything its recording depends on: the package and the support files."""
    tools = [tool for tool in (ROOT / "tests").glob("*.py") if not tool.name.startswith("test_")]
    tools += [Path(__file__).with_name(name) for name in ("plugin.py", "tracing.py")]
    digest = hashlib.sha256(sys.version.encode())
    for file in (path, *sorted(tools), *sorted(PACKAGE.rglob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _record(path: Path, target: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    with tempfile.TemporaryDirectory(prefix="wanx-mutants-") as folder:
        report = Path(folder) / "report"
        children = Path(folder) / "children"
        children.mkdir()
        ours = {RECORD: str(report), FOLDER: str(children), TRACED: str(PACKAGE), TEST: "", "TMPDIR": folder}
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutants.plugin", "-p", "no:cacheprovider", name],
            cwd=ROOT,
            env=environment(ROOT, ours, CHILD),
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            raise SystemExit(f"{name} could not be recorded:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
        failed = json.loads(report.read_text(encoding="utf-8"))["failed"]
        print(
            f"  {name}{''.join(f'{chr(10)}    fails or is skipped: {test}' for test in failed)}",
            file=sys.stderr,
            flush=True,
        )
        target.write_bytes(report.read_bytes())


def environment(root: Path, ours: Mapping[str, str], *before: Path) -> dict[str, str]:
    """The environment of a test run on the tree at `root`, without the settings of the server."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("WANX_", "PIAPI_", "MUTANTS_"))}
    return {**plain, "PYTHONPATH": os.pathsep.join(map(str, (*before, root))), **ours}
