"""How local pictures reach the provider: uploaded or inside, once, before anything is booked."""

from __future__ import annotations

import base64
import json
from typing import Any

import anyio
import httpx
import pytest

from tests import pictures as p
from tests.place import ORDER, ORDERS, UPLOADS, Place
from tests.world import KEY, World
from wanx_mcp.provider.answers import read_upload
from wanx_mcp.simulator.clip import scene_of
from wanx_mcp.simulator.weather import Fault, Variant

pytestmark = pytest.mark.anyio
BIG = p.file(p.noise((320, 180)))
SMALL = p.file(p.scene())
HOUR = 3600


@pytest.fixture
def big(place: Place) -> str:
    assert len(BIG) > 64 * 1024
    return place.put("our wedding, Anna.png", BIG)


async def test_a_large_picture_is_uploaded_and_the_order_points_at_it(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        created = await agent.ok("create_wanx_task", **ORDER, image=big)
    (upload,) = place.uploads
    body = json.loads(upload.content)
    assert base64.b64decode(body["file_data"]) == BIG
    assert body["file_name"].endswith(".png")
    assert "Anna" not in body["file_name"]
    assert upload.headers["x-api-key"] == KEY
    assert place.sent()["image"].startswith("http://127.0.0.1:9/uploads/")
    assert place.arrived() == BIG
    task = place.world.simulator.store.find(created["task_id"])
    assert task is not None
    assert scene_of(task, place.world.simulator.uploads.picture).pictures == (BIG,)


async def test_a_small_picture_travels_inside_the_order(place: Place) -> None:
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=place.put("a.png", SMALL))
    assert not place.uploads
    assert place.sent()["image"] == p.data_uri(SMALL)


async def test_the_same_picture_is_uploaded_once_in_its_life_whatever_its_name(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        for prompt, picture in (("a", big), ("b", place.put("copy.png", BIG)), ("c", p.data_uri(BIG))):
            await agent.ok("create_wanx_task", **ORDER | {"prompt": prompt}, image=picture)
        assert len(place.uploads) == 1
        place.world.clock.advance(19 * HOUR)
        await agent.ok("create_wanx_task", **ORDER | {"prompt": "d"}, image=big)
        assert len(place.uploads) == 1
        place.world.clock.advance(2 * HOUR)
        await agent.ok("create_wanx_task", **ORDER | {"prompt": "e"}, image=big)
        assert len(place.uploads) == 2


async def test_two_keyframes_of_one_picture_are_one_upload(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        await agent.order(task_type="img2video-14b-keyframe", start_image=big, end_image=big)
    assert len(place.uploads) == 1
    assert place.arrived("start_image") == place.arrived("end_image") == BIG


async def test_a_plan_without_uploads_gets_the_picture_inside_and_is_not_asked_each_time(
    place: Place, big: str
) -> None:
    place.world.simulator.plan = "free"
    async with place.world.client() as agent:
        for prompt in "abc":
            await agent.ok("create_wanx_task", **ORDER | {"prompt": prompt}, image=big)
            assert place.sent()["image"] == p.data_uri(BIG)
        assert len(place.uploads) == 1
        place.world.simulator.plan = "creator"
        place.world.clock.advance(601)
        await agent.ok("create_wanx_task", **ORDER | {"prompt": "d"}, image=big)
    assert place.sent()["image"].startswith("http")


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
async def test_an_upload_that_fails_once_is_repeated(place: Place, big: str, fault: Fault) -> None:
    place.world.simulator.weather.coming("POST", fault)
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=big)
    assert place.arrived() == BIG
    assert place.sent()["image"].startswith("http")
    assert place.world.simulator.store.count() == 1


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
async def test_an_upload_that_keeps_failing_sends_the_picture_inside_and_costs_no_order(
    place: Place, big: str, fault: Fault
) -> None:
    def until_ordered(request: httpx.Request) -> None:
        if request.url.path == UPLOADS:
            place.world.simulator.weather.coming("POST", fault)

    async def spoil(request: httpx.Request) -> None:
        until_ordered(request)

    place.world.line.on_request = spoil
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=big)
    assert place.sent()["image"] == p.data_uri(BIG)
    assert len(place.posts(ORDERS)) == place.world.simulator.store.count() == 1


@pytest.mark.parametrize("variant", [Variant.FLAT, Variant.CODE_ZERO, Variant.NO_CODE])
async def test_every_shape_of_an_uploads_answer_is_read(place: Place, big: str, variant: Variant) -> None:
    place.world.simulator.weather.variants = frozenset({variant})
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=big)
    assert len(place.uploads) == 1
    assert place.sent()["image"].startswith("http")


NO_LINKS = ["http://example.com/a.png", "file:///etc/passwd", "javascript:x", "https://", "", 7, None]


@pytest.mark.parametrize("url", NO_LINKS)
def test_an_address_that_is_no_https_link_is_no_answer_to_an_upload(url: object) -> None:
    assert read_upload({"data": {"url": url}}, trusted_loopback=True) is None


async def test_a_call_cancelled_during_the_upload_orders_and_books_nothing(place: Place, big: str) -> None:
    begun = anyio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.url.path == UPLOADS:
            begun.set()
            await anyio.sleep_forever()

    place.world.line.on_request = hold
    async with place.world.client() as agent:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: agent.ok("create_wanx_task", **ORDER, image=big))
            await begun.wait()
            group.cancel_scope.cancel()
        listed = await agent.ok("list_wanx_tasks")
    assert listed["tasks"] == []
    assert listed["budget"]["spent_usd"] == 0
    assert not place.posts(ORDERS)


async def test_the_same_picture_in_another_process_is_a_repeat_however_it_is_given(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        first = await agent.ok("create_wanx_task", **ORDER, image=big)
    for again in (big, place.put("moved/there.png", BIG), p.data_uri(BIG), p.in_base64(BIG)):
        async with place.world.client() as agent:
            second = await agent.ok("create_wanx_task", **ORDER, image=again)
        assert (second["task_id"], second["reused"]) == (first["task_id"], True)
    place.put("our wedding, Anna.png", p.file(p.noise()))
    async with place.world.client() as agent:
        other = await agent.ok("create_wanx_task", **ORDER, image=big)
    assert other["reused"] is False


async def test_a_request_id_holds_for_the_picture_and_not_for_its_upload(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        first = await agent.ok("create_wanx_task", **ORDER, image=big, request_id="take-1")
    place.world.clock.advance(30 * HOUR)
    async with place.world.client() as agent:
        again = await agent.ok("create_wanx_task", **ORDER, image=big, request_id="take-1")
        other = await agent.error("create_wanx_task", **ORDER, image=place.put("b.png", SMALL), request_id="take-1")
    assert again["task_id"] == first["task_id"]
    assert other.startswith("invalid_order: request_id was used before")


@pytest.mark.parametrize("content", [BIG, SMALL])
async def test_an_order_whose_answer_is_lost_is_found_again_by_the_echo_of_its_upload(
    place: Place, content: bytes
) -> None:
    async def lose(request: httpx.Request) -> None:
        if request.url.path == ORDERS:
            place.world.simulator.weather.coming("POST", Fault.LOSE_ANSWER)

    place.world.line.on_request = lose
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=place.put("a.png", content))
        assert error.startswith("outcome_unknown: ")
        place.world.line.on_request = None
        (task,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    assert task["task_id"] == place.world.simulator.store.all()[0].task_id


async def test_nothing_of_a_picture_is_on_the_books(place: Place, big: str) -> None:
    async with place.world.client() as agent:
        for number, picture in enumerate((big, place.put("a.png", SMALL))):
            await agent.ok("create_wanx_task", **ORDER, image=picture, request_id=str(number))
            for kept in await anyio.to_thread.run_sync(lambda: list(place.world.state.rglob("*"))):
                books = kept.read_bytes() if kept.is_file() else b""
                for secret in (
                    BIG[100:140],
                    SMALL[30:60],
                    p.in_base64(BIG)[:60].encode(),
                    b"Anna",
                    b"/uploads/",
                    b".png",
                ):
                    assert secret not in books, (kept, secret)


async def test_a_dry_run_looks_at_the_picture_and_sends_nothing(place: Place, big: str) -> None:
    async with World({**place.world.environment, "PIAPI_API_KEY": ""}).client() as agent:
        told = await agent.ok("create_wanx_task", **ORDER, image=place.put("t.jpg", p.turned(6)), dry_run=True)
        assert "image was turned upright, freed of metadata" in told["next_step"]
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=big, dry_run=True)
    assert not place.world.line.requests


HOSTS = [
    ({}, "http://127.0.0.1:9"),
    ({"PIAPI_UPLOAD_URL": "https://upload.theapi.app"}, "https://upload.theapi.app"),
    ({"PIAPI_UPLOAD_URL": "http://127.0.0.1:8"}, "http://127.0.0.1:8"),
]


@pytest.mark.parametrize(("environment", "host"), HOSTS)
async def test_uploads_go_to_their_own_host_and_stay_on_this_machine_with_the_provider(
    place: Place, big: str, environment: dict[str, str], host: str
) -> None:
    place.world.environment = {**place.world.environment, **environment}
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=big)
    (upload,) = place.uploads
    assert str(upload.url) == host + UPLOADS
    assert str(place.posts(ORDERS)[0].url) == "http://127.0.0.1:9" + ORDERS


def test_the_documented_upload_host_is_the_default() -> None:
    assert World({"PIAPI_BASE_URL": "https://api.piapi.ai"}).settings.upload_host == "https://upload.theapi.app"


async def test_input_folders_are_absolute_paths() -> None:
    world = World({"WANX_INPUT_DIRS": "pictures"})
    assert str(world.settings.problems[0]).startswith("WANX_INPUT_DIRS must be absolute")


# The ratio: picture size, ratio given, ratio sent, what is said.
RATIOS: list[tuple[tuple[int, int], str | None, str, str]] = [
    ((320, 180), None, "16:9", "aspect_ratio 16:9 was chosen"),
    ((180, 320), None, "9:16", "aspect_ratio 9:16 was chosen"),
    ((300, 300), None, "16:9", "16:9 crops about 44% of image (300x300)"),
    ((320, 240), None, "16:9", "16:9 crops about 25% of image (320x240)"),
    ((320, 180), "16:9", "16:9", ""),
    ((310, 200), "16:9", "16:9", ""),
    ((320, 180), "9:16", "9:16", "9:16 crops about 68% of image (320x180); aspect_ratio 16:9 fits better"),
    ((180, 320), "16:9", "16:9", "16:9 crops about 68% of image (180x320); aspect_ratio 9:16 fits better"),
]


@pytest.mark.parametrize(("size", "given", "sent", "says"), RATIOS)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_the_ratio_suits_the_picture_or_it_is_said_what_is_lost(
    place: Place, size: tuple[int, int], given: str | None, sent: str, says: str, dry_run: bool
) -> None:
    picture = place.put("a.png", p.file(p.scene(size)))
    async with place.world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER, image=picture, aspect_ratio=given, dry_run=dry_run)
    assert not result.is_error
    assert result.structured_content is not None
    for told in (result.content[0].text, result.structured_content["next_step"]):  # type: ignore[union-attr]
        assert says in told
        assert says or "note" not in told
    if not dry_run:
        assert place.sent()["aspect_ratio"] == sent


async def test_the_shape_of_a_turned_picture_counts_after_it_was_turned(place: Place) -> None:
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=place.put("t.jpg", p.turned(6, size=(180, 320))))
    assert place.sent()["aspect_ratio"] == "9:16"


KEYFRAMES: list[tuple[Any, Any, str | None, str]] = [
    ((320, 180), (320, 180), "16:9", ""),
    (
        (320, 180),
        (180, 320),
        "16:9",
        "start_image (320x180) and end_image (180x320) differ in shape; two pictures of 16:9",
    ),
    ((180, 320), (190, 320), "9:16", "differ in shape; two pictures of 9:16"),
    ((180, 320), None, "9:16", ""),
    (None, (180, 320), "9:16", ""),
    (None, None, None, ""),
]


@pytest.mark.parametrize(("first", "last", "ratio", "says"), KEYFRAMES)
async def test_keyframes_of_unequal_shape_are_told_and_links_say_nothing_of_theirs(
    place: Place, first: Any, last: Any, ratio: str | None, says: str
) -> None:
    pictures = [
        place.put(f"{n}.png", p.file(p.scene(size))) if size else "https://example.com/a.png"
        for n, size in enumerate((first, last))
    ]
    async with place.world.client() as agent:
        told = await agent.order(task_type="img2video-14b-keyframe", start_image=pictures[0], end_image=pictures[1])
    assert place.sent().get("aspect_ratio") == ratio
    assert says in told["next_step"]
    assert ("differ in shape" in told["next_step"]) == bool(says)


async def test_two_wrong_keyframes_are_told_at_once(place: Place) -> None:
    async with place.world.client() as agent:
        error = await agent.error(
            "create_wanx_task", task_type="img2video-14b-keyframe", prompt="x", start_image="a.png", end_image="/b.png"
        )
    assert "start_image names no file" in error
    assert "; end_image lies outside" in error
    assert "set start_image to an https URL" in error
    assert "; set end_image to an https URL" in error


async def test_the_simulator_takes_no_path_and_no_upload_that_it_does_not_have(place: Place) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(place.world.simulator.app())) as client:
        for picture in ("/etc/passwd", "http://127.0.0.1/uploads/none.png", "http://127.0.0.1/x.png", 7):
            order = {"model": "Qubico/wanx", "task_type": "img2video-14b", "input": {"prompt": "x", "image": picture}}
            answer = await client.post(f"http://127.0.0.1{ORDERS}", json=order, headers={"x-api-key": "k"})
            assert answer.status_code == 400


UPLOADED: list[tuple[dict[str, Any], int]] = [
    ({"file_name": "a.png", "file_data": p.in_base64(SMALL)}, 200),
    ({"file_name": "a.png", "file_data": p.data_uri(SMALL)}, 200),
    ({"file_name": "a.jpg", "file_data": p.data_uri(SMALL)}, 400),
    ({"file_name": "a.gif", "file_data": p.in_base64(SMALL)}, 400),
    ({"file_name": f"{'a' * 130}.png", "file_data": p.in_base64(SMALL)}, 400),
    ({"file_name": "a.png", "file_data": "!"}, 400),
    ({"file_name": "a.png"}, 400),
    ({"file_name": "a.png", "file_data": p.in_base64(b"x" * (10 * 1024 * 1024 + 1))}, 413),
]


@pytest.mark.parametrize(("body", "status"), UPLOADED)
async def test_the_simulated_upload_keeps_to_the_contract(place: Place, body: dict[str, Any], status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(place.world.simulator.app())) as client:
        answer = await client.post(f"http://127.0.0.1{UPLOADS}", json=body, headers={"x-api-key": "k"})
        assert answer.status_code == status
        if status == 200:
            url = answer.json()["data"]["url"]
            assert (await client.get(url)).content == SMALL
            place.world.clock.advance(25 * HOUR)
            assert (await client.get(url)).status_code == 404
