"""What lies on disk: nothing secret, nobody else's to read, and nothing replaced behind the owner's back."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from . import weather as w
from .answers import error_of
from .conftest import KEY, House
from .examples import PIXEL, example_of
from .rawclient import StdioServer
from .test_money import BOAT, SHIP, listed, order
from .upstream import Upstream

SIGNED = "https://pictures.example.com/private-7f3a/in.jpg?signature=sig-c0ffee"
HOOK, SECRET = "https://hooks.example.com/piapi-91c2", "whsec-5eed"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def a_busy_day(house: House, upstream: Upstream) -> StdioServer:
    """Orders that went well, were lost, declined, cancelled and failed, each with a picture."""
    server = house.start(WANX_DAILY_BUDGET_USD="unlimited", WANX_WEBHOOK_URL=HOOK, WANX_WEBHOOK_SECRET=SECRET)
    weathers = (
        w.PLAIN,
        w.ACCEPT_THEN_CUT,
        w.refusal(400, f"cannot fetch {SIGNED} for {KEY}"),
        w.CUT_BEFORE_ACCEPTING,
        w.PLAIN,
    )
    for number, behaviour in enumerate(weathers):
        upstream.next("create", behaviour)
        for picture in (SIGNED, PIXEL):
            wanted = {"task_type": "img2video-14b", "prompt": f"Scene {number} {len(picture)}", "image": picture}
            server.call("create_wanx_task", **wanted, request_id=f"{number}-{len(picture)}")
    server.call(
        "create_wanx_task", **example_of("img2video-14b-keyframe").order | {"start_image": SIGNED, "end_image": PIXEL}
    )
    for row in listed(server, limit=50):
        if "task_id" in row:
            server.call("get_wanx_task", task_id=row["task_id"])
    return server


def test_nothing_secret_is_in_the_state_folder(house: House, upstream: Upstream) -> None:
    server = a_busy_day(house, upstream)
    picture = PIXEL.split(",")[1]
    secrets = {
        "key": KEY.encode(), "key in base64": base64.b64encode(KEY.encode())[:20], "webhook secret": SECRET.encode(),
        "webhook address": b"piapi-91c2", "picture address": b"private-7f3a", "signature": b"sig-c0ffee",
        "picture in base64": picture[:24].encode(), "picture": base64.b64decode(picture)[8:40],
    }  # fmt: skip
    for moment in ("while it runs", "after the end"):
        found = files(house.state)
        assert found, "there is no ledger to look into"
        for path in found:
            content = path.read_bytes()
            for name, secret in secrets.items():
                assert secret not in content, f"{name} in {path.name} {moment}"
        server.stop()
    said = "".join(server.lines) + server.stderr
    for word in (SECRET, "piapi-91c2", "private-7f3a", "sig-c0ffee", picture[:24]):
        assert word not in said, word


def test_the_state_folder_is_its_owners_alone(house: House, upstream: Upstream) -> None:
    order(house.start(), BOAT)
    assert stat.S_IMODE(house.state.stat().st_mode) == 0o700
    for path in files(house.state):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_listing_the_tools_opens_no_ledger(house: House) -> None:
    server = house.start()
    server.tools()
    server.stop()
    assert not house.state.exists() or files(house.state) == []


def damage(house: House) -> Path:
    (ledger,) = [path for path in files(house.state) if path.read_bytes()[:15] == b"SQLite format 3"]
    for path in files(house.state):
        if path != ledger and path.name.startswith(ledger.name):
            path.unlink()
    ledger.write_bytes(b"This is no ledger any more. " * 300)
    return ledger


def test_a_damaged_ledger_refuses_orders_and_is_left_alone(house: House, upstream: Upstream) -> None:
    first = house.start()
    task_id = order(first, BOAT)["task_id"]
    first.stop()
    ledger = damage(house)
    before = ledger.read_bytes()
    server = house.start()
    assert server.tools()
    error = error_of(server.call("create_wanx_task", **SHIP), "ledger_unusable", charged="no")
    assert ledger.name in error.what + error.next or str(house.state) in error.what + error.next
    assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "completed", "reads still work"
    server.stop()
    assert ledger.read_bytes() == before
    assert len(upstream.orders) == 1


@pytest.mark.parametrize("where", ["in the place of the folder", "above the folder"])
def test_a_state_folder_that_cannot_be_made_refuses_orders(where: str, house: House, upstream: Upstream) -> None:
    house.root.joinpath("blocked").write_text("a file")
    place = house.root / "blocked" if where.startswith("in") else house.root / "blocked" / "state"
    server = house.start(WANX_STATE_DIR=str(place))
    error_of(server.call("create_wanx_task", **BOAT), "ledger_unusable", charged="no")
    task_id = upstream.place(dict(example_of("txt2video-14b").wire), KEY)
    assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "completed"
    assert upstream.orders == []
