"""Orders at the front door: what is sent, what is refused, and where the advice leads."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.orders import BAD, URL, URL2, VALID, WIRE
from tests.world import KEY, World
from wanx_mcp.catalog import CATALOG

pytestmark = pytest.mark.anyio
ANSWERS = {"prompt": "a paper boat", "image": URL, "start_image": URL, "end_image": URL2}


def test_the_examples_cover_every_task_type() -> None:
    assert set(VALID) == {row.name for row in CATALOG.rows}


@pytest.mark.parametrize("task_type", VALID)
async def test_an_order_reaches_the_wire_as_the_contract_shows_it_and_its_video_can_be_fetched(
    world: World, task_type: str
) -> None:
    async with world.client() as agent:
        created = await agent.ok("create_wanx_task", task_type=task_type, **VALID[task_type])
        (request,) = world.line.sent("POST")
        assert json.loads(request.content) == {
            "model": "Wan" if task_type.startswith("wan26") else "Qubico/wanx",
            "task_type": task_type,
            "input": WIRE[task_type],
        }
        assert request.headers["x-api-key"] == KEY
        assert request.headers["content-type"] == "application/json"
        world.clock.advance(3600)
        seen = await agent.ok("get_wanx_task", task_id=created["task_id"])
        assert seen["status"] == "completed"
        assert seen["video_url"].endswith(".mp4")
        assert seen["task_type"] == task_type


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_order_is_refused_without_any_request(world: World, name: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **BAD[name])
        assert re.fullmatch(
            r"(invalid_order|adult_content_off|image_rejected): .+\. Charged by this call: no\. Next: .+\.",
            error,
            re.DOTALL,
        )
        assert not world.line.requests


@pytest.mark.parametrize("name", BAD)
async def test_following_the_advice_reaches_a_valid_order_within_two_corrections(world: World, name: str) -> None:
    order = dict(BAD[name])
    async with world.client() as agent:
        for _ in range(3):
            result = await agent.call("create_wanx_task", **order)
            if not result.is_error:
                return
            order = corrected(order, result.content[0].text)  # type: ignore[union-attr]
    pytest.fail(f"still refused: {order}")


def corrected(order: dict[str, Any], error: str) -> dict[str, Any]:
    """What a caller does who understands nothing but `Next:`: takes each step, and the first of two ways."""
    order = dict(order)
    for step in error.partition(" Next: ")[2].split("; "):
        if removed := re.match(r"remove (\w+)", step):
            order.pop(removed[1], None)
        elif set_to := re.match(r"set (\w+) to (.*)", step, re.DOTALL):
            name, words = set_to[1], set_to[2]
            literal = re.search(r"\"([^\"]*)\"", words.partition("for example ")[2] or words)
            number = re.search(r"number from ([\d.]+)", words)
            if name in ANSWERS:
                order[name] = ANSWERS[name]
            elif literal:
                order[name] = literal[1]
            elif number:
                order[name] = float(number[1])
            elif "true or false" in words:
                order[name] = False
            elif "another name" in words:
                order[name] = "ghibli"
    return order


@pytest.mark.parametrize(
    "spelling",
    [
        {"negative_prompt": None, "aspect_ratio": "", "image": None},
        {"lora_strength": None, "dry_run": ""},
        {"dry_run": "false"},
    ],
)
async def test_null_and_the_empty_text_mean_absent(world: World, spelling: dict[str, Any]) -> None:
    async with world.client() as agent:
        await agent.order(**spelling)
    (request,) = world.line.sent("POST")
    assert json.loads(request.content)["input"] == {"prompt": "a boat"}


async def test_exact_numbers_may_come_as_text(world: World) -> None:
    async with world.client() as agent:
        await agent.order(task_type="txt2video-14b-lora", lora_type="ghibli", lora_strength="0.5")
    (request,) = world.line.sent("POST")
    assert json.loads(request.content)["input"]["lora_settings"] == [{"lora_type": "ghibli", "lora_strength": 0.5}]


@pytest.mark.parametrize(
    ("name", "meant"), [("gibli", "ghibli"), ("rotation-efect", "rotation-effect"), ("ghibli", ""), ("my-own", "")]
)
async def test_a_lora_name_that_looks_like_a_slip_is_doubted_and_not_refused(
    world: World, name: str, meant: str
) -> None:
    order = {"task_type": "txt2video-14b-lora", "lora_type": name}
    async with world.client() as agent:
        quoted = await agent.ok("create_wanx_task", prompt="x", **order, dry_run=True)
        placed = await agent.order(**order)
    for answer in (quoted, placed):
        assert (f'did you mean "{meant}"?' in answer["next_step"]) == bool(meant)
    (request,) = world.line.sent("POST")
    assert json.loads(request.content)["input"]["lora_settings"] == [{"lora_type": name}]


@pytest.mark.parametrize("prompt", ["null", "true", "42", '["a"]', '{"a": 1}', "[simulated]", "ünï¢ødé 🎬 \u202e"])
async def test_a_prompt_arrives_as_it_was_written(world: World, prompt: str) -> None:
    async with world.client() as agent:
        await agent.order(prompt=prompt)
    (request,) = world.line.sent("POST")
    assert json.loads(request.content)["input"]["prompt"] == prompt


@pytest.mark.parametrize("strength", ["nan", "1e0", "0x1", " 1", True, "yes"])
async def test_inexact_numbers_are_refused(world: World, strength: object) -> None:
    async with world.client() as agent:
        error = await agent.error(
            "create_wanx_task", task_type="txt2video-14b-lora", prompt="x", lora_type="ghibli", lora_strength=strength
        )
    assert error.startswith("invalid_order: lora_strength must be a number from 0 to 1")


async def test_a_dry_run_prices_and_sends_nothing(world: World) -> None:
    async with world.client() as agent:
        result = await agent.order(dry_run=True)
    assert result["dry_run"] is True
    assert result["price_usd"] == 0.28
    assert "task_id" not in result
    assert "status" not in result
    assert not world.line.requests


async def test_a_dry_run_needs_no_key() -> None:
    async with World({"PIAPI_API_KEY": ""}).client() as agent:
        assert (await agent.order(dry_run=True))["dry_run"] is True


async def test_an_unpublished_price_is_absent_and_never_zero(world: World) -> None:
    async with world.client() as agent:
        result = await agent.order(task_type="wan22-txt2video-14b", dry_run=True)
    assert "price_usd" not in result


async def test_adult_loras_pass_only_when_the_operator_allows_them() -> None:
    order = {"task_type": "txt2video-14b-lora", "prompt": "x", "lora_type": "nsfw-anything"}
    async with World().client() as agent:
        assert (await agent.error("create_wanx_task", **order)).startswith("adult_content_off: ")
    world = World({"WANX_ALLOW_ADULT": "true"})
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **order)


@pytest.mark.parametrize(
    "name", ["passionate-kissing", "Passionate_Kissing", " nsfw-x", "nsfw x", "\uff2e\uff33\uff26\uff37-x"]
)
async def test_adult_loras_are_known_however_they_are_spelt(world: World, name: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b-lora", prompt="x", lora_type=name)
    assert error.startswith("adult_content_off: ")
