"""Exact numbers and switches may come as text; nothing else bends, and the refusal says what was expected."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.world import World
from wanx_mcp.catalog import CATALOG, parse_order
from wanx_mcp.errors import Charged, InvalidOrder, ProviderFault
from wanx_mcp.money import to_points
from wanx_mcp.server.arguments import CreateOptions, ListArguments
from wanx_mcp.spans import span
from wanx_mcp.strict import Problems, check, coerce

NUMBER = {"type": "number", "minimum": 0, "maximum": 10}
WHOLE = {"type": "integer", "minimum": 0, "maximum": 45}
SWITCH = {"type": "boolean"}


@pytest.mark.parametrize(
    ("schema", "given", "value"),
    [
        (NUMBER, 0.5, 0.5),
        (NUMBER, 3, 3),
        (NUMBER, "0.5", 0.5),
        (NUMBER, "-1", -1.0),
        (NUMBER, "10", 10.0),
        (WHOLE, 7, 7),
        (WHOLE, 7.0, 7),
        (WHOLE, "7", 7),
        (WHOLE, "7.00", 7),
        (SWITCH, True, True),
        (SWITCH, False, False),
        (SWITCH, "true", True),
        (SWITCH, "false", False),
        ({"type": "string"}, "7", "7"),
    ],
)
def test_what_is_exact_is_taken(schema: dict[str, Any], given: object, value: object) -> None:
    taken = coerce(schema, given)
    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("schema", "given", "words"),
    [
        (NUMBER, True, "must be a number from 0 to 10, not a boolean"),
        (NUMBER, "1e1", "must be a number from 0 to 10, not this text"),
        (NUMBER, " 1", "must be a number from 0 to 10, not this text"),
        (NUMBER, "01", "must be a number from 0 to 10, not this text"),
        (NUMBER, [1], "must be a number from 0 to 10, not a list"),
        (NUMBER, {}, "must be a number from 0 to 10, not an object"),
        (WHOLE, 7.5, "must be a whole number from 0 to 45, not a number"),
        (WHOLE, "7.5", "must be a whole number from 0 to 45, not this text"),
        (WHOLE, True, "must be a whole number from 0 to 45, not a boolean"),
        (WHOLE, float("inf"), "must be a whole number from 0 to 45, not a number"),
        (SWITCH, "True", "must be true or false, not this text"),
        (SWITCH, 1, "must be true or false, not a number"),
        ({"type": "string"}, 7, "must be text, not a number"),
        ({"type": "string"}, "\ud800", "contains a lone surrogate, which cannot be sent"),
    ],
)
def test_what_is_not_exact_is_refused_in_words(schema: dict[str, Any], given: object, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        coerce(schema, given)


@pytest.mark.parametrize("absent", [None, ""])
def test_null_and_the_empty_text_count_as_absent(absent: object) -> None:
    assert check(ListArguments, {"status": absent, "limit": absent}) == ListArguments()


@pytest.mark.anyio
@pytest.mark.parametrize("dry", ["true", True])
async def test_a_dry_run_spelt_as_text_sends_nothing(world: World, dry: object) -> None:
    async with world.client() as agent:
        result = await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt="a boat", dry_run=dry)
    assert result["dry_run"] is True
    assert not world.line.sent("POST")


@pytest.mark.anyio
@pytest.mark.parametrize("dry", ["false", False])
async def test_an_order_that_is_no_dry_run_is_sent(world: World, dry: object) -> None:
    async with world.client() as agent:
        result = await agent.ok("create_wanx_task", task_type="txt2video-14b", prompt="a boat", dry_run=dry)
    assert result["dry_run"] is False
    assert len(world.line.sent("POST")) == 1


def test_every_problem_is_told_with_its_fix_once() -> None:
    with pytest.raises(Problems) as caught:
        check(CreateOptions, {"request_id": "\n", "dry_run": "perhaps", "dryrun": 1, "???": 1})
    assert str(caught.value) == (
        "dryrun is not an argument of this call; an argument is not an argument of this call; "
        "request_id must be 1 to 128 printable characters; dry_run must be true or false, not this text"
    )
    assert caught.value.fixes.startswith("remove dryrun or write it as dry_run; remove an argument; set request_id to ")


@pytest.mark.parametrize(
    ("given", "what", "fix"),
    [
        (
            {"image": "https://e.com/a.png"},
            "txt2video-14b does not take image; it takes prompt,",
            'or set task_type to "',
        ),
        ({"imagge": "x"}, "imagge is not an argument of this call", "remove imagge or write it as image"),
        (
            {"lora_settings": []},
            "lora_settings is not an argument here; use lora_type,",
            "remove lora_settings",
        ),
        ({"steps_of_it": 5}, "steps_of_it is not an argument of this call", "remove steps_of_it;"),
    ],
)
def test_a_stray_argument_is_told_apart_by_what_it_is(given: dict[str, Any], what: str, fix: str) -> None:
    with pytest.raises(InvalidOrder) as caught:
        parse_order(CATALOG, {"task_type": "txt2video-14b", "prompt": "x", **given}, adult=False)
    assert what in caught.value.what
    assert fix in f"{caught.value.next};"


def test_where_no_task_type_takes_all_arguments_none_is_proposed() -> None:
    given = {"prompt": "x", "image": "https://e.com/a.png", "start_image": "https://e.com/a.png"}
    with pytest.raises(InvalidOrder) as caught:
        parse_order(CATALOG, {"task_type": "nothing", **given}, adult=False)
    assert caught.value.next.startswith("set task_type to one that takes these arguments (all: txt2video-1.3b, ")


@pytest.mark.parametrize("usd", ["0.00000001", "0.28000005"])
def test_a_fraction_of_a_point_is_no_price(usd: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number of points"):
        to_points(Decimal(usd))


def test_an_error_says_what_happened_what_it_cost_what_is_known_and_what_to_do() -> None:
    error = ProviderFault("it failed. ", advice="call again. ", charged=Charged.YES, known="The task goes on.")
    assert str(error) == "provider_fault: it failed. Charged by this call: yes. The task goes on. Next: call again."
    assert error.text("A remark") == (
        "provider_fault: it failed. A remark. Charged by this call: yes. The task goes on. Next: call again."
    )
    assert str(ProviderFault("x")).startswith("provider_fault: x. Charged by this call: no. Next: ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (11.2, "12 s"),
        (90, "90 s"),
        (91, "about 2 min"),
        (600, "about 10 min"),
        (3600, "about 60 min"),
        (5400, "about 90 min"),
        (5401, "about 2 h"),
        (86_400, "about 24 h"),
    ],
)
def test_a_span_is_told_in_the_unit_that_people_use(seconds: float, words: str) -> None:
    assert span(seconds) == words
