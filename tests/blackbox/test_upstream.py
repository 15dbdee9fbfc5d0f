"""The fake provider itself: each way to differ from the contract is seen by a client, and only when it was asked for."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from . import provider_history as h
from . import weather as w
from .conftest import KEY
from .echoes import DATES, ECHOES, IDS, USAGES
from .provider_task import FOREVER, IN_WORK, Life
from .upstream import Upstream

PROMPT = 'A "boat" & a cafe\u0301, caf\u00e9  \ufb01lm'
INPUT = {"prompt": PROMPT, "negative_prompt": "blurry", "aspect_ratio": "9:16", "image": "https://example.com/a.png"}
ORDER = {"model": "Qubico/wanx", "task_type": "img2video-14b", "input": INPUT}
HISTORY = "/api/open/tasks/histories"


def ask(upstream: Upstream, method: str, path: str, body: Any = None, key: str = KEY) -> tuple[HTTPResponse, Any]:
    """The answer, and its JSON or text."""
    connection = HTTPConnection("127.0.0.1", upstream.port, timeout=120)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"x-api-key": key})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    return response, json.loads(text) if response.headers["Content-Type"] == "application/json" else text


def create(upstream: Upstream) -> Any:
    return ask(upstream, "POST", "/api/v1/task", ORDER)[1]["data"]


def read(upstream: Upstream, task_id: str = "", key: str = KEY) -> Any:
    path = f"/api/v1/task/{quote(task_id or create(upstream)['task_id'], safe='')}"
    return ask(upstream, "GET", path, key=key)[1]["data"]


def listed(upstream: Upstream, key: str = KEY, **query: Any) -> Any:
    return ask(upstream, "GET", f"{HISTORY}?{urlencode({'page_size': 100, **query})}", key=key)[1]["data"]


@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_is_changed_and_the_honest_one_is_not(name: str, upstream: Upstream) -> None:
    assert read(upstream)["input"] == INPUT
    upstream.echo = ECHOES[name]
    told = read(upstream)["input"]
    if name == "filled":
        assert told == {**INPUT, "seed": 0}
    else:
        assert told != INPUT
    if name in ("NFC", "NFD", "NFKC"):
        assert told["prompt"] == unicodedata.normalize(name, PROMPT)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", USAGES)
def test_a_usage_is_changed(name: str, upstream: Upstream) -> None:
    lives = (IN_WORK, Life())
    upstream.next_life(*lives)
    honest = [read(upstream)["meta"]["usage"] for _ in lives]
    assert [(usage["frozen"], usage["consume"]) for usage in honest] == [(2_800_000, 0), (0, 2_800_000)]
    upstream.usage = USAGES[name]
    upstream.next_life(*lives)
    assert [read(upstream)["meta"].get("usage") for _ in lives] != honest


def seen(upstream: Upstream) -> list[Any]:
    """All that a client can see of the history: two pages of two, one of all, one filtered by model, one by time."""
    soon = datetime.now(UTC).timestamp() + 4 * 3600
    pages = [listed(upstream, page=page, page_size=2) for page in (1, 2)]
    return [*pages, listed(upstream), listed(upstream, model="wan"), listed(upstream, start_time=soon)]


@pytest.mark.parametrize("odd", h.HISTORIES, ids=lambda odd: odd.name)
def test_a_history_is_changed(odd: h.History, upstream: Upstream) -> None:
    for _ in range(4):
        create(upstream)
    honest = seen(upstream)
    assert [row["task_id"] for page in honest[:2] for row in page["data"]] == [*upstream.tasks][::-1]
    assert seen(upstream) == honest
    upstream.histories = (odd,)
    assert seen(upstream) != honest
    upstream.histories = (odd, h.capped(2), h.ASCENDING)
    assert seen(upstream) != honest


def test_a_history_row_has_the_keys_of_the_contract(upstream: Upstream) -> None:
    task_id = create(upstream)["task_id"]
    upstream.end(task_id)
    (row,) = listed(upstream)["data"]
    assert (row["task_id"], row["action"], row["status"]) == (task_id, "img2video-14b", "finished")
    assert "task_type" not in row and "model" not in row and row["detail"]["task_type"] == "img2video-14b"


@pytest.mark.parametrize("name", IDS)
def test_odd_ids_can_be_read(name: str, upstream: Upstream) -> None:
    upstream.new_id = IDS[name]
    first, second = create(upstream)["task_id"], create(upstream)["task_id"]
    assert read(upstream, first)["task_id"] == first
    assert (first == second) == (name == "the same")
    assert len(upstream.charges) == len({first, second})


@pytest.mark.parametrize("name", DATES)
def test_the_date_header_is_changed(name: str, upstream: Upstream) -> None:
    def off() -> timedelta | None:
        date = ask(upstream, "GET", "/account/info")[0].headers["Date"]
        return parsedate_to_datetime(date) - datetime.now(UTC) if date else None

    honest = off()
    assert honest is not None and abs(honest) < timedelta(minutes=5)
    upstream.date = DATES[name] if name != "cached" else lambda now: DATES["cached"](now - timedelta(hours=1))
    assert (changed := off()) is None or abs(changed) > timedelta(minutes=30) - timedelta(minutes=5)


def test_tasks_age_and_their_dates_may_be_off(upstream: Upstream) -> None:
    made = create(upstream)["task_id"]
    upstream.created_off = timedelta(hours=1)
    ahead = create(upstream)["task_id"]
    upstream.age(600)
    now = datetime.now(UTC)
    dates = [datetime.fromisoformat(read(upstream, task_id)["meta"]["created_at"]) for task_id in (made, ahead)]
    assert [round((date - now).total_seconds() / 600) for date in dates] == [-1, 5]
    assert [row["task_id"] for row in listed(upstream, start_time=now.timestamp())["data"]] == [ahead]


def test_keys_may_share_an_account(upstream: Upstream) -> None:
    upstream.accounts = {"new key": KEY}
    task_id = create(upstream)["task_id"]
    ids = [ask(upstream, "GET", "/account/info", key=key)[1]["data"]["id"] for key in (KEY, "new key", "other key")]
    assert ids[0] == ids[1] != ids[2]
    assert [bool(read(upstream, task_id, key)) for key in (KEY, "new key", "other key")] == [True, True, False]


def test_prices_rise_and_tasks_are_unknown_while_young(upstream: Upstream) -> None:
    upstream.price_factor, upstream.young_seconds = 10, 60
    told = create(upstream)
    assert told["meta"]["usage"]["frozen"] == 28_000_000
    assert read(upstream, told["task_id"]) is None
    upstream.age(61)
    assert read(upstream, told["task_id"])["status"] == "completed"


def test_one_task_can_be_met_otherwise_than_all_others(upstream: Upstream) -> None:
    first, second = create(upstream)["task_id"], create(upstream)["task_id"]
    upstream.always_for(first, w.SERVER_ERROR)
    assert (read(upstream, first), read(upstream, second)["task_id"]) == (None, second)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 413, 503])
def test_a_gateway_answers_an_order_instead_of_the_provider(status: int, upstream: Upstream) -> None:
    upstream.next("create", w.page(status))
    response, told = ask(upstream, "POST", "/api/v1/task", ORDER)
    assert (response.status, told[:6], upstream.tasks) == (status, "<html>", {})


@pytest.mark.parametrize("name", w.FAILURES)
def test_a_reason_of_a_failure_may_stand_elsewhere(name: str, upstream: Upstream) -> None:
    upstream.life = Life(processing_reads=FOREVER)
    upstream.always("read", w.FAILURES[name])
    told = read(upstream)
    assert (told["status"], told["error"]["message"]) == ("failed", "")
    assert w.REASON in json.dumps([told["logs"], told["error"]["detail"]])


def test_secrets_come_back_in_other_spellings(upstream: Upstream) -> None:
    for spell in w.SPELLINGS.values():
        upstream.next("create", w.spelling((KEY, "https://hooks.example.com/x"), spell))
        message = ask(upstream, "POST", "/api/v1/task", ORDER)[1]["message"]
        assert spell("https://hooks.example.com/x") in message and "https://hooks.example.com/x" not in message
