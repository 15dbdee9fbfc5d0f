"""Arguments that the task type does not take, and task types that do not exist: what is said, and what it leads to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.world import World
from wanx_mcp.catalog import CATALOG, Catalog

pytestmark = pytest.mark.anyio
URL, URL2 = "https://example.com/a.png", "https://example.com/b.png"
TEXT = {"task_type": "txt2video-14b", "prompt": "a boat"}


async def refused(given: dict[str, Any], catalog: Catalog = CATALOG) -> tuple[str, list[str]]:
    """What is wrong with an order, and the steps that mend it. Nothing may be sent."""
    world = World(catalog=catalog)
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **given)
    assert not world.line.requests
    found = re.fullmatch(
        r"invalid_order: (.+)\. Charged(?: by this call)?: no\.(?: .+?)? Next: (.+); then order again\.", error
    )
    assert found, error
    return found[1], found[2].split("; ")


# Arguments


@pytest.mark.parametrize(
    ("extra", "what", "step"),
    [
        (
            {"image": URL},
            "txt2video-14b does not take image; it takes prompt, negative_prompt, aspect_ratio",
            'remove image or set task_type to "img2video-14b"',
        ),
        (
            {"lora_type": "ghibli"},
            "txt2video-14b does not take lora_type; it takes prompt, negative_prompt, aspect_ratio",
            'remove lora_type or set task_type to "txt2video-14b-lora"',
        ),
        (
            {"start_image": URL},
            "txt2video-14b does not take start_image; it takes prompt, negative_prompt, aspect_ratio",
            'remove start_image or set task_type to "img2video-14b-keyframe" and add end_image',
        ),
        (
            {"motion_speed": 1},
            "txt2video-14b does not take motion_speed; it takes prompt, negative_prompt, aspect_ratio",
            'remove motion_speed or set task_type to "img2video-14b-control-camera" and add image, motion_type',
        ),
    ],
)
async def test_an_argument_of_another_task_type_is_named_with_what_this_one_takes_and_the_type_that_fits(
    extra: dict[str, Any], what: str, step: str
) -> None:
    assert await refused(TEXT | extra) == (what, [step])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("seed", "seed is not an argument of this call: no task type takes a seed"),
        ("steps", "steps is not an argument of this call: the provider chooses the sampling"),
        ("n", "n is not an argument of this call: one order makes one video"),
        (
            "duration",
            "txt2video-14b does not take duration: the length cannot be chosen, it makes 480p (832x480), 5.3 s",
        ),
        ("seconds", "txt2video-14b does not take seconds: the length cannot be chosen"),
        ("resolution", "txt2video-14b does not take resolution: the size cannot be chosen"),
        ("width", "txt2video-14b does not take width: the size cannot be chosen"),
        ("audio", "txt2video-14b does not take audio: the sound cannot be chosen"),
    ],
)
async def test_a_setting_that_is_not_offered_names_the_limit_and_is_not_left_out_without_the_user(
    name: str, what: str
) -> None:
    world = World()
    async with world.client() as agent:
        error = await agent.error("create_wanx_task", **TEXT, **{name: 10})
    assert not world.line.requests
    assert error.startswith(f"invalid_order: {what}")
    assert f"Next: ask the user, and go on only if they agree; remove {name}" in error
    assert ("wan26-txt2video" in error) == error.startswith("invalid_order: txt2video-14b")


async def test_an_argument_that_no_task_type_takes_is_unknown_and_leads_to_no_other_type() -> None:
    what, steps = await refused(TEXT | {"mood": 3})
    assert what == "mood is not an argument of this call"
    assert steps == ["remove mood"]


async def test_a_slip_in_the_name_of_an_argument_leads_to_the_name() -> None:
    _, steps = await refused({"task_type": "img2video-14b", "prompt": "x", "image": URL, "negativ_prompt": "fog"})
    assert steps == ["remove negativ_prompt or write it as negative_prompt"]


@pytest.mark.parametrize(
    ("container", "parts"),
    [("lora_settings", "lora_type, lora_strength"), ("control_camera_settings", "motion_type, motion_speed")],
)
async def test_an_array_of_the_provider_is_answered_with_its_parts(container: str, parts: str) -> None:
    what, steps = await refused(TEXT | {container: [{}]})
    assert what == f"{container} is not an argument here; use {parts} instead"
    assert steps == [f"remove {container}"]


async def test_where_no_task_type_takes_all_the_arguments_none_is_offered() -> None:
    what, steps = await refused(TEXT | {"image": URL, "start_image": URL2})
    assert "txt2video-14b does not take image" in what
    assert "txt2video-14b does not take start_image" in what
    assert steps == ["remove image", "remove start_image"]


async def test_an_unknown_argument_does_not_hide_the_task_type_that_fits() -> None:
    _, steps = await refused(TEXT | {"image": URL, "mood": 3})
    assert steps == ['remove image or set task_type to "img2video-14b"', "remove mood"]


async def test_a_misfit_is_told_beside_what_is_missing() -> None:
    order = {"task_type": "img2video-14b-keyframe", "prompt": "x", "start_image": URL, "image": URL}
    what, steps = await refused(order)
    assert "img2video-14b-keyframe does not take image" in what
    assert "end_image is missing" in what
    assert steps[0] == "remove image"
    assert steps[1].startswith("set end_image to ")


# Task types


ALL = f"(all: {', '.join(row.name for row in CATALOG.rows)})"


@pytest.mark.parametrize(
    ("given", "what", "best"),
    [
        ({"prompt": "x"}, "task_type is missing", "txt2video-1.3b"),
        ({"prompt": "x", "task_type": ""}, "task_type is missing", "txt2video-1.3b"),
        ({"prompt": "x", "image": URL, "end_image": URL}, "task_type is missing", None),
        ({"prompt": "x", "task_type": "txt2video"}, 'task_type "txt2video" does not exist', "txt2video-14b"),
        (
            {"prompt": "x", "task_type": "wan22-txt2video"},
            'task_type "wan22-txt2video" does not',
            "wan22-txt2video-14b",
        ),
        ({"prompt": "x", "task_type": "img2video", "image": URL}, 'task_type "img2video" does', "img2video-14b"),
        ({"prompt": "x", "task_type": 14}, 'task_type "14" does not exist', "txt2video-1.3b"),
    ],
)
async def test_a_task_type_that_does_not_exist_is_quoted_and_the_nearest_that_fits_is_offered(
    given: dict[str, Any], what: str, best: str | None
) -> None:
    said, steps = await refused(given)
    assert said.startswith(what)
    (first,) = steps
    words = f'"{best}"' if best else "one that takes these arguments"
    assert first == f"set task_type to {words} {ALL}"


@pytest.mark.parametrize(("given", "quoted"), [("x" * 40, "x" * 40), ("x" * 41, "x" * 39 + "…"), ("a\u202eb", "ab")])
async def test_a_task_type_is_quoted_short_and_without_hidden_characters(given: str, quoted: str) -> None:
    said, _ = await refused({"prompt": "x", "task_type": given})
    assert said == f'task_type "{quoted}" does not exist'


async def test_without_a_task_type_unknown_arguments_are_named_too_and_known_ones_are_not() -> None:
    what, steps = await refused({"prompt": "x", "mood": 3, "aspect_ratio": "16:9"})
    assert what == "task_type is missing; mood is not an argument of this call"
    assert steps[1:] == ["remove mood"]


async def test_where_a_single_task_type_is_left_that_one_is_not_offered_instead_of_itself() -> None:
    row = CATALOG.find("txt2video-14b")
    assert row is not None
    _, steps = await refused(TEXT | {"image": URL}, Catalog((replace(row, choose="the only one"),)))
    assert steps == ["remove image"]
