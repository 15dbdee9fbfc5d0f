"""Resources, prompts and completions: the catalog for people and programs, and what a client may keep of it."""

from __future__ import annotations

import json
import sys
from typing import Any

import jsonschema
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, PromptReference, ResourceTemplateReference

from tests.world import KEY, PICTURE, Agent, World, text
from wanx_mcp.catalog import CATALOG, Catalog, TaskType
from wanx_mcp.catalog.loras import LORAS
from wanx_mcp.server.prompts import PROMPTS

pytestmark = pytest.mark.anyio

ADULT = [lora.name for lora in LORAS if lora.adult]


async def read(agent: Agent, uri: str) -> Any:
    (contents,) = (await agent.client.read_resource(uri)).contents
    assert contents.mime_type == "application/json"
    return json.loads(contents.model_dump()["text"])


async def complete(agent: Agent, argument: str, typed: str = "", prompt: str | None = None) -> list[str]:
    template = ResourceTemplateReference(type="ref/resource", uri="wanx://tasks/{task_id}")
    ref = PromptReference(type="ref/prompt", name=prompt) if prompt else template
    found = await agent.client.complete(ref, {"name": argument, "value": typed})
    return list(found.completion.values)


async def test_the_lists_name_every_catalogue_and_no_task(world: World) -> None:
    async with world.client() as agent:
        await agent.order()
        listed = {str(resource.uri) for resource in (await agent.client.list_resources()).resources}
        templates = {one.uri_template for one in (await agent.client.list_resource_templates()).resource_templates}
    assert {"wanx://task-types", "wanx://loras", "wanx://camera-motions", "wanx://budget"} <= listed
    assert templates == {"wanx://task-types/{task_type}", "wanx://tasks/{task_id}"}
    assert not any("wanx://tasks" in uri for uri in listed)


@pytest.mark.parametrize("row", CATALOG.rows, ids=lambda row: row.name)
async def test_the_schema_of_a_task_type_is_exact_and_its_example_is_a_valid_order(world: World, row: TaskType) -> None:
    async with world.client() as agent:
        about = await read(agent, f"wanx://task-types/{row.name}")
        jsonschema.validate(about["example"], about["schema"])
        priced = await agent.ok("create_wanx_task", **about["example"], dry_run=True)
        for name in row.needed:
            less = {key: value for key, value in about["example"].items() if key != name}
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(less, about["schema"])
    assert set(about["schema"]["required"]) == {"task_type", *row.needed}
    assert set(about["schema"]["properties"]) == {"task_type", *row.allowed, "request_id", "file_name", "dry_run"}
    cheapest = about["price_usd"] if "price_usd" in about else about["price_from_usd"]
    assert cheapest == priced.get("price_usd")


async def test_the_catalogue_of_task_types_follows_the_catalog() -> None:
    world = World(catalog=Catalog(CATALOG.rows[:2]))
    async with world.client() as agent:
        assert [one["task_type"] for one in await read(agent, "wanx://task-types")] == [
            row.name for row in CATALOG.rows[:2]
        ]


async def test_adult_loras_are_shown_only_where_the_operator_allows_them() -> None:
    for allowed in ("false", "true"):
        async with World({"WANX_ALLOW_ADULT": allowed}).client() as agent:
            names = [lora["name"] for lora in (await read(agent, "wanx://loras"))["loras"]]
            offered = await complete(agent, "lora_type")
        assert names == offered
        assert all((name in names) is (allowed == "true") for name in ADULT)


async def test_the_camera_motions_are_those_that_an_order_takes(world: World) -> None:
    async with world.client() as agent:
        motions = (await read(agent, "wanx://camera-motions"))["camera_motions"]
        for motion in motions:
            order = {"task_type": "img2video-14b-control-camera", "prompt": "a boat", "image": PICTURE}
            await agent.ok("create_wanx_task", **order, motion_type=motion, dry_run=True)
        assert await complete(agent, "motion_type", "zoom") == ["zoom_in", "zoom_out"]


async def test_a_task_is_read_with_what_was_ordered_and_without_the_webhook() -> None:
    hook, secret = "https://hooks.example.com/wanx/deep?token=abc", "a-webhook-secret"
    world = World({"WANX_WEBHOOK_URL": hook, "WANX_WEBHOOK_SECRET": secret})
    async with world.client() as agent:
        order = await agent.order(prompt="a red boat", request_id="take-1")
        world.clock.advance(3600)
        about = await read(agent, f"wanx://tasks/{order['task_id']}")
        state = await agent.ok("get_wanx_task", task_id=order["task_id"])
    assert about["order"]["arguments"] == {"prompt": "a red boat"}
    assert about["order"]["request_id"] == "take-1"
    assert {key: about[key] for key in state} == state
    assert "hooks.example.com" not in json.dumps(about)
    assert secret not in json.dumps(about)
    assert KEY not in json.dumps(about)


async def test_a_stored_prompt_is_read_and_listed_without_hidden_characters_and_without_the_key(world: World) -> None:
    hidden = "\u202e\u200b\U000e0041"
    async with world.client() as agent:
        order = await agent.order(prompt=f"{KEY}{hidden} <b>boat</b>", request_id="take-1")
        about = await read(agent, f"wanx://tasks/{order['task_id']}")
        listed = await agent.call("list_wanx_tasks")
    assert about["order"]["arguments"] == {"prompt": "[hidden] <b>boat</b>"}
    assert listed.structured_content
    assert listed.structured_content["tasks"][0]["prompt"] == "[hidden] <b>boat</b>"
    assert KEY not in text(listed)


@pytest.mark.parametrize(
    "uri", ["wanx://tasks/nope", "wanx://tasks/..%2F..", "wanx://task-types/none", "wanx://x", "x"]
)
async def test_what_does_not_exist_is_invalid_params(world: World, uri: str) -> None:
    async with world.client() as agent:
        with pytest.raises(MCPError) as caught:
            await agent.client.read_resource(uri)
    assert caught.value.code == INVALID_PARAMS


async def test_a_task_without_a_key_says_how_to_set_one() -> None:
    async with World({"PIAPI_API_KEY": ""}).client() as agent:
        with pytest.raises(MCPError, match="PIAPI_API_KEY"):
            await agent.client.read_resource("wanx://tasks/one")
        assert await complete(agent, "task_id") == []


async def test_the_budget_shows_what_is_left() -> None:
    async with World({"WANX_DAILY_BUDGET_USD": "1"}).client() as agent:
        await agent.order()
        assert await read(agent, "wanx://budget") == {
            "spent_usd": 0.28,
            "limit_usd": 1.0,
            "remaining_usd": 0.72,
            "window_hours": 24,
        }


async def test_lists_and_catalogues_may_be_kept_for_an_hour_and_tasks_and_money_not_at_all(world: World) -> None:
    async with world.client() as agent:
        client, task_id = agent.client, (await agent.order())["task_id"]
        lists = [
            await client.list_tools(),
            await client.list_prompts(),
            await client.list_resources(),
            await client.list_resource_templates(),
        ]
        assert {(found.ttl_ms, found.cache_scope) for found in lists} == {(3_600_000, "public")}
        for uri, kept in {"wanx://loras": 3_600_000, "wanx://budget": 0, f"wanx://tasks/{task_id}": 0}.items():
            answer = await client.read_resource(uri)
            assert (answer.ttl_ms, answer.cache_scope) == (kept, "private")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_prompt_becomes_an_order_that_create_accepts(world: World, mode: str) -> None:
    values = {
        "prompt": 'a boat with "quotes"\nand a second line',
        "image": PICTURE,
        "start_image": PICTURE,
        "end_image": PICTURE,
        "lora_type": "ghibli",
        "motion_type": "zoom_in",
    }
    async with world.client(mode) as agent:
        listed = (await agent.client.list_prompts()).prompts
        assert [prompt.name for prompt in listed] == [*(row.name for row in PROMPTS), "make_film"]
        for prompt in listed[:-1]:
            assert not any(one.required for one in prompt.arguments or ())
            needed = next(row for row in PROMPTS if row.name == prompt.name).needed(CATALOG)
            rendered = await agent.client.get_prompt(prompt.name, {name: values[name] for name in needed})
            text = rendered.messages[0].content.model_dump()["text"]
            arguments = json.loads(text.split("\n")[1])
            await agent.ok("create_wanx_task", **arguments, dry_run=True)
            assert all(arguments[name] == values[name] for name in needed)


async def test_a_picture_turns_the_lora_prompt_into_an_order_of_a_picture(world: World) -> None:
    given = {"prompt": "a boat", "lora_type": "inflate-effect", "image": PICTURE}
    async with world.client() as agent:
        rendered = await agent.client.get_prompt("apply_lora", given)
        chosen = await agent.client.get_prompt("text_to_video", {"prompt": "a boat", "task_type": "txt2video-14b"})
    assert '"img2video-14b-lora"' in rendered.messages[0].content.model_dump()["text"]
    assert '"txt2video-14b"' in chosen.messages[0].content.model_dump()["text"]


async def test_the_film_prompt_prices_the_whole_and_asks_before_it_orders(world: World) -> None:
    async with world.client() as agent:
        rendered = await agent.client.get_prompt(
            "make_film", {"about": 'a "fox"\nat sea', "shots": "6", "style": "ink"}
        )
        usual = await agent.client.get_prompt("make_film", {"about": "a fox"})
    text, other = (found.messages[0].content.model_dump()["text"] for found in (rendered, usual))
    assert json.loads(text.split("\n")[0].partition("in my words: ")[2]) == {"about": 'a "fox"\nat sea', "style": "ink"}
    assert "6 shots" in text
    assert "about $1.68 by the published prices, and ask once for my consent" in text
    assert "4 shots" in other
    assert not world.line.requests


@pytest.mark.parametrize(
    ("name", "given", "word"),
    [
        ("make_film", {"about": "x", "shots": "1"}, "from 2 to 50"),
        ("make_film", {"about": "x", "shots": "many"}, "from 2 to 50"),
        ("make_film", {"about": "x", "length": "9"}, "takes about, shots, style"),
        ("move_camera", {"prompt": "a boat", "image": PICTURE, "motion_type": "spin"}, "zoom_in"),
        ("text_to_video", {"prompt": "a boat", "task_type": "img2video-14b"}, "task_type"),
        ("apply_lora", {"prompt": "x", "lora_type": ADULT[0]}, "adult"),
        ("no_such_prompt", {}, "Unknown prompt"),
    ],
)
async def test_a_prompt_that_could_not_be_ordered_says_why(
    world: World, name: str, given: dict[str, str], word: str
) -> None:
    async with world.client() as agent:
        with pytest.raises(MCPError, match=word) as caught:
            await agent.client.get_prompt(name, given)
    assert caught.value.code == INVALID_PARAMS
    assert not world.line.requests


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"prompt": "boat"},
        {"prompt": "a", "negative_prompt": "paper", "aspect_ratio": "boat"},
        {"prompt": "one", "negative_prompt": "two", "task_type": "three"},
    ],
)
@pytest.mark.parametrize("name", [row.name for row in PROMPTS])
async def test_a_prompt_whose_text_may_have_been_cut_at_blanks_asks_for_the_rest_and_holds_no_order(
    world: World, name: str, given: dict[str, str]
) -> None:
    async with world.client() as agent:
        rendered = await agent.client.get_prompt(name, given)
    said = rendered.messages[0].content.model_dump()["text"]
    assert "wait_seconds" not in said
    assert "unchanged" not in said
    assert ("do not order from these pieces" in said) == bool(given)
    assert "only when I agree" in said
    assert "$0.28" in said


async def test_completions_put_what_begins_so_before_what_contains_it(world: World) -> None:
    async with world.client() as agent:
        order = await agent.order()
        sent = len(world.line.requests)
        assert await complete(agent, "task_id") == [order["task_id"]]
        assert await complete(agent, "task_type", "14B-l", "apply_lora") == ["txt2video-14b-lora", "img2video-14b-lora"]
        assert (await complete(agent, "task_type", "wan22"))[0].startswith("wan22")
        assert (await complete(agent, "lora_type", "in"))[0] == "inflate-effect"
        assert "pixel-art" not in await complete(agent, "lora_type", "in")
        assert await complete(agent, "aspect_ratio", prompt="morph_pictures") == ["16:9", "9:16"]
        assert await complete(agent, "aspect_ratio") == ["16:9", "9:16", "1:1", "4:3", "3:4"]
        assert await complete(agent, "duration", prompt="text_to_video") == ["5", "10", "15"]
        assert await complete(agent, "prompt", "a") == []
        assert len(world.line.requests) == sent  # nobody is asked while a person types


async def test_a_studio_that_cannot_be_opened_is_an_error_with_a_code_and_may_open_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.client() as agent:
        with monkeypatch.context() as broken:
            broken.setitem(sys.modules, "wanx_mcp.studio", None)  # as in an installation that lacks a package
            told = [
                await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="x"),
                await agent.error("get_wanx_task", task_id="x"),
                await agent.error("list_wanx_tasks"),
            ]
            for uri in ("wanx://tasks/x", "wanx://budget"):
                with pytest.raises(MCPError) as caught:
                    await agent.client.read_resource(uri)
                told.append(caught.value.message)
            assert await complete(agent, "task_id") == []
        assert (await agent.order())["task_id"]
    for error in told:
        assert "not_configured: this server failed to start (ModuleNotFoundError wanx_mcp.studio)" in error
        assert "Charged by this call: no. Next: " in error


async def test_simulated_tasks_and_money_say_so_wherever_they_are_read() -> None:
    world = World({"WANX_SIMULATE": "1"})
    async with world.client() as agent:
        assert (await read(agent, "wanx://budget"))["simulated"] is True
        assert "simulated" not in await read(agent, "wanx://camera-motions")
