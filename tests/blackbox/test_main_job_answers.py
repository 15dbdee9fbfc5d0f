"""The provider answers oddly but legally: every answer is read, and what is no video address is not given as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from . import weather as w
from .conftest import KEY
from .examples import example_of
from .provider_task import IN_WORK, ZERO_DATE, Life
from .rawclient import StdioServer
from .upstream import Upstream
from .weather import Behaviour, told

BOAT = example_of("txt2video-14b")
Prompt = Callable[[], str]


@pytest.fixture(autouse=True)
def calm_afterwards(shared_upstream: Upstream) -> Iterator[None]:
    yield
    shared_upstream.calm()


def read_through(
    behaviour: Behaviour, server: StdioServer, upstream: Upstream, life: Life | None = None
) -> dict[str, Any]:
    """The structured answer about a task ordered elsewhere, while the provider answers every read so."""
    task_id = upstream.place(dict(BOAT.wire), KEY, life or Life())
    upstream.always("read", behaviour)
    told = server.call("get_wanx_task", task_id=task_id).structured
    assert told["task_id"] == task_id
    return told


def address(upstream: Upstream, told: dict[str, Any]) -> str:
    return f"{upstream.base_url}/media/{told['task_id']}.mp4"


ODD_ENVELOPES = (
    told("flat body", w.flat), told("code 0", w.code(0)), told("no code", w.without_code),
    told("the webhook's shape", w.webhook_shape), told("capitalised status", w.status_told(str.capitalize)),
    told("shouted status", w.status_told(str.upper)), told("trailing tab", w.status_told(lambda word: f"{word}\t")),
    told("white space around", w.status_told(lambda word: f" \n{word} ")), told("nulls", w.with_nulls),
    told("extra fields", w.with_data(surprise={"a": [1]}, progress=99)), told("logs of objects", w.with_data(logs=[{"x": 1}])),
    told("usage is null", w.with_meta(usage=None)), told("another usage", w.with_meta(usage={"type": "quota"})),
    told("detail is an object", w.with_data(detail={"a": 1}, error=None)),
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD_ENVELOPES, ids=lambda odd: odd.name)
def test_an_odd_but_legal_answer_to_an_order_is_read(
    odd: Behaviour, shared: StdioServer, shared_upstream: Upstream, new_prompt: Prompt
) -> None:
    before = len(shared_upstream.orders)
    shared_upstream.next("create", odd)
    answer = shared.call("create_wanx_task", task_type="txt2video-14b", prompt=new_prompt()).structured
    assert (answer["task_id"], answer["status"]) == (shared_upstream.charges[-1], "pending")
    assert len(shared_upstream.orders) == before + 1


@pytest.mark.parametrize("fields", [("task_id",), ("task_id", "status"), ("task_id", "status", "input")], ids=len)
def test_an_answer_to_an_order_needs_no_more_than_the_id(
    fields: tuple[str, ...], shared: StdioServer, shared_upstream: Upstream, new_prompt: Prompt
) -> None:
    shared_upstream.next("create", told("few fields", w.only(*fields)))
    answer = shared.call("create_wanx_task", task_type="txt2video-1.3b", prompt=new_prompt()).structured
    assert answer["task_id"] == shared_upstream.charges[-1]
    assert answer["status"] in ("pending", "processing")


@pytest.mark.parametrize("odd", ODD_ENVELOPES, ids=lambda odd: odd.name)
def test_an_odd_but_legal_answer_to_a_read_is_read(
    odd: Behaviour, shared: StdioServer, shared_upstream: Upstream
) -> None:
    answer = read_through(odd, shared, shared_upstream)
    assert (answer["status"], answer["video_url"]) == ("completed", address(shared_upstream, answer))


@pytest.mark.parametrize("place", w.PLACES, ids=str)
def test_the_video_is_found_in_each_of_its_places(place: str, shared: StdioServer, shared_upstream: Upstream) -> None:
    answer = read_through(told(place, w.url_in(w.PLACES[place])), shared, shared_upstream)
    assert (answer["status"], answer["video_url"]) == ("completed", address(shared_upstream, answer))


NO_VIDEO = {
    "output null": {"output": None},
    "output empty": {"output": {}},
    "url empty": {"output": {"video_url": ""}},
    "url not https": {"output": {"video_url": "http://example.com/a.mp4"}},
    "url a script": {"output": {"video_url": "javascript:alert(1)//a.mp4"}},
    "url a file": {"output": {"video_url": "file:///etc/passwd.mp4"}},
    "url a number": {"output": {"video_url": 7}},
    "only in the input": {"output": {}, "input": {"prompt": "x", "image": "https://example.com/sent-by-me.mp4"}},
    "only a cover": {"output": {"cover": "https://example.com/cover.png"}},
}


@pytest.mark.parametrize("change", NO_VIDEO.values(), ids=NO_VIDEO.keys())
def test_what_is_no_video_address_is_not_given_as_one(
    change: dict[str, Any], shared: StdioServer, shared_upstream: Upstream
) -> None:
    answer = read_through(told("no video", w.with_data(**change)), shared, shared_upstream)
    assert "video_url" not in answer
    assert "sent-by-me" not in answer["next_step"]


def test_a_late_address_is_waited_for(shared: StdioServer, shared_upstream: Upstream) -> None:
    task_id = shared_upstream.place(dict(BOAT.wire), KEY)
    shared_upstream.next("read", told("no address yet", w.with_data(output={"video_url": ""})))
    shared.call("get_wanx_task", task_id=task_id)
    time.sleep(2.1)  # reads within two seconds are answered from memory
    answer = shared.call("get_wanx_task", task_id=task_id, wait_seconds=5).structured
    assert (answer["status"], answer["video_url"]) == ("completed", f"{shared_upstream.base_url}/media/{task_id}.mp4")


def test_an_early_address_does_no_harm(shared: StdioServer, shared_upstream: Upstream) -> None:
    early = told("early", w.with_data(output={"video_url": f"{shared_upstream.base_url}/media/early.mp4"}))
    assert read_through(early, shared, shared_upstream, IN_WORK)["status"] in ("processing", "completed")


WORDS = {
    "success": ("completed",), "succeeded": ("completed",), "error": ("failed",), "canceled": ("cancelled",),
    "Cancelled": ("cancelled",), "running": ("processing",), "in_progress": ("processing",), "starting": ("pending", "processing"),
    "retry": ("pending", "processing"), "Staged": ("pending", "processing"),
}  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_the_older_status_words_are_understood(word: str, shared: StdioServer, shared_upstream: Upstream) -> None:
    assert read_through(told(word, w.with_data(status=word)), shared, shared_upstream)["status"] in WORDS[word]


def test_an_unknown_status_word_is_work_going_on(shared: StdioServer, shared_upstream: Upstream) -> None:
    answer = read_through(told("new word", w.with_data(status="Marinating", output=None)), shared, shared_upstream)
    assert answer["status"] == "processing"
    assert answer["provider_status"].lower() == "marinating"


NOON = datetime(2025, 4, 1, 7, 40, 8, tzinfo=UTC)
DATES = {
    "nanoseconds": ("2025-04-01T07:40:08.333962391Z", NOON),
    "an offset": ("2025-04-01T15:40:08.333962+08:00", NOON),
    "whole seconds": ("2025-04-01T07:40:08Z", NOON),
    "zero": (ZERO_DATE, None),
    "empty": ("", None),
    "null": (None, None),
    "no date at all": ("yesterday", None),
    "a number": (12, None),
}


@pytest.mark.parametrize("date, meant", DATES.values(), ids=DATES.keys())
def test_every_spelling_of_a_date_is_read(
    date: Any, meant: datetime | None, shared: StdioServer, shared_upstream: Upstream
) -> None:
    dates = dict.fromkeys(("created_at", "started_at", "ended_at"), date)
    answer = read_through(told("dates", w.with_meta(**dates)), shared, shared_upstream)
    assert answer["status"] == "completed"
    for name in dates:
        if meant is None:
            assert name == "created_at" or name not in answer
        else:
            read = datetime.fromisoformat(answer[name])
            assert read.utcoffset() == timedelta(0)
            assert abs(read - meant) < timedelta(seconds=1)
    assert answer.get("elapsed_seconds", 0) >= 0


def test_elapsed_time_is_never_negative(shared: StdioServer, shared_upstream: Upstream) -> None:
    backwards = told("backwards", w.with_meta(created_at="2099-01-01T00:00:00Z", ended_at="2025-01-01T00:00:00Z"))
    assert read_through(backwards, shared, shared_upstream).get("elapsed_seconds", 0) >= 0


def test_points_become_dollars(shared: StdioServer, shared_upstream: Upstream) -> None:
    usage = {"type": "point", "frozen": 0, "consume": 2_800_000}
    answer = read_through(told("usage", w.with_meta(usage=usage)), shared, shared_upstream)
    assert float(answer["charged_usd"]) == pytest.approx(0.28)


def test_a_failed_task_is_an_answer(shared: StdioServer, shared_upstream: Upstream) -> None:
    failed = Life(ending="failed", error="The picture could not be decoded")
    answer = read_through(w.PLAIN, shared, shared_upstream, failed)
    assert answer["status"] == "failed"
    assert "could not be decoded" in answer["error_message"]
    assert "video_url" not in answer


def test_a_cancelled_task_is_an_answer(shared: StdioServer, shared_upstream: Upstream) -> None:
    assert read_through(w.PLAIN, shared, shared_upstream, Life(ending="cancelled"))["status"] == "cancelled"


def test_a_webhook_secret_in_the_echo_is_never_shown(shared: StdioServer, shared_upstream: Upstream) -> None:
    echo = {
        "service_mode": "",
        "webhook_config": {"endpoint": "https://hooks.example.com/spy", "secret": "s3cret-in-clear"},
    }
    read_through(told("echo", w.with_data(config=echo)), shared, shared_upstream)
    assert "s3cret-in-clear" not in shared.lines[-1] and "hooks.example.com" not in shared.lines[-1]
