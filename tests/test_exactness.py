"""Values at the front door: which spellings count as a number, a switch or a text, and the words for all others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.world import World
from wanx_mcp.strict import Problem, unknown

pytestmark = pytest.mark.anyio
LORA: dict[str, Any] = {"task_type": "txt2video-14b-lora", "prompt": "a boat", "lora_type": "ghibli"}


async def strength_sent(world: World, given: object) -> object:
    """The LoRA strength on the wire for an order with this one."""
    async with world.client() as agent:
        await agent.ok("create_wanx_task", **LORA, lora_strength=given)
    (request,) = world.line.sent("POST")
    return json.loads(request.content)["input"]["lora_settings"][0]["lora_strength"]


# Switches


@pytest.mark.parametrize("spelling", [True, "true"])
async def test_a_dry_run_in_either_spelling_sends_no_order(world: World, spelling: object) -> None:
    async with world.client() as agent:
        answer = await agent.order(dry_run=spelling)
        assert answer["dry_run"] is True
        assert "task_id" not in answer
        assert not (await agent.ok("list_wanx_tasks"))["tasks"]
    assert not world.line.sent("POST")


@pytest.mark.parametrize("spelling", [False, "false"])
async def test_an_order_that_is_no_dry_run_in_either_spelling_is_placed(world: World, spelling: object) -> None:
    async with world.client() as agent:
        answer = await agent.order(dry_run=spelling)
    assert answer["dry_run"] is False
    assert answer["task_id"]
    assert len(world.line.sent("POST")) == 1


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("True", "this text"),
        ("FALSE", "this text"),
        ("yes", "this text"),
        ("1", "this text"),
        (" true", "this text"),
        (1, "a number"),
        (0, "a number"),
        (1.0, "a number"),
        ([True], "a list"),
        ({"dry_run": True}, "an object"),
    ],
)
async def test_no_other_spelling_is_a_switch_and_nothing_is_sent(world: World, spelling: object, kind: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="x", dry_run=spelling)
    assert error.startswith(f"invalid_order: dry_run must be true or false, not {kind}. ")
    assert "Next: set dry_run to true or false; then order again." in error
    assert not world.line.requests


# Numbers


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (0, 0),
        (1, 1),
        (0.25, 0.25),
        ("0", 0),
        ("1", 1),
        ("0.25", 0.25),
        ("1.0", 1),
        ("0.0", 0),
        ("-0", 0),
    ],
)
async def test_an_exact_number_arrives_whether_it_comes_as_a_number_or_as_text(
    world: World, given: object, sent: float
) -> None:
    assert await strength_sent(world, given) == sent


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("01", "this text"),
        ("1.", "this text"),
        (".5", "this text"),
        ("+1", "this text"),
        ("1,0", "this text"),
        ("0.5 ", "this text"),
        ("0.5\n", "this text"),
        ("--1", "this text"),
        ("Infinity", "this text"),
        (False, "a boolean"),
        ([0.5], "a list"),
        ({"value": 0.5}, "an object"),
    ],
)
async def test_what_is_no_exact_number_is_refused_by_its_kind(world: World, given: object, kind: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **LORA, lora_strength=given)
    assert error.startswith(f"invalid_order: lora_strength must be a number from 0 to 1, not {kind}. ")
    assert not world.line.requests


@pytest.mark.parametrize("given", [-0.01, 1.01, 2, "-0.01", "1.01", 10**400])
async def test_a_number_beyond_its_range_is_refused_with_the_range(world: World, given: object) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **LORA, lora_strength=given)
    assert error.startswith("invalid_order: lora_strength must be a number from 0 to 1")
    assert not world.line.requests


@pytest.mark.parametrize("given", [1, "1", 1.0, "1.0", "1.000"])
async def test_a_whole_number_may_come_as_text_or_with_zeros_behind_the_point(world: World, given: object) -> None:
    async with world.client() as agent:
        await agent.order(prompt="one")
        await agent.order(prompt="two")
        assert len((await agent.ok("list_wanx_tasks", limit=given))["tasks"]) == 1


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (1.5, ", not a number"),
        ("1.5", ", not this text"),
        ("1e1", ", not this text"),
        ("one", ", not this text"),
        (True, ", not a boolean"),
        ([1], ", not a list"),
        (0, ""),
        (51, ""),
        ("51", ""),
        (-1, ""),
    ],
)
async def test_what_is_no_whole_number_in_range_is_refused(world: World, given: object, kind: str) -> None:
    async with world.client() as agent:
        error = await agent.error("list_wanx_tasks", limit=given)
    assert error.startswith(f"invalid_arguments: limit must be a whole number from 1 to 50{kind}. ")
    assert "Next: set limit to a whole number from 1 to 50; then call again." in error


@pytest.mark.parametrize("given", [1, 50, "50"])
async def test_the_ends_of_a_range_belong_to_it(world: World, given: object) -> None:
    async with world.client() as agent:
        await agent.ok("list_wanx_tasks", limit=given)


# Texts


@pytest.mark.parametrize(
    ("given", "kind"), [(7, "a number"), (0.5, "a number"), (True, "a boolean"), (["a"], "a list"), ({}, "an object")]
)
async def test_a_text_is_never_made_of_something_else(world: World, given: object, kind: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt=given)
    assert error.startswith(f"invalid_order: prompt must be text of 1 to 10000 characters, not {kind}. ")
    assert 'set prompt to text of 1 to 10000 characters, for example "a paper boat' in error


@pytest.mark.parametrize("half", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
async def test_half_a_character_is_refused_and_its_neighbours_are_sent(world: World, half: int) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", task_type="txt2video-14b", prompt=f"a {chr(half)} boat")
        assert error.startswith("invalid_order: prompt contains a lone surrogate")
        assert not world.line.requests
        await agent.order(prompt="\ud7ff \ue000 a boat")
    (request,) = world.line.sent("POST")
    assert json.loads(request.content)["input"]["prompt"] == "\ud7ff \ue000 a boat"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"aspect_ratio": "4:3"}, 'aspect_ratio must be "16:9" or "9:16"'),
        ({"negative_prompt": "x" * 10_001}, "negative_prompt must be text of 0 to 10000 characters"),
        ({"prompt": "x" * 10_001}, "prompt must be text of 1 to 10000 characters"),
        ({"prompt": " \t "}, "prompt is blank"),
        ({"prompt": None}, "prompt is missing"),
        ({"prompt": ""}, "prompt is missing"),
    ],
)
async def test_each_limit_of_a_text_is_named(world: World, given: dict[str, Any], words: str) -> None:
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **{"task_type": "txt2video-14b", "prompt": "a boat"} | given)
    assert error.startswith(f"invalid_order: {words}. ")


async def test_the_longest_texts_are_sent(world: World) -> None:
    async with world.client() as agent:
        await agent.order(prompt="x" * 10_000, negative_prompt="y" * 10_000)
    assert len(world.line.sent("POST")) == 1


async def test_more_than_two_choices_are_listed_with_commas(world: World) -> None:
    order = {"task_type": "img2video-14b-control-camera", "prompt": "x", "image": "https://example.com/a.png"}
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **order, motion_type="fly")
    assert 'motion_type must be one of "static", "zoom_in", ' in error


# Several problems, and names


async def test_every_problem_of_a_call_is_named_at_once_and_each_step_once(world: World) -> None:
    async with world.client() as agent:
        error = await agent.error(
            "create_wanx_task", task_type="txt2video-14b", prompt=" ", aspect_ratio="4:3", steps=50
        )
    what, _, steps = error.partition(" Next: ")
    for words in ("steps is not an argument of this call", "prompt is blank", "aspect_ratio must be"):
        assert words in what
    assert steps.startswith("ask the user, and go on only if they agree; remove steps; set prompt to ")
    assert steps.count("set aspect_ratio to") == 1


@pytest.mark.parametrize(
    ("name", "label", "hint"),
    [
        ("promt", "promt", " or write it as prompt"),
        ("colour", "colour", ""),
        ("x" * 40, "x" * 40, ""),
        ("x" * 41, "an argument", ""),
        ("pr\u00f6mpt", "an argument", " or write it as prompt"),
        ("a\tb", "an argument", ""),
    ],
)
def test_an_unknown_name_is_quoted_only_if_it_is_short_and_plain(name: str, label: str, hint: str) -> None:
    assert unknown(name, ["prompt", "image"]) == Problem(
        f"{label} is not an argument of this call", f"remove {label}{hint}"
    )
