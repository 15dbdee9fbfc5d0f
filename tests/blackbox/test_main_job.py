"""The main job from outside: every video can be ordered and fetched, and the wire carries what the contract shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .answers import complete_on_its_own, error_of, fetch_to_the_end
from .conftest import KEY, House
from .examples import EXAMPLES, MOTIONS, PIXEL, Example, example_of
from .provider_task import IN_THE_QUEUE, IN_WORK, Life
from .rawclient import ERAS, Refused, StdioServer
from .upstream import Upstream
from .weather import PLAIN, refusal

Prompt = Callable[[], str]
BOAT = example_of("txt2video-14b")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.task_type)
def test_every_task_type_is_ordered_as_the_contract_shows_and_fetched_to_completion(
    example: Example, shared: StdioServer, shared_upstream: Upstream
) -> None:
    before = len(shared_upstream.orders)
    ordered = shared.call("create_wanx_task", **example.order)
    (request,) = shared_upstream.orders[before:]
    assert request.json == example.wire
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"].split(";")[0] == "application/json"
    assert "authorization" not in request.headers
    told = ordered.structured
    assert told["task_id"] in shared_upstream.tasks
    assert (told["status"], told["task_type"]) == ("pending", example.task_type)
    assert told.get("price_usd") == (pytest.approx(example.price_usd) if example.price_usd else None)
    complete_on_its_own(ordered, told["task_id"], "get_wanx_task")
    finished = fetch_to_the_end(shared, told["task_id"])
    assert finished["status"] == "completed"
    assert finished["video_url"] == f"{shared_upstream.base_url}/media/{told['task_id']}.mp4"


@pytest.mark.parametrize("era", ERAS)
def test_both_eras_do_the_whole_job(era: str, house: House, upstream: Upstream) -> None:
    server = house.start(era)
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    answer = server.call("get_wanx_task", task_id=task_id)
    complete_on_its_own(answer, task_id, "completed", f"{upstream.base_url}/media/{task_id}.mp4")
    assert len(upstream.charges) == 1


def test_a_read_goes_to_the_task_with_the_key_and_no_body(house: House, upstream: Upstream) -> None:
    server = house.start(WANX_AUTO_SAVE="false")
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    server.call("get_wanx_task", task_id=task_id)
    (read,) = upstream.seen("read")
    assert (read.path, read.body) == (f"/api/v1/task/{task_id}", b"")
    assert read.headers["x-api-key"] == KEY
    assert upstream.seen("other", "media") == []


def test_a_wait_reports_progress_and_ends_with_the_video(house: House, upstream: Upstream) -> None:
    upstream.life = Life(pending_reads=1, processing_reads=1)
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    waiting = server.start_call("get_wanx_task", True, task_id=task_id, wait_seconds=40)
    assert waiting.tool_answer().structured["status"] == "completed"
    steps = [note["progress"] for note in waiting.progress()]
    assert steps and steps == sorted(set(steps)), f"progress must be there and must rise: {steps}"


def test_a_wait_that_ends_before_the_task_does_is_a_normal_answer(house: House, upstream: Upstream) -> None:
    upstream.life = IN_WORK
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    longer = server.start_call("get_wanx_task", task_id=task_id, wait_seconds=45)
    answer = server.call("get_wanx_task", task_id=task_id, wait_seconds=3)
    assert not server.answered(longer.request_id)
    assert answer.structured["status"] == "processing"
    assert "video_url" not in answer.structured
    complete_on_its_own(answer, task_id, "processing")


def test_a_fast_call_is_answered_while_another_one_waits(house: House, upstream: Upstream, new_prompt: Prompt) -> None:
    upstream.life = IN_WORK
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    waiting = server.start_call("get_wanx_task", task_id=task_id, wait_seconds=45)
    server.call("create_wanx_task", task_type="txt2video-1.3b", prompt=new_prompt())
    assert not server.answered(waiting.request_id)


def test_a_call_cancelled_while_the_order_is_on_its_way_leaves_one_task_that_can_be_fetched(
    house: House, upstream: Upstream
) -> None:
    for era in ("2025-11-25", "2026-07-28"):
        server = house.start(era)
        before = len(upstream.charges)
        gate = upstream.hold("create", "before")
        call = server.start_call("create_wanx_task", task_type="txt2video-14b", prompt=f"A paper boat in {era}")
        gate.wait_until_reached()
        call.cancel()
        server.tools()  # an answer to a later request: the cancellation has been read
        gate.open()
        (task_id,) = _charged_after(upstream, before)
        assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "completed"
        assert len(upstream.charges) == before + 1
        assert upstream.abandoned == [], "the order's connection was dropped with the call"


def _charged_after(upstream: Upstream, before: int) -> list[str]:
    deadline = time.monotonic() + 120
    while len(upstream.charges) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # room for a second order that must not come
    return upstream.charges[before:]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.task_type)
def test_a_dry_run_prices_and_sends_nothing(example: Example, shared: StdioServer, shared_upstream: Upstream) -> None:
    before = len(shared_upstream.requests)
    told = shared.call("create_wanx_task", **example.order, dry_run=True).structured
    assert len(shared_upstream.requests) == before
    assert "task_id" not in told and "status" not in told
    assert told["dry_run"] is True and told["task_type"] == example.task_type
    assert told.get("price_usd") == (pytest.approx(example.price_usd) if example.price_usd else None)
    assert told["next_step"]


@pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty"])
def test_null_and_empty_optional_arguments_count_as_absent(
    nothing: object, shared: StdioServer, shared_upstream: Upstream, new_prompt: Prompt
) -> None:
    optional = (
        "negative_prompt", "aspect_ratio", "image", "start_image", "end_image", "lora_type", "lora_strength",
        "motion_type", "motion_speed", "dry_run",
    )  # fmt: skip
    prompt = new_prompt()
    answer = shared.call(
        "create_wanx_task", task_type="txt2video-14b", prompt=prompt, **dict.fromkeys(optional, nothing)
    )
    assert answer.structured["task_id"]
    assert shared_upstream.orders[-1].json["input"] == {"prompt": prompt}


@pytest.mark.parametrize("sent, meant", [("0.5", 0.5), ("1", 1), ("0", 0), (0.25, 0.25)])
def test_numbers_sent_as_strings_are_taken_when_exact(
    sent: object, meant: float, shared: StdioServer, shared_upstream: Upstream, new_prompt: Prompt
) -> None:
    order = {"task_type": "txt2video-14b-lora", "prompt": new_prompt(), "lora_type": "ghibli"}
    assert shared.call("create_wanx_task", **order, lora_strength=sent).structured["task_id"]
    (entry,) = shared_upstream.orders[-1].json["input"]["lora_settings"]
    assert entry == {"lora_type": "ghibli", "lora_strength": meant}
    assert not isinstance(entry["lora_strength"], str)


def test_booleans_sent_as_strings_are_taken_when_exact(
    shared: StdioServer, shared_upstream: Upstream, new_prompt: Prompt
) -> None:
    before = len(shared_upstream.orders)
    order = {"task_type": "txt2video-1.3b", "prompt": new_prompt()}
    assert shared.call("create_wanx_task", **order, dry_run="true").structured["dry_run"] is True
    assert len(shared_upstream.orders) == before
    assert shared.call("create_wanx_task", **order, dry_run="false").structured["task_id"]


ONLY_WHAT_WAS_SAID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("txt2video-14b-lora", {"lora_type": "ghibli"}, {"lora_settings": [{"lora_type": "ghibli"}]}),
    (
        "img2video-14b-control-camera",
        {"image": "https://example.com/x.jpg", "motion_type": "pan_left"},
        {"image": "https://example.com/x.jpg", "control_camera_settings": [{"motion_type": "pan_left"}]},
    ),
    ("img2video-14b", {"image": PIXEL}, {"image": PIXEL, "aspect_ratio": "16:9"}),
    ("img2video-14b", {"image": "https://example.com/a.jpg?sig=%2Fab=="}, {"image": "https://example.com/a.jpg?sig=%2Fab=="}),
    ("img2video-14b-keyframe", {"start_image": PIXEL, "end_image": PIXEL},
     {"start_image": PIXEL, "end_image": PIXEL, "aspect_ratio": "16:9"}),
    ("txt2video-1.3b", {"aspect_ratio": "9:16"}, {"aspect_ratio": "9:16"}),
    ("wan22-img2video-14b", {"image": PIXEL, "aspect_ratio": "9:16"}, {"image": PIXEL, "aspect_ratio": "9:16"}),
    ("txt2video-14b-lora", {"lora_type": "a-lora-of-next-year"}, {"lora_settings": [{"lora_type": "a-lora-of-next-year"}]}),
    ("img2video-14b-control-camera", {"image": PIXEL, "motion_type": "static", "motion_speed": 10},
     {"image": PIXEL, "aspect_ratio": "16:9", "control_camera_settings": [{"motion_type": "static", "motion_speed": 10}]}),
]  # fmt: skip


@pytest.mark.parametrize("task_type, said, sent", ONLY_WHAT_WAS_SAID)
def test_what_was_not_said_is_not_sent_save_the_ratio_of_a_picture_whose_size_is_known(
    task_type: str,
    said: dict[str, Any],
    sent: dict[str, Any],
    shared: StdioServer,
    shared_upstream: Upstream,
    new_prompt: Prompt,
) -> None:
    prompt = new_prompt()
    assert shared.call("create_wanx_task", task_type=task_type, prompt=prompt, **said).structured["task_id"]
    assert shared_upstream.orders[-1].json == {
        "model": "Qubico/wanx",
        "task_type": task_type,
        "input": {"prompt": prompt, **sent},
    }


@pytest.mark.parametrize("motion", MOTIONS)
def test_every_camera_motion_of_the_contract_is_valid(motion: str, shared: StdioServer) -> None:
    order = {**example_of("img2video-14b-control-camera").order, "motion_type": motion, "dry_run": True}
    assert shared.call("create_wanx_task", **order).structured["dry_run"] is True


@pytest.mark.parametrize("prompt", ["x", "ж" * 10_000, "Ein Boot 🚤\nim Regen — «слово»", "null", '["a"]', "7", "true"])
def test_any_words_reach_the_provider_unchanged(prompt: str, shared: StdioServer, shared_upstream: Upstream) -> None:
    assert shared.call("create_wanx_task", task_type="txt2video-1.3b", prompt=prompt).structured["task_id"]
    assert shared_upstream.orders[-1].json["input"] == {"prompt": prompt}


def test_a_pending_task_can_be_cancelled(house: House, upstream: Upstream) -> None:
    upstream.life = IN_THE_QUEUE
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    answer = server.call("cancel_wanx_task", task_id=task_id)
    assert (answer.structured["task_id"], answer.structured["cancelled"]) == (task_id, True)
    assert answer.structured["status"] == "cancelled"
    complete_on_its_own(answer, task_id)
    (request,) = upstream.seen("cancel")
    assert (request.path, request.headers["x-api-key"]) == (f"/api/v1/task/{task_id}", KEY)


@pytest.mark.parametrize(
    "behaviour", [PLAIN, refusal(404, "no such endpoint")], ids=["already running", "no cancel at all"]
)
def test_a_cancellation_that_the_provider_refuses_is_said_so(behaviour: Any, house: House, upstream: Upstream) -> None:
    upstream.life = IN_WORK
    server = house.start()
    task_id = server.call("create_wanx_task", **BOAT.order).structured["task_id"]
    assert server.call("get_wanx_task", task_id=task_id).structured["status"] == "processing"
    upstream.always("cancel", behaviour)
    error_of(server.call("cancel_wanx_task", task_id=task_id), "cannot_cancel")
    assert upstream.tasks[task_id].status == "processing"


def test_without_a_key_the_server_lists_and_explains(house: House, upstream: Upstream) -> None:
    unusable: list[dict[str, str]] = [{}, *({"PIAPI_API_KEY": key} for key in ("", "${user_config.api_key}", "ключ"))]
    for setting in unusable:
        server = house.start(without="" if setting else "PIAPI_API_KEY", **setting)
        assert {tool["name"] for tool in server.tools()} >= {"create_wanx_task", "get_wanx_task", "cancel_wanx_task"}
        error = error_of(server.call("create_wanx_task", **BOAT.order), "not_configured", charged="no")
        assert "PIAPI_API_KEY" in error.what + error.next and "WANX_SIMULATE=1" in error.what + error.next
        error_of(
            server.call("get_wanx_task", task_id="58cb41b7-556d-46c0-b82e-1e116aa1a31a"), "not_configured", charged="no"
        )
        assert server.call("create_wanx_task", **BOAT.order, dry_run=True).structured["dry_run"] is True
    assert upstream.requests == []


def test_the_key_is_trimmed(house: House, upstream: Upstream) -> None:
    house.start(PIAPI_API_KEY=f"  {KEY}\n").call("create_wanx_task", **BOAT.order)
    assert upstream.orders[0].headers["x-api-key"] == KEY


def test_loopback_never_goes_through_a_proxy(house: House, upstream: Upstream) -> None:
    for name, proxy in (("HTTP_PROXY", "http://127.0.0.1:9"), ("ALL_PROXY", "socks5://127.0.0.1:9")):
        server = house.start(**{name: proxy, name.lower(): proxy})
        order = {"task_type": "txt2video-1.3b", "prompt": f"Behind {name}"}
        assert server.call("create_wanx_task", **order).structured["task_id"]


@pytest.mark.parametrize("address", ["http://api.example.com", "ftp://127.0.0.1", "nonsense"])
def test_the_key_never_leaves_for_an_insecure_address(address: str, house: House) -> None:
    server = house.start(PIAPI_BASE_URL=address)
    assert server.tools()
    error = error_of(server.call("create_wanx_task", **BOAT.order), charged="no")
    assert "PIAPI_BASE_URL" in error.what + error.next


def test_an_unknown_tool_is_refused(shared: StdioServer) -> None:
    try:
        assert shared.call("create_wanx_video", prompt="x").is_error
    except Refused:
        pass
