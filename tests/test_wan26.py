"""Wan 2.6: what is sent, what it costs, what is refused, and the clips with sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.lost import lose
from tests.pictures import file, scene
from tests.world import PICTURE, Agent, World, text
from wanx_mcp.catalog import CATALOG
from wanx_mcp.media.movie import read_movie
from wanx_mcp.simulator.quirks.prices import price_factor
from wanx_mcp.simulator.quirks.table import QUIRKS
from wanx_mcp.simulator.render import Scene, render_clip
from wanx_mcp.simulator.render.tone import pitch
from wanx_mcp.simulator.weather import Fault

pytestmark = pytest.mark.anyio

TEXT: dict[str, Any] = {"task_type": "wan26-txt2video", "prompt": "a paper boat"}
PICTURED: dict[str, Any] = {"task_type": "wan26-img2video", "prompt": "it sails away", "image": PICTURE}
PRICES = {
    (5, "720P"): 0.40,
    (10, "720P"): 0.80,
    (15, "720P"): 1.20,
    (5, "1080P"): 0.60,
    (10, "1080P"): 1.20,
    (15, "1080P"): 1.80,
}


async def sent(given: dict[str, Any]) -> dict[str, Any]:
    world = World()
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **given)
    (request,) = world.line.sent("POST")
    return dict(json.loads(request.content))


# The wire


@pytest.mark.parametrize("order", [TEXT, PICTURED], ids=["text", "picture"])
async def test_length_resolution_and_sound_are_always_sent_and_nothing_else_is_added(order: dict[str, Any]) -> None:
    given = {name: value for name, value in order.items() if name != "task_type"}
    assert await sent(order) == {
        "model": "Wan",
        "task_type": order["task_type"],
        "input": {**given, "duration": 5, "resolution": "720P", "audio": True},
    }


@pytest.mark.parametrize("off", [{}, {"multi_shot": False}, {"multi_shot": "false"}, {"multi_shot": None}])
async def test_without_several_cuts_neither_field_of_them_is_sent(off: dict[str, Any]) -> None:
    assert not {"shot_type", "prompt_extend", "multi_shot"} & set((await sent(TEXT | off))["input"])


async def test_several_cuts_are_two_fields_on_the_wire() -> None:
    body = (await sent(TEXT | {"multi_shot": True, "duration": "15", "audio": "false", "aspect_ratio": "3:4"}))["input"]
    assert body == {
        "prompt": "a paper boat",
        "aspect_ratio": "3:4",
        "duration": 15,
        "resolution": "720P",
        "audio": False,
        "shot_type": "multi",
        "prompt_extend": True,
    }


# Refusals


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"duration": 7}, 'duration must be one of "5", "10", "15"'),
        ({"duration": 20}, "duration must be"),
        ({"duration": 5.5}, "duration must be"),
        ({"duration": True}, "duration must be"),
        ({"resolution": "720p"}, 'resolution must be "720P" or "1080P"'),
        ({"resolution": "4K"}, "resolution must be"),
        ({"audio": "loud"}, "audio must be true or false"),
        ({"aspect_ratio": "21:9"}, "aspect_ratio must be"),
        ({"prompt": "x" * 1501}, "prompt must be text of 1 to 1500 characters"),
        ({"prompt": "   "}, "prompt is blank"),
        ({"negative_prompt": "x" * 501}, "negative_prompt must be text of 0 to 500 characters"),
        ({"motion_type": "pan_left"}, 'set task_type to "img2video-14b-control-camera" and add image'),
        ({"lora_type": "ghibli"}, 'set task_type to "txt2video-14b-lora"'),
        ({"end_image": PICTURE}, 'set task_type to "img2video-14b-keyframe" and add start_image'),
        ({"image": PICTURE}, 'set task_type to "wan26-img2video"'),
        ({"shot_type": "multi"}, "shot_type is not an argument"),
        ({"prompt_extend": True}, "prompt_extend is not an argument"),
        ({"seconds": 10}, "seconds is not an argument of this call; duration is"),
        ({"seed": 1}, "no task type takes a seed"),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
async def test_what_it_does_not_take_is_refused_without_a_request(
    world: World, extra: dict[str, Any], words: str, dry: bool
) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **TEXT | extra, dry_run=dry)
    assert error.startswith("invalid_order: ")
    assert words in error
    assert not world.line.requests


async def test_a_picture_decides_the_shape_itself(world: World) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **PICTURED, aspect_ratio="16:9")
        path = world.videos / "tall.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file(scene((400, 900))))
        await agent.ok("create_wanx_task", **PICTURED | {"image": "tall.png"})
    assert "wan26-img2video does not take aspect_ratio" in error
    assert "aspect_ratio" not in json.loads(world.line.sent("POST")[-1].content)["input"]


# Money


@pytest.mark.parametrize(("duration", "resolution"), PRICES)
@pytest.mark.parametrize("order", [TEXT, PICTURED], ids=["text", "picture"])
async def test_the_price_of_an_order_is_told_reserved_and_charged_everywhere(
    order: dict[str, Any], duration: int, resolution: str
) -> None:
    world, price = World({"WANX_DAILY_BUDGET_USD": "5"}), PRICES[duration, resolution]
    asked = {**order, "duration": duration, "resolution": resolution}
    async with world.client() as agent:
        priced = await agent.call("create_wanx_task", **asked, dry_run=True)
        created = await agent.ok("create_wanx_task", **asked)
        pending = await agent.ok("get_wanx_task", task_id=created["task_id"])
        world.clock.advance(3600 * 3)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
        (row,) = (await agent.ok("list_wanx_tasks"))["tasks"]
    dry = dict(priced.structured_content or {})
    assert f"${price:.2f}" in text(priced)
    assert (dry["price_usd"], dry["booked_usd"]) == (price, price)
    assert (created["price_usd"], created["booked_usd"]) == (price, price)
    assert created["budget"]["remaining_usd"] == round(5 - price, 2)
    assert pending["price_usd"] == price
    assert (seen["price_usd"], seen["charged_usd"]) == (price, price)
    assert (row["price_usd"], row["booked_usd"], row["charged_usd"]) == (price, price, price)
    assert world.simulator.consumed() == round(price * 10_000_000)


async def test_a_default_and_the_same_said_are_one_order(world: World) -> None:
    async with world.client() as agent:
        first = await agent.order(**TEXT)
        again = await agent.order(**TEXT, duration=5, resolution="720P", audio=True, multi_shot=False)
        longer = await agent.order(**TEXT, duration=10)
        silent = await agent.order(**TEXT, audio=False)
    assert (again["task_id"], again["reused"]) == (first["task_id"], True)
    assert len({first["task_id"], longer["task_id"], silent["task_id"]}) == 3


async def test_the_last_charge_counts_for_the_same_seconds_and_resolution_only(world: World) -> None:
    dearer = price_factor(2)
    async with world.client() as agent:
        world.simulator.weather.coming_quirks("POST", (dearer,))
        await agent.order(**TEXT, duration=5, resolution="720P")
        same = await agent.ok("create_wanx_task", **TEXT | {"prompt": "two"}, dry_run=True)
        longer = await agent.ok("create_wanx_task", **TEXT, duration=10, dry_run=True)
        sharper = await agent.ok("create_wanx_task", **TEXT, resolution="1080P", dry_run=True)
        other = await agent.ok("create_wanx_task", **PICTURED, dry_run=True)
    booked = [one["booked_usd"] for one in (same, longer, sharper, other)]
    assert booked == [0.80, 0.80, 0.60, 0.40]


async def test_a_budget_for_the_short_clip_refuses_the_long_one() -> None:
    world = World({"WANX_DAILY_BUDGET_USD": "1.79"})
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **TEXT, duration=15, resolution="1080P")
        await agent.order(**TEXT, duration=10, resolution="1080P")
    assert error.startswith("budget_exceeded: this order needs $1.80")
    assert len(world.line.sent("POST")) == 1


async def test_a_failed_task_costs_nothing(world: World) -> None:
    world.simulator.weather.failing = 1
    async with world.client() as agent:
        order = await agent.order(**TEXT)
        world.clock.advance(3600)
        await agent.ok("get_wanx_task", task_id=order["task_id"])
        listed = await agent.ok("list_wanx_tasks")
    assert listed["budget"]["spent_usd"] == 0


# Orders whose answer was lost


async def status_of(agent: Agent, request_id: str) -> dict[str, Any]:
    tasks = (await agent.ok("list_wanx_tasks", limit=50))["tasks"]
    return dict(next(task for task in tasks if task.get("request_id") == request_id))


@pytest.mark.parametrize("order", [TEXT, TEXT | {"duration": 10, "multi_shot": True}], ids=["plain", "several cuts"])
async def test_an_order_whose_answer_was_lost_is_found_again(world: World, order: dict[str, Any]) -> None:
    async with world.client() as agent:
        task = await lose(world, agent, Fault.LOSE_ANSWER, **order, request_id="lost")
        assert task
        world.clock.advance(60)
        row = await status_of(agent, "lost")
    assert row["task_id"] == task.task_id


async def test_a_rewritten_prompt_is_never_taken_for_the_order_nor_for_its_absence(world: World) -> None:
    order = {**TEXT, "multi_shot": True, "request_id": "lost"}
    world.simulator.weather.quirks = (QUIRKS["echo_prompt_extend"],)
    async with world.client() as agent:
        task = await lose(world, agent, Fault.LOSE_ANSWER, **order)
        assert task
        for number in range(12):
            await agent.order(**TEXT | {"prompt": f"canary {number}"})
            world.clock.advance(300)
            row = await status_of(agent, "lost")
            assert row["status"] == "unknown"
            assert "task_id" not in row
        error = await agent.error("create_wanx_task", **order)
    assert task.task_id in error
    assert f"--settle 1 --task-id {task.task_id}" in error
    assert len([one for one in world.simulator.store.all() if one.input["prompt"] == "a paper boat"]) == 1


@pytest.mark.parametrize(("vouching", "freed"), [(TEXT, True), ({"task_type": "txt2video-14b"}, False)])
async def test_only_a_task_of_the_same_model_vouches_for_the_absence_of_an_order(
    world: World, vouching: dict[str, Any], freed: bool
) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST, **TEXT, request_id="lost")
        for number in range(9):
            await agent.order(**vouching | {"prompt": f"canary {number}"})
            world.clock.advance(300)
            listed = (await agent.ok("list_wanx_tasks", limit=50))["tasks"]
    unknown = [row for row in listed if row["status"] == "unknown"]
    assert bool(unknown) is not freed


async def test_a_task_of_another_model_is_not_adopted(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST, **TEXT, request_id="lost")
        given = {"prompt": "a paper boat", "duration": 5, "resolution": "720P", "audio": True}
        world.simulator.place("test-key-1234567890", "wan26-txt2video", given, model="Qubico/wanx")
        world.clock.advance(60)
        assert (await status_of(agent, "lost"))["status"] == "unknown"


async def test_a_task_of_another_length_is_not_adopted(world: World) -> None:
    async with world.client() as agent:
        await lose(world, agent, Fault.LOSE_REQUEST, **TEXT, duration=10, request_id="lost")
        given = {"prompt": "a paper boat", "duration": 5, "resolution": "720P", "audio": True}
        world.simulator.place("test-key-1234567890", "wan26-txt2video", given)
        world.clock.advance(60)
        assert (await status_of(agent, "lost"))["status"] == "unknown"


# Clips


@pytest.mark.parametrize(
    ("extra", "size", "seconds", "sound"),
    [
        ({}, (1280, 720), 5.0, True),
        ({"aspect_ratio": "9:16", "audio": False}, (720, 1280), 5.0, False),
        ({"aspect_ratio": "1:1"}, (960, 960), 5.0, True),
        ({"resolution": "1080P", "duration": 15}, (1920, 1080), 15.0, True),
    ],
)
async def test_a_clip_has_the_size_the_length_and_the_sound_that_were_ordered_and_says_so(
    world: World, extra: dict[str, Any], size: tuple[int, int], seconds: float, sound: bool
) -> None:
    async with world.client() as agent:
        order = await agent.order(**TEXT | extra)
        world.clock.advance(3600 * 3)
        seen = await agent.call("get_wanx_task", task_id=order["task_id"])
        saved = await agent.call("save_wanx_video", task_id=order["task_id"])
        preview = await agent.call("preview_wanx_video", task_id=order["task_id"], frames=3)
    facts = dict(saved.structured_content or {})
    movie = read_movie(Path(facts["path"]))
    assert ((movie.width, movie.height), movie.sound) == (size, sound)
    assert movie.seconds == pytest.approx(seconds, abs=0.05)
    assert (facts["width"], facts["height"], facts["has_sound"]) == (*size, sound)
    assert ("with sound" in text(saved), "silent" in text(saved)) == (sound, not sound)
    assert dict(seen.structured_content or {}).get("has_sound", False) is sound
    assert ("with sound" in text(seen)) is sound
    assert not preview.is_error, text(preview)
    assert f"{size[0]}x{size[1]}, {'with sound' if sound else 'silent'}" in text(preview)


async def test_a_clip_from_a_picture_has_the_shape_of_the_picture(world: World) -> None:
    path = world.videos / "tall.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file(scene((600, 800))))
    async with world.client() as agent:
        order = await agent.order(**PICTURED | {"image": "tall.png"})
        world.clock.advance(3600)
        saved = await agent.ok("save_wanx_video", task_id=order["task_id"])
    assert saved["width"] / saved["height"] == pytest.approx(3 / 4, abs=0.03)


def test_a_clip_with_sound_is_the_same_whenever_it_is_rendered() -> None:
    shown = Scene("wan26-txt2video", "a boat", portrait=False, full=(640, 640), frames=24, sound=True)
    assert render_clip(shown) == render_clip(shown)


def test_the_tone_follows_the_brightness_of_the_picture() -> None:
    black, grey, white = (pitch(Image.new("RGB", (64, 36), (level,) * 3)) for level in (0, 128, 255))
    assert black < grey < white


# What is known, and what is not


async def test_the_catalogue_marks_what_is_not_confirmed(world: World) -> None:
    async with world.client() as agent:
        contents = (await agent.client.read_resource("wanx://task-types/wan26-txt2video")).contents
    about = json.loads(contents[0].model_dump()["text"])
    assert about["output_confirmed"] is False
    assert any("720p" in fact for fact in about["unconfirmed"])
    assert (about["price_from_usd"], about["price_to_usd"]) == (0.4, 1.8)
    assert about["schema"]["properties"]["duration"]["enum"] == [5, 10, 15]


async def test_estimates_are_learned_per_length_and_resolution(world: World) -> None:
    row = CATALOG.find("wan26-txt2video")
    assert row
    assert row.terms({"duration": 15, "resolution": "720P"}).usual_seconds == 3 * row.usual_seconds
    world.simulator.speed = 1 / 3  # 5 s of video take three times as long as was guessed
    async with world.client() as agent:
        for number in range(6):
            order = await agent.order(**TEXT | {"prompt": f"boat {number}"})
            world.clock.advance(9000)
            await agent.ok("get_wanx_task", task_id=order["task_id"])
        left = []
        for extra in ({}, {"duration": 10}, {"resolution": "1080P"}):
            order = await agent.order(**TEXT | {"prompt": "last"} | extra)
            left.append((await agent.ok("get_wanx_task", task_id=order["task_id"]))["eta_seconds"])
    same, longer, sharper = left
    assert same > 450  # learned
    assert 400 < longer < 600  # still the guess: twice 240 s
    assert sharper < 300


async def test_the_prompts_that_people_pick_offer_it(world: World) -> None:
    given = {"prompt": "a paper boat", "duration": "10", "audio": "false", "task_type": "wan26-txt2video"}
    async with world.client() as agent:
        rendered = await agent.client.get_prompt("text_to_video", given)
        pictured = await agent.client.get_prompt(
            "animate_picture", {"prompt": "it sails", "image": PICTURE, "duration": "5"}
        )
    said = rendered.messages[0].content.model_dump()["text"]
    order = json.loads(said.split("\n")[1])
    assert "$0.80" in said
    assert (order["task_type"], order["duration"], order["audio"]) == ("wan26-txt2video", 10, False)
    assert '"wan26-img2video"' in pictured.messages[0].content.model_dump()["text"]
