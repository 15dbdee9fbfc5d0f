"""What is read of a task and of a history row, field by field; a field of the wrong shape is absent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.provider_answers import TASKS
from tests.world import World
from wanx_mcp.provider.answers import Status, Task, is_own, read_code, read_task


def task(**data: Any) -> Task:
    found = read_task({"code": 200, "data": {"task_id": "t", **data}}, trusted_loopback=False)
    assert found is not None
    return found


# --- status ------------------------------------------------------------------------------------------------------

WORDS = {
    "pending": Status.PENDING,
    "staged": Status.PENDING,
    "processing": Status.PROCESSING,
    "running": Status.PROCESSING,
    "in_progress": Status.PROCESSING,
    "starting": Status.PROCESSING,
    "retry": Status.PROCESSING,
    "post_processing": Status.PROCESSING,
    "completed": Status.COMPLETED,
    "success": Status.COMPLETED,
    "succeeded": Status.COMPLETED,
    "finished": Status.COMPLETED,
    "failed": Status.FAILED,
    "error": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
}


@pytest.mark.parametrize(("word", "status"), WORDS.items())
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title, lambda word: f" {word}\t\n"])
def test_every_status_word_in_every_spelling(word: str, status: Status, spelling: Any) -> None:
    assert task(status=spelling(word)).status is status


@pytest.mark.parametrize("missing", [{}, {"status": None}, {"status": ""}, {"status": 99}, {"status": ["completed"]}])
def test_a_task_without_a_status_is_pending(missing: dict[str, Any]) -> None:
    found = task(**missing)
    assert (found.status, found.provider_status) == (Status.PENDING, "")


@pytest.mark.anyio
async def test_an_order_that_is_answered_without_a_status_is_accepted_as_pending(world: World) -> None:
    world.line.rewrite(lambda body: body["data"].pop("status"), TASKS, method="POST")
    async with world.client() as agent:
        assert (await agent.order())["status"] == "pending"


@pytest.mark.parametrize(
    ("status", "final"),
    [
        (Status.PENDING, False),
        (Status.PROCESSING, False),
        (Status.COMPLETED, True),
        (Status.FAILED, True),
        (Status.CANCELLED, True),
    ],
)
def test_which_states_are_final(status: Status, final: bool) -> None:
    assert status.final is final


# --- usage -------------------------------------------------------------------------------------------------------

POINT = {"type": "point"}
ABSENT: list[Any] = [None, 1.2, 2800000.5, True, False, "2800000", -1, 10**15, float("inf"), float("nan"), [], {}]


@pytest.mark.parametrize("figure", ABSENT)
@pytest.mark.parametrize("name", ["frozen", "consume"])
def test_a_figure_that_is_no_whole_number_counts_as_absent(name: str, figure: Any) -> None:
    other = "consume" if name == "frozen" else "frozen"
    found = task(status="completed", meta={"usage": {**POINT, name: figure, other: 7}})
    figures = {"frozen": found.frozen_points, "consume": found.consumed_points}
    assert figures == {name: None, other: 7}


@pytest.mark.parametrize("figure", [2_800_000, 2_800_000.0])
@pytest.mark.parametrize("kind", ["point", "POINT", " Point\t"])
def test_whole_points_count(kind: str, figure: Any) -> None:
    found = task(status="completed", meta={"usage": {"type": kind, "frozen": 0, "consume": figure}})
    assert (found.frozen_points, found.consumed_points) == (0, 2_800_000)
    assert type(found.consumed_points) is int


@pytest.mark.parametrize("kind", ["quota", "llm", "mj", "points", "", None, 1, ["point"]])
@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_usage_in_other_units_is_no_money(kind: Any, status: str) -> None:
    found = task(status=status, meta={"usage": {"type": kind, "frozen": 0, "consume": 1}})
    assert (found.frozen_points, found.consumed_points, found.charged_points, found.shown_points) == (None,) * 4
    found = task(status=status, meta={"usage": {"type": kind, "frozen": 0, "consume": 0}})
    assert found.charged_points is None, "nothing in quota is not nothing in points"


@pytest.mark.parametrize(
    ("status", "frozen", "consumed", "charged"),
    [
        ("pending", 28, 0, None),
        ("processing", 0, 28, None),
        ("completed", 0, 28, 28),
        ("completed", 28, 28, 28),
        ("completed", 28, 0, None),
        ("completed", 0, 0, None),
        ("completed", None, None, None),
        ("completed", None, 0, None),
        *((status, 0, 28, 28) for status in ("failed", "cancelled")),
        *((status, 28, 28, 28) for status in ("failed", "cancelled")),
        *((status, 0, 0, 0) for status in ("failed", "cancelled")),
        *((status, None, 0, 0) for status in ("failed", "cancelled")),
        *((status, 28, 0, None) for status in ("failed", "cancelled")),
        *((status, 0, None, None) for status in ("failed", "cancelled")),
        *((status, None, None, None) for status in ("failed", "cancelled")),
        *((status, 1.2, 0, None) for status in ("failed", "cancelled")),
        *((status, 0, 1.2, None) for status in ("failed", "cancelled")),
    ],
)
def test_what_an_ended_task_was_charged(status: str, frozen: Any, consumed: Any, charged: int | None) -> None:
    given = {"frozen": frozen, "consume": consumed}
    usage = {**POINT, **{name: figure for name, figure in given.items() if figure is not None}}
    assert task(status=status, meta={"usage": usage}).charged_points == charged


@pytest.mark.parametrize(
    ("frozen", "consumed", "shown"), [(28, 0, 28), (0, 28, 28), (70, 28, 70), (None, 28, 28), (28, None, 28), (0, 0, 0)]
)
@pytest.mark.parametrize("status", ["pending", "processing", "completed", "failed"])
def test_what_is_shown_is_the_larger_figure(status: str, frozen: Any, consumed: Any, shown: int) -> None:
    assert task(status=status, meta={"usage": {**POINT, "frozen": frozen, "consume": consumed}}).shown_points == shown


@pytest.mark.parametrize("meta", [None, [], {}, {"usage": None}, {"usage": 5}, {"usage": POINT}])
def test_without_usage_nothing_is_shown(meta: Any) -> None:
    found = task(status="failed", meta=meta)
    assert (found.shown_points, found.charged_points) == (None, None)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "usage"),
    [
        ("completed", {**POINT, "frozen": 0, "consume": 0}),
        ("completed", {"type": "quota", "frozen": 0, "consume": 1}),
        ("completed", {**POINT, "frozen": 0, "consume": 1.2}),
        ("failed", {**POINT, "frozen": 2_800_000, "consume": 0}),
        ("failed", {"type": "quota", "frozen": 0, "consume": 0}),
        ("cancelled", {**POINT, "frozen": 1.5, "consume": 0}),
    ],
)
async def test_a_task_whose_charge_is_uncertain_stays_booked(world: World, status: str, usage: dict[str, Any]) -> None:
    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]

        def ended(body: dict[str, Any]) -> None:
            body["data"]["status"] = status
            body["data"]["meta"]["usage"] = usage

        world.line.rewrite(ended, TASKS)
        world.clock.advance(3600)
        seen = await agent.ok("get_wanx_task", task_id=task_id)
        assert (seen["status"], "charged_usd" in seen) == (status, False)
        assert (await agent.ok("list_wanx_tasks"))["budget"]["spent_usd"] == 0.28


# --- why a task failed ---------------------------------------------------------------------------------------------

EMPTY = {"code": 0, "raw_message": "", "message": "", "detail": None}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error": {**EMPTY, "message": "bad picture", "raw_message": "x"}, "logs": ["y"]}, "bad picture"),
        ({"error": {**EMPTY, "raw_message": "raw words"}, "logs": ["y"]}, "raw words"),
        ({"error": "plain words"}, "plain words"),
        ({"error": EMPTY, "logs": ["queued", "content restriction"]}, "content restriction"),
        ({"error": EMPTY, "logs": ["content restriction", "", None, 5, {}]}, "content restriction"),
        ({"error": EMPTY, "logs": [{"message": "plan limit", "time": "2026-01-01T00:00:00Z"}]}, "plan limit"),
        ({"error": EMPTY, "logs": [{"time": "2026-01-01T00:00:00Z", "said": "odd key"}]}, "odd key"),
        ({"error": EMPTY, "logs": [{"said": "odd key", "time": "2026-01-01T00:00:00Z"}]}, "odd key"),
        ({"error": EMPTY, "logs": [["nested", "last"]]}, "last"),
        ({"error": EMPTY, "logs": "one text"}, "one text"),
        ({"error": None, "logs": ["no error object"]}, "no error object"),
        ({"error": {**EMPTY, "code": 1100, "detail": "the detail"}, "logs": []}, "the detail"),
        ({"error": {**EMPTY, "detail": {"reason": "inside"}}, "logs": None}, "inside"),
        ({"error": {**EMPTY, "code": 1100}, "logs": None}, "error code 1100"),
        ({"error": {**EMPTY, "code": "E7"}}, "error code E7"),
        ({"error": EMPTY, "logs": []}, None),
        ({"error": {**EMPTY, "code": True}}, None),
        ({}, None),
    ],
)
def test_the_reason_of_a_failure_is_found(fields: dict[str, Any], reason: str | None) -> None:
    assert task(status="failed", **fields).error_message == reason


def test_the_logs_of_a_task_that_did_not_fail_are_no_reason() -> None:
    assert task(status="processing", error=EMPTY, logs=["step 3"]).error_message is None


@pytest.mark.anyio
async def test_a_reason_that_stands_in_the_logs_alone_is_told(world: World) -> None:
    def failed(body: dict[str, Any]) -> None:
        body["data"].update(status="failed", error=EMPTY, logs=["queued", "content restriction"])

    async with world.client() as agent:
        task_id = (await agent.order())["task_id"]
        world.line.rewrite(failed, TASKS)
        world.clock.advance(60)
        assert (await agent.ok("get_wanx_task", task_id=task_id))["error_message"] == "content restriction"


# --- links ---------------------------------------------------------------------------------------------------------

CLIP = "https://h/a"


@pytest.mark.parametrize(
    "output", [{"image_url": CLIP}, {"videos": [{"url": CLIP}]}, {"videos": [None, {"url": CLIP}]}]
)
def test_two_more_places_of_the_link_count_once_the_task_is_completed(output: Any) -> None:
    assert task(status="completed", output=output).video_url == CLIP
    assert task(status="processing", output=output).video_url is None


def test_any_other_place_comes_before_those_two() -> None:
    last = {"image_url": "https://h/last", "videos": [{"url": "https://h/last"}]}
    for first in ({"video_url": CLIP}, {"video": CLIP}, {"works": [{"resource": CLIP}]}):
        assert task(status="completed", output={**last, **first}).video_url == CLIP
    deep = {**last, "deep": ["https://h/a.mp4"]}
    assert task(status="completed", output=deep).video_url == "https://h/a.mp4"


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.jpeg?x=.mp4", "a.webp#b"])
def test_a_picture_is_no_video(name: str) -> None:
    assert task(status="completed", output={"image_url": f"https://h/{name}"}).video_url is None


@pytest.mark.parametrize(
    "url",
    [
        "https://h/a b.mp4",
        "https://h/a\tb.mp4",
        "https://h/a\u2003b.mp4",
        "https://h/a\u202eb.mp4",
        "https://h/" + "a" * 4096,
        "https://h\u0301.example/a.mp4",
        "https:///a.mp4",
        "https://user@h/a.mp4",
        "https://[::1/a.mp4",
        "ftp://h/a.mp4",
        "//h/a.mp4",
    ],
)
def test_a_link_that_is_no_plain_link_counts_as_absent(url: str) -> None:
    assert task(status="completed", output={"video_url": url}).video_url is None


def test_a_link_cannot_end_a_quotation() -> None:
    found = task(status="completed", output={"video_url": 'https://h/a".mp4?<x>`'})
    assert found.video_url == "https://h/a%22.mp4?%3Cx%3E%60"


# --- envelope ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ({"code": 404, "message": "Record Not Found", "data": None}, True),
        ({"code": "404", "message": "x"}, True),
        ({"code": 404.0}, True),
        ({"message": "x", "data": None}, True),
        ({"message": "Forbidden"}, False),
        ({"detail": "Not Found"}, False),
        ({"error": {"code": 404}}, False),
        ({"code": "not_found", "message": "x"}, False),
        ({"code": True}, False),
        ({"code": 10**12}, False),
        ({}, False),
        (None, False),
        ([{"code": 404}], False),
    ],
)
def test_which_json_is_the_provider_s_own(body: Any, own: bool) -> None:
    assert is_own(body) is own


@pytest.mark.parametrize("code", [True, "x", "4" * 10, 10**9, 404.5, None, 0, 200, "200", " 0 "])
def test_what_is_no_code_of_a_refusal(code: Any) -> None:
    assert read_code({"code": code}) is None
