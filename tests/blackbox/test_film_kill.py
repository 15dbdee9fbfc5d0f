"""kill -9 while a film is made: no second order, no lost shot, one film, and no half of one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .rawclient import PATIENCE, StdioServer
from .test_money import listed

SHOTS = 3


def start(folder: Path) -> StdioServer:
    """A server with the simulator, whose tasks survive it."""
    (folder / "cwd").mkdir(exist_ok=True)
    settings = {
        "WANX_SIMULATE": "1",
        "WANX_SIMULATE_SPEED": "2000",
        "WANX_STATE_DIR": str(folder / "state"),
        "WANX_OUTPUT_DIR": str(folder / "videos"),
    }
    server = StdioServer(settings, folder / "cwd")
    server.open()
    return server


def order(server: StdioServer, number: int, before: str | None) -> dict[str, object]:
    """Shot number so many, which goes on from the one before."""
    given = _asked(number, before)
    until = time.monotonic() + PATIENCE
    while (answer := server.call("create_wanx_task", **given)).is_error and time.monotonic() < until:
        assert answer.text.startswith("not_finished"), answer.text  # a busy machine renders the shot before first
    return answer.structured


def finished(server: StdioServer, task_id: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.call("get_wanx_task", task_id=task_id, wait_seconds=45).structured["status"] == "completed":
            return
    pytest.fail("the shot was never finished")


def joined(server: StdioServer, shots: list[str]) -> dict[str, object]:
    until = time.monotonic() + PATIENCE
    while "path" not in (film := server.call("join_wanx_videos", task_ids=shots).structured):
        assert time.monotonic() < until
    return film


@pytest.mark.parametrize("pause", [0.0, 0.5, 1.5])
def test_a_film_survives_the_death_of_its_server_at_every_step(tmp_path: Path, pause: float) -> None:
    shots: list[str] = []
    for number in range(1, SHOTS + 1):
        server = start(tmp_path)
        before = shots[-1] if shots else None
        server.start_call("create_wanx_task", **_asked(number, before))
        time.sleep(pause)  # where in its work the server dies does not matter, so how long this takes does not either
        server.kill()
        server = start(tmp_path)
        task_id = str(order(server, number, before)["task_id"])
        assert order(server, number, before)["task_id"] == task_id
        finished(server, task_id)
        shots.append(task_id)
        server.kill()
    server = start(tmp_path)
    server.start_call("join_wanx_videos", task_ids=shots)
    time.sleep(pause * 2)
    server.kill()
    server = start(tmp_path)
    film = joined(server, shots)
    again = joined(server, shots)
    rows = listed(server)
    server.stop()
    assert film["path"] == again["path"]
    assert [row["task_id"] for row in rows] == shots[::-1]
    assert len(list((tmp_path / "videos").glob("*film*.mp4"))) == 1


def _asked(number: int, before: str | None) -> dict[str, object]:
    picture = {"task_type": "img2video-14b", "image": f"task:{before}"} if before else {"task_type": "txt2video-14b"}
    return {"prompt": f"shot {number}", "request_id": f"shot-{number}", **picture}
