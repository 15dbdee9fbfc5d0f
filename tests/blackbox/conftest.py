"""One provider and one home a test; a module may share a server where the tests order nothing, or nothing twice."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .answers import keeps_its_schemas
from .rawclient import StdioServer
from .upstream import Upstream

KEY = "key-0123456789abcdef-blackbox"


@dataclass
class House:
    """Where one user's servers live: settings, folders, and every process started there."""

    root: Path
    base_url: str
    started: list[StdioServer] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PIAPI_BASE_URL": self.base_url,
            "PIAPI_API_KEY": KEY,
            "WANX_STATE_DIR": str(self.state),
            "WANX_OUTPUT_DIR": str(self.root / "videos"),
        }

    def spawn(self, era: str = "2025-11-25", /, *, without: str = "", **extra: str) -> StdioServer:
        """A process that nobody has spoken to yet; `without` names the usual settings that it lacks."""
        cwd = self.root / "cwd"
        cwd.mkdir(parents=True, exist_ok=True)
        settings = {name: value for name, value in (self.settings | extra).items() if name not in without.split()}
        server = StdioServer(settings, cwd, era)
        self.started.append(server)
        return server

    def start(self, era: str = "2025-11-25", /, *, without: str = "", **extra: str) -> StdioServer:
        server = self.spawn(era, without=without, **extra)
        server.open()
        return server

    def close(self) -> None:
        """Ends every process, then checks what must hold for each of them, always."""
        for server in self.started:
            server.stop()
        for server in self.started:
            for line in server.lines[:-1]:
                assert json.loads(line)["jsonrpc"] == "2.0", f"stdout carries the protocol only: {line!r}"
            assert KEY not in "".join(server.lines), "the key was shown to the client"
            assert KEY not in server.stderr, "the key was logged"
        assert not list((self.root / "cwd").glob("*")), "nothing is ever written to the working directory"


@contextmanager
def _house(root: Path, base_url: str) -> Iterator[House]:
    house = House(root, base_url)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as provider:
        yield provider


@pytest.fixture
def house(upstream: Upstream, tmp_path: Path) -> Iterator[House]:
    with _house(tmp_path, upstream.base_url) as house:
        yield house


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[Upstream]:
    with Upstream() as provider:
        yield provider


@pytest.fixture(scope="module")
def shared(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StdioServer]:
    """One server for many tests, without a budget in their way."""
    with _house(tmp_path_factory.mktemp("shared"), shared_upstream.base_url) as house:
        server = house.start(WANX_DAILY_BUDGET_USD="unlimited")
        yield server
        keeps_its_schemas(server)


_numbers = itertools.count(1)


@pytest.fixture
def new_prompt() -> Callable[[], str]:
    """Words that no order has used yet, so that none is taken for a repeat."""
    return lambda: f"A paper boat, take {next(_numbers)}"
