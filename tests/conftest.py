from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import Place
from tests.world import World

SLOW = {
    # Many combinations of faults, each over hours of the virtual clock:
    "test_absence.py",
    "test_adoption.py",
    "test_history.py",
    "test_watching.py",
    "test_whose.py",
    # A long random walk through the money core:
    "test_machine.py",
    # Processes are started, servers on real sockets, or mutants compiled:
    "test_decoder.py",
    "test_doctor.py",
    "test_ledger.py",
    "test_mutants.py",
    "test_probing.py",
    # Films are drawn or pictures of many megapixels read:
    "test_big_inputs.py",
    "test_expired_links.py",
    "test_fetching.py",
    "test_picture_memory.py",
    "test_pictures.py",
    "test_preview.py",
    "test_render.py",
    "test_save.py",
}
"""The files that `pytest -m quick` leaves out; every other one of this folder is quick."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.name not in SLOW:
            item.add_marker("quick")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def world() -> World:
    return World()
