from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import Place
from tests.world import World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def world() -> World:
    return World()
