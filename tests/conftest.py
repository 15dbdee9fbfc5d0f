from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import Place
from tests.world import World

SLOW = {
    # Hundreds of combinations of faults, many of them over hours of the virtual clock:
    "test_absence.py",
    "test_adoption.py",
    "test_big_inputs.py",
    "test_history.py",
    "test_machine.py",
    "test_read_verdicts.py",
    "test_simulator_weather.py",
    "test_task_ids.py",
    "test_verdicts.py",
    "test_watching.py",
    # Each of many tests starts a process, a server on a real socket or a write to a slow disk:
    "test_bundle.py",
    "test_commands.py",
    "test_config.py",
    "test_config_docker.py",
    "test_demo.py",
    "test_disks.py",
    "test_doctor.py",
    "test_front.py",
    "test_front_fuzz.py",
    "test_front_record.py",
    "test_integrations.py",
    "test_ledger.py",
    "test_mutants.py",
    "test_probing.py",
    # Films are drawn, or pictures of many megapixels read:
    "test_clips.py",
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
