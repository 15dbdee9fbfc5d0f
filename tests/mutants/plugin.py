"""The pytest plugin: records which lines each test covers, or runs the given tests in the given order."""

from __future__ import annotations

import faulthandler
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.tracing import FOLDER, PACKAGE, TEST, Tracer

RECORD, RUN = "MUTANTS_RECORD", "MUTANTS_RUN"
"""Environment: the file that the recording goes to, or the file that lists the tests to run."""

_stderr = os.dup(2)  # before pytest captures it


class Recorder:
    """Writes the duration and the lines of every test that passes."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._tracer = Tracer(Path(os.environ[PACKAGE]))
        self._tests: dict[str, dict[str, Any]] = {}
        self._failed: set[str] = set()
        self._loading: dict[str, int] = {}
        self._tracer.start()

    def pytest_collection_finish(self) -> None:
        self._loading = self._tracer.take()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._tracer.take()
        os.environ[TEST] = item.nodeid
        begun = time.perf_counter()
        result = yield
        seconds = round(time.perf_counter() - begun, 3)
        self._tests[item.nodeid] = {"seconds": seconds, "lines": self._tracer.take()}
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        for path in Path(os.environ[FOLDER]).glob("*.json"):
            child = json.loads(path.read_text(encoding="utf-8"))
            lines = self._tests[child["test"]]["lines"]
            for module, bits in child["lines"].items():
                lines[module] = lines.get(module, 0) | bits
        passed = {name: test for name, test in self._tests.items() if name not in self._failed}
        self._target.write_text(
            json.dumps({"passed": passed, "failed": sorted(self._failed), "loading": self._loading}), encoding="utf-8"
        )


class Chosen:
    """Runs the listed tests only, in the order of the list, and ends the process if one of them hangs."""

    def __init__(self, listed: Path) -> None:
        self._limits: dict[str, float] = dict(json.loads(listed.read_text(encoding="utf-8")))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {name: place for place, name in enumerate(self._limits)}
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        faulthandler.dump_traceback_later(self._limits[item.nodeid], exit=True, file=_stderr)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()


def pytest_configure(config: pytest.Config) -> None:
    if RECORD in os.environ:
        config.pluginmanager.register(Recorder(Path(os.environ[RECORD])))
    elif RUN in os.environ:
        config.pluginmanager.register(Chosen(Path(os.environ[RUN])))
