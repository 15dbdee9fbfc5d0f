"""Each quirk of the simulated provider, over HTTP: what it is named for is seen with it, and not without it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests import seen as s
from tests.probe import KEY, PROMPT, probing
from wanx_mcp.simulator.quirks import clocks, history, pages, prices
from wanx_mcp.simulator.quirks.messages import LONG, POSING, REASON, VERY_LONG
from wanx_mcp.simulator.quirks.table import QUIRKS, named

pytestmark = pytest.mark.anyio
POINTS = 2_800_000
SECRETS = (KEY, "hush-hush-123", "http://127.0.0.1:9/hook")

ECHOES: dict[str, s.Look] = {
    "echo_escaped": s.prompted(lambda text: text.startswith("Tom &amp; &#34;Jerry&#34;")),
    "echo_escaped_twice": s.prompted(lambda text: text.startswith("Tom &amp;amp; &amp;quot;Jerry")),
    "echo_nfc": s.prompted(s.form("NFC")),
    "echo_nfd": s.prompted(s.form("NFD")),
    "echo_nfkc": s.prompted(s.form("NFKC")),
    "echo_collapsed": s.prompted(lambda text: text == PROMPT.replace("  ", " ")),
    "echo_newline": s.prompted(lambda text: text == PROMPT + "\n"),
    "echo_extended": s.prompted(lambda text: text.startswith(PROMPT + ",")),
    "echo_cut_short": s.prompted(lambda text: text == PROMPT[:20]),
    "echo_rewritten": s.prompted(lambda text: text != "" and "Tom" not in text),
    "echo_prompt_extend": s.echoed(
        lambda given: given["prompt"].startswith("Shot 1: "), {**s.BOAT, "prompt_extend": True}
    ),
    "echo_no_prompt": s.echoed(lambda given: given and "prompt" not in given),
    "echo_empty": s.echoed(lambda given: given == {}),
    "echo_null": s.echoed(lambda given: given is None),
    "echo_no_negative": s.echoed(lambda given: "negative_prompt" not in given),
    "echo_no_ratio": s.echoed(lambda given: "aspect_ratio" not in given),
    "echo_filled": s.echoed(lambda given: given["negative_prompt"] and given["seed"] == 0, s.BOAT),
    "echo_copied": s.echoed(lambda given: given["image"].startswith("https://storage.theapi.app/")),
    "echo_no_picture": s.echoed(lambda given: "image" not in given and "prompt" in given),
    "echo_type_renamed": s.read(lambda data: data["task_type"] == "wanx_img2video_14b"),
    "echo_no_type": s.read(lambda data: data["task_type"] == ""),
    "echo_model_case": s.read(lambda data: data["model"] == "Qubico/Wanx"),
    "echo_model_renamed": s.read(lambda data: data["model"] == "wan"),
}
HISTORIES: dict[str, s.Look] = {
    "history_empty": s.paged(lambda page: page["data"] == [] and page["total"] == 0),
    "history_null_list": s.paged(lambda page: page["data"] is None and page["total"] == 0),
    "history_null": s.paged(lambda page: page is None),
    "history_lag": s.listed(lambda rows: len(rows) == 2, age=14 * 60),
    "history_thin": s.listed(lambda rows: rows == [], age=60),
    "history_unlisted": s.listed(lambda rows: rows == []),
    "history_filter_finds_nothing": s.listed(lambda rows: rows == [], model="wan"),
    "history_filter_finds_newer": s.finds_newer_ones_only,
    "history_total_too_big": s.paged(lambda page: page["total"] == 10),
    "history_total_too_small": s.paged(lambda page: page["total"] == 1),
    "history_no_total": s.paged(lambda page: "total" not in page),
    "history_arrivals": s.arrives_between_pages,
    "history_strangers": s.has_a_stranger,
    "history_departures": s.leaves_between_pages,
    "history_page_repeats": s.listed(lambda rows: len(rows) == 3, page=2),
    "history_capped": s.paged(lambda page: (page["size"], len(page["data"])) == (20, 20), tasks=21),
    "history_ascending": s.listed(lambda rows: rows[0]["created_at"] < rows[-1]["created_at"]),
    "history_shuffled": s.listed_out_of_order,
    "history_twice": s.listed(lambda rows: len(rows) == 6),
    "history_filters_ignored": s.lists_what_was_not_asked_for,
    "history_other_clock": s.lists_eight_hours_off,
    "history_row_without_id": s.listed(lambda rows: not any(row["task_id"] for row in rows)),
    "history_row_without_date": s.listed(lambda rows: rows[0]["created_at"] == "yesterday"),
    "history_row_long_type": s.listed(lambda rows: len(rows[0]["action"]) == VERY_LONG),
    "history_row_other_type": s.listed(lambda rows: rows[0]["action"] == "TXT2VIDEO_14B"),
    "history_row_without_type": s.listed(lambda rows: rows[0]["action"] == "" and rows[0]["detail"] is None),
}
TIMES: dict[str, s.Look] = {
    "clock_created_off": s.dated(s.is_about(60), s.right),
    "clock_date_off": s.dated(s.right, s.is_about(60)),
    "clock_swinging": s.dated(s.is_about(29), s.is_about(29)),
    "clock_no_date": s.dated(s.right, lambda off: off is None),
    "clock_cached_date": s.cached(aged=True),
    "clock_cached_date_without_age": s.cached(aged=False),
    "clock_local_dates": s.dated(s.is_about(8 * 60), s.right),
}
USAGES: dict[str, s.Look] = {
    "price_factor": s.used(lambda usage: usage["frozen"] == 10 * POINTS),
    "usage_quota": s.used(lambda usage: (usage["type"], usage["consume"]) == ("quota", 1)),
    "usage_fraction": s.used(lambda usage: usage["frozen"] == 1.2),
    "usage_text": s.used(lambda usage: usage["frozen"] == str(POINTS)),
    "usage_late": s.used(lambda usage: not usage),
    "usage_at_once": s.used(lambda usage: (usage["frozen"], usage["consume"]) == (0, POINTS)),
    "usage_both": s.used(lambda usage: usage["frozen"] == usage["consume"] == POINTS),
    "usage_nothing": s.used(lambda usage: usage["consume"] == 0, after=s.HOURS),
    "usage_little": s.used(lambda usage: usage["consume"] == POINTS * 0.4, after=s.HOURS),
    "usage_held": s.used(lambda usage: usage["frozen"] == POINTS, after=s.HOURS, failing=True),
    "usage_charged": s.used(lambda usage: usage["consume"] == POINTS, after=s.HOURS, failing=True),
    "usage_untyped": s.used(lambda usage: usage and "type" not in usage),
}
IDS: dict[str, s.Look] = {
    "id_underscore": s.given(lambda task_id: task_id.startswith("_")),
    "id_slash": s.given(lambda task_id: "/" in task_id),
    "id_reserved": s.given(lambda task_id: "%2F?a=b&c#d" in task_id),
    "id_long": s.given(lambda task_id: len(task_id) == 200),
    "id_upper": s.given(str.isupper),
    "id_number": s.given(str.isdigit),
    "id_taken": s.gives_a_taken_id,
    "id_another": s.read(lambda data: data["task_id"].lower() != data["asked"] and len(data["task_id"]) == 36),
    "id_other_case": s.read(lambda data: data["task_id"] == data["asked"].swapcase()),
    "id_padded": s.read(lambda data: data["task_id"] == f" {data['asked']}\n"),
    "task_young": s.denied(404, "application/json", for_ever=False),
    "task_forgotten": s.denied(404, "application/json"),
    "task_html_404": s.denied(404, "text/html"),
    "task_plain_404": s.denied(404, "text/plain"),
    "task_always_500": s.denied(500, "application/json"),
    "task_type_long": s.read(lambda data: len(data["task_type"]) == VERY_LONG),
}
WORDS: dict[str, s.Look] = {
    "refused_long": s.said(lambda words: len(words) == LONG),
    "refused_very_long": s.said(lambda words: len(words) == VERY_LONG),
    "refused_posing": s.said(lambda words: words == POSING),
    "refused_percent": s.said(
        lambda words: "%6B%65%79%2D%30" in words and "%68%75%73%68" in words and KEY not in words
    ),
    "refused_base64": s.said(lambda words: all(b64encode(secret.encode()).decode() in words for secret in SECRETS)),
    "refused_capitals": s.said(lambda words: all(secret.upper() in words for secret in SECRETS)),
    "refused_partial": s.said(lambda words: KEY[:-2] in words and "127.0.0.1:9/ho" in words and "http" not in words),
    "refused_plan": s.upload_is_refused_for_the_plan,
    "failed_logs": s.failed(lambda data: REASON in data["logs"] and not data["error"]["message"]),
    "failed_log_objects": s.failed(lambda data: {"message": REASON} in data["logs"] and not data["error"]["message"]),
    "failed_detail": s.failed(lambda data: data["error"]["detail"] == REASON and not data["error"]["message"]),
    "failed_silent": s.failed(lambda data: data["error"]["code"] == 1100 and not any(list(data["error"].values())[1:])),
    "failed_long": s.failed(lambda data: len(data["error"]["message"]) == LONG),
    "failed_posing": s.failed(lambda data: data["error"]["message"] == POSING),
}
WAYS: dict[str, s.Look] = {
    **{
        f"create_html_{status}": s.answered("create", status, "<html>")
        for status in (*pages.TURNED_AWAY, *pages.UNCLEAR)
    },
    **{
        f"{kind}_html_{status}": s.answered(kind, status, "<html>")
        for kind in ("read", "history", "account")
        for status in (200, 403, 404)
    },
    **{f"{kind}_plain_404": s.answered(kind, 404, "404 page not found") for kind in pages.KINDS},
    **{
        f"{kind}_{status}_hour": s.answered(kind, status, "later", retry_after="3600")
        for kind in ("create", "read")
        for status in (429, 503)
    },
    **{f"{kind}_huge": s.answered(kind, 200, "{}," * 2_000_000) for kind in ("read", "history")},
    "stall_after": s.late(first=False),
    "stall_before": s.late(first=True),
    "account_early_names": s.told(lambda account: "account_id" in account and "id" not in account),
    "account_anonymous": s.told(lambda account: "id" not in account and "wallet" in account),
}
LOOKS = ECHOES | HISTORIES | TIMES | USAGES | IDS | WORDS | WAYS


def test_every_quirk_has_a_look_of_its_own() -> None:
    assert LOOKS.keys() == {name for name, quirk in QUIRKS.items() if not quirk.variants}  # test_get reads the variants


@pytest.mark.parametrize("name", LOOKS)
async def test_a_quirk_is_what_it_is_named_for(name: str) -> None:
    async with probing() as plain:
        assert not await LOOKS[name](plain)
    async with probing(named(name)) as odd:
        assert await LOOKS[name](odd)


@pytest.mark.parametrize(
    ("quirk", "look"),
    [
        (history.lag(minutes=30), s.listed(lambda rows: len(rows) == 2, age=29 * 60)),
        (history.capped(2), s.listed(lambda rows: len(rows) == 2)),
        (clocks.created_off(minutes=-5), s.dated(s.is_about(-5), s.right)),
        (clocks.date_off(minutes=-5), s.dated(s.right, s.is_about(-5))),
        (prices.price_factor(0.5), s.used(lambda usage: usage["frozen"] == POINTS // 2)),
        (pages.html_page("account", 451), s.answered("account", 451, "<html>")),
        (pages.refused("create", 409), s.answered("create", 409, "not now")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_quirk_takes_a_measure(quirk: Any, look: s.Look) -> None:
    async with probing() as plain:
        assert not await look(plain)
    async with probing([quirk]) as odd:
        assert await look(odd)
