"""Preparing pictures is bounded in time, refuses cheaply, and never says that an order may have been placed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from PIL import Image

from tests import pictures as p
from tests.place import ORDER, Place
from wanx_mcp.catalog import CATALOG, parse_order
from wanx_mcp.clock import RealClock
from wanx_mcp.errors import ImageRejected
from wanx_mcp.studio.orders.decoding import MOST_WAITING, Decoding
from wanx_mcp.studio.orders.pictures import Pictures

pytestmark = pytest.mark.anyio
BUSY = "could not be prepared in time because this server is busy"
SHORT = 0.2
"""Seconds of real time that a test waits for what cannot happen."""

LONG = 20.0
"""Seconds that are never spent, except where a test fails."""


@dataclass
class Gate:
    """Pillow's decoder of PNG, which waits until it is let through."""

    open: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    meanwhile: Callable[[], object] = bool
    decoded: int = 0

    def __call__(self, mode: str, *arguments: Any) -> Any:
        self.begun.set()
        if not self.open.wait(LONG):
            self.open.set()  # for the others, so that a test fails instead of hanging
            raise RuntimeError("the gate was never opened")
        self.decoded += 1
        self.meanwhile()
        return Image.core.zip_decoder(mode, *arguments)  # type: ignore[attr-defined]


@contextmanager
def gated() -> Iterator[Gate]:
    gate = Gate()
    Image.register_decoder("zip", gate)  # type: ignore[arg-type]  # Pillow's way in for decoders of one's own
    try:
        yield gate
    finally:
        gate.open.set()
        del Image.DECODERS["zip"]


def picture(number: int) -> str:
    return p.data_uri(p.file(p.scene((320, 180 + number))))


def order(number: int) -> Any:
    return parse_order(CATALOG, ORDER | {"image": picture(number)}, adult=False)


async def test_twenty_four_orders_behind_one_that_hangs_all_end_in_time_and_leave_no_work_behind(place: Place) -> None:
    pictures = Pictures(place.world.settings, RealClock())
    errors: list[str] = []

    async def prepare(number: int) -> None:
        try:
            await pictures.prepare(order(number), within=SHORT)
        except ImageRejected as error:
            errors.append(str(error))

    with gated() as gate:
        began = anyio.current_time()
        async with anyio.create_task_group() as group:
            for number in range(24):
                group.start_soon(prepare, number)
        assert anyio.current_time() - began < LONG  # and not for ever
        assert len(errors) == 24
        assert gate.decoded == 0
        gate.open.set()
        await pictures.prepare(order(99), within=LONG)
        # The one that had begun, and the new one with its result: nothing of those that gave up.
        assert gate.decoded == 2
    for error in errors:
        assert error.startswith(f"image_rejected: the picture {BUSY}")
        assert "make the same call again" in error
        assert "maybe" not in error


async def test_a_call_that_gave_up_can_be_made_again_and_succeeds(place: Place) -> None:
    pictures = Pictures(place.world.settings, RealClock())
    with gated() as gate:
        with pytest.raises(ImageRejected, match=BUSY):
            await pictures.prepare(order(1), within=SHORT)
        gate.open.set()
        prepared = await pictures.prepare(order(1), within=LONG)
    assert prepared.pictures["image"].size == (320, 181)


async def test_no_two_pictures_are_decoded_at_once_even_after_one_was_given_up() -> None:
    decoding, most, running, lock = Decoding(RealClock()), 0, 0, threading.Lock()
    hold = threading.Event()

    def work(_carry_on: object) -> None:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        hold.wait(LONG)
        with lock:
            running -= 1

    async def call(within: float) -> None:
        try:
            await decoding.run(work, within)
        except TimeoutError:
            hold.set()

    async with anyio.create_task_group() as group:
        group.start_soon(call, SHORT)
        for _ in range(6):
            group.start_soon(call, LONG)
    assert most == 1


async def test_more_callers_than_can_be_served_are_turned_away_at_once() -> None:
    decoding, hold = Decoding(RealClock()), threading.Event()
    refused = 0

    async def call() -> None:
        nonlocal refused
        try:
            await decoding.run(lambda _carry_on: hold.wait(LONG), LONG)
        except TimeoutError:
            refused += 1
            hold.set()

    async with anyio.create_task_group() as group:
        for _ in range(MOST_WAITING + 1):
            group.start_soon(call)
    assert refused == 1


async def test_a_call_that_is_cancelled_while_it_waits_lets_the_others_through(place: Place) -> None:
    pictures = Pictures(place.world.settings, RealClock())
    with gated() as gate:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: pictures.prepare(order(1), within=LONG))
            await anyio.to_thread.run_sync(gate.begun.wait, LONG)
            group.cancel_scope.cancel()
        gate.open.set()
        assert (await pictures.prepare(order(2), within=LONG)).pictures


async def test_a_create_whose_pictures_take_too_long_orders_nothing_and_says_so(place: Place) -> None:
    first, last = (
        place.put(name, p.file(p.scene(size))) for name, size in (("a.png", (320, 180)), ("b.png", (320, 200)))
    )
    keyframes = {"task_type": "img2video-14b-keyframe", "prompt": "x", "start_image": first, "end_image": last}
    with gated() as gate:
        gate.open.set()
        gate.meanwhile = lambda: place.world.clock.advance(30)
        async with place.world.client() as agent:
            error = await agent.error("create_wanx_task", **keyframes)
            assert gate.decoded == 1  # the second one is not begun after the deadline
            gate.meanwhile = lambda: None
            listed = await agent.ok("list_wanx_tasks")
            assert not place.world.line.sent("POST")
            await agent.ok("create_wanx_task", **keyframes)
    assert error.startswith(f"image_rejected: the pictures {BUSY}")
    assert error.split("Charged", 1)[1].split(": ", 1)[1].startswith("no. Next: make the same call again")
    assert listed["tasks"] == []
    assert listed["budget"]["spent_usd"] == 0


CHEAP: dict[str, str] = {
    "nothing.png": "names no file",
    "/etc/passwd": "lies outside",
    "huge.png": "is larger than 40 MB",
    "notes.txt": "is no picture of a known kind",
    "photo.heic": "is a HEIC picture",
    "data:text/plain;base64,AAAA": "is a data: URI of something",
}


@pytest.mark.parametrize("wrong", CHEAP)
async def test_what_is_plainly_wrong_is_refused_without_waiting_and_before_anything_is_decoded(
    place: Place, wrong: str
) -> None:
    with (place.films / "huge.png").open("wb") as sparse:
        sparse.truncate(41 * 1024 * 1024)
    place.put("notes.txt", b"hello, world, this is text")
    place.put("photo.heic", b"\0\0\0\x18ftypheic" + bytes(99))
    pictures = Pictures(place.world.settings, RealClock())
    frames = {"task_type": "img2video-14b-keyframe", "prompt": "x", "start_image": picture(1), "end_image": wrong}
    with gated() as gate:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: pictures.prepare(order(1), within=LONG))
            await anyio.to_thread.run_sync(gate.begun.wait, LONG)  # the one turn is taken
            with pytest.raises(ImageRejected) as refusal:
                await pictures.prepare(parse_order(CATALOG, frames, adult=False), within=LONG)
            gate.open.set()
    assert f"end_image {CHEAP[wrong]}" in str(refusal.value)
    assert gate.decoded == 1


async def test_a_bomb_beside_a_good_picture_is_refused_before_the_good_one_is_decoded(place: Place) -> None:
    bomb = place.put("bomb.png", p.png((60_000, 60_000), 8, 2, b""))
    frames = {"task_type": "img2video-14b-keyframe", "prompt": "x", "start_image": picture(1), "end_image": bomb}
    with gated() as gate:
        gate.open.set()
        with pytest.raises(ImageRejected, match="3600 million pixels"):
            await Pictures(place.world.settings, RealClock()).prepare(
                parse_order(CATALOG, frames, adult=False), within=LONG
            )
        assert gate.decoded == 0


async def test_three_takes_of_one_picture_decode_it_once(place: Place) -> None:
    path = place.put("a.png", p.file(p.see_through()))
    with gated() as gate:
        gate.open.set()
        async with place.world.client() as agent:
            for take in range(3):
                await agent.ok("create_wanx_task", **ORDER, image=path, request_id=str(take))
        assert gate.decoded == 2  # the picture, and what was made of it
    assert len({request.content for request in place.posts("/api/v1/task")}) == 1
