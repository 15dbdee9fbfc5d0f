"""Rare states that must not be told wrongly: links that end, clips without a length, words from right to left."""

from __future__ import annotations

import pytest

from tests.card.stage import Stage
from tests.card.test_card_states import cancelled, completed, failed, pending
from tests.card.theatre import Theatre

HEBREW = "סירת נייר שטה לאורך מרזב בשעת דמדומים, ואורות הרחוב מנצנצים על פני המים"
DAY = 24 * 3600
LENGTH = """length => {
    Object.defineProperty(clip, 'duration', { value: length, configurable: true });
    clip.dispatchEvent(new Event('durationchange'));
}"""


def quiet(stage: Stage, looks: int) -> None:
    """So many looks of its own, and none that is still to come."""
    stage.page.evaluate("host.echo()")
    assert stage.calls() == looks


def test_a_saved_video_without_a_link_says_where_it_is(stage: Stage, house: Theatre) -> None:
    task_id = completed(house)
    path = house.call("save_wanx_video", task_id=task_id)["path"]
    stage.show(task_id, {"video_url": None})
    assert stage.seen("title") == "Your video is saved"
    assert stage.seen("hint") == f"Saved at {path}"
    assert stage.at("stage").is_visible()
    assert (stage.at("clip").get_attribute("poster") or "").startswith("data:image/jpeg;base64,")
    assert stage.at("clip").get_attribute("controls") is None
    assert stage.at("save").is_hidden()
    assert stage.at("open").is_hidden()
    stage.wait("spoken", "The video is saved")
    quiet(stage, 0)
    stage.run(task_id)
    stage.wait("title", "Your video is ready")
    assert stage.at("clip").get_attribute("controls") is not None


def test_a_saved_video_without_link_and_poster_is_words_alone(stage: Stage, house: Theatre) -> None:
    stage.show(completed(house), {"video_url": None, "saved_path": "/videos/boat.mp4"})
    assert stage.seen("hint") == "Saved at /videos/boat.mp4"
    assert stage.at("stage").is_hidden()


def test_a_finished_video_whose_link_is_still_to_come_is_waited_for(stage: Stage, house: Theatre) -> None:
    stage.show(completed(house), {"video_url": None, "poll_after_seconds": 10})
    stage.wait("state", "Finished, waiting for the link")
    assert stage.at("again").is_hidden()


def test_a_finished_video_whose_link_will_not_come_is_not_waited_for(stage: Stage, house: Theatre) -> None:
    stage.show(completed(house), {"video_url": None, "poll_after_seconds": None}, width=320)
    assert stage.seen("brief") == "No link leads to it any more"  # where it is narrow, too
    assert stage.seen("state") == "Finished"
    quiet(stage, 0)
    stage.at("again").click()
    stage.wait("title", "Your video is ready")


def test_a_link_that_has_expired_is_asked_for_again_and_plays(stage: Stage, house: Theatre) -> None:
    stage.expected = True
    task_id = completed(house)
    link = house.call("get_wanx_task", task_id=task_id)["video_url"]
    stage.show(task_id, {"video_url": f"{link}?Expires=1&Signature=0"})
    stage.frame.wait_for_function("link => clip.src === link && clip.readyState > 0", arg=link)
    assert stage.seen("title") == "Your video is ready"
    assert stage.at("stage").is_visible()
    quiet(stage, 1)


def test_a_clip_that_is_gone_is_looked_for_once(stage: Stage, house: Theatre) -> None:
    stage.expected = True
    task_id = completed(house)
    house.finish(task_id, ago=DAY)
    stage.show(task_id)
    stage.wait("hint", "cannot be played here: its link may have expired")
    stage.page.wait_for_function("() => host.calls.length === 1")
    stage.wait("title", "Your video is finished")
    assert stage.at("stage").is_hidden()
    stage.at("save").click()
    stage.wait("note", "It could not be saved: the video link has expired")
    quiet(stage, 1)


@pytest.mark.parametrize("length", ["Infinity", "NaN", "0"])
def test_a_clip_without_a_length_shows_none(stage: Stage, house: Theatre, length: str) -> None:
    stage.show(completed(house))
    stage.wait("facts", "5.3")
    stage.frame.evaluate(f"() => ({LENGTH})({length})")
    assert stage.seen("facts") == "832\u00a0\u00d7\u00a0480 · took\u00a02:48 · charged\u00a0$0.28"
    stage.frame.evaluate(f"() => ({LENGTH})(4.2)")
    assert "4.2\u00a0s" in stage.seen("facts")


@pytest.mark.parametrize("figure", ["elapsed_seconds", "eta_seconds", "price_usd", "charged_usd"])
def test_a_figure_that_is_none_is_left_out(stage: Stage, house: Theatre, figure: str) -> None:
    stage.show(pending(house), {figure: "soon"})
    assert stage.seen("state") == "In the queue"
    assert "NaN" not in stage.at("card").inner_text()


def test_a_failure_without_words_and_figures_claims_neither(stage: Stage, house: Theatre) -> None:
    stage.show(failed(house), {"error_message": None, "charged_usd": None})
    assert stage.seen("reason") == "The provider gave no reason."
    assert stage.at("figures").is_hidden()


def test_a_cancelled_task_shows_no_price_as_if_it_had_been_paid(stage: Stage, house: Theatre) -> None:
    stage.show(cancelled(house), {"charged_usd": None})
    assert stage.seen("state") == "Cancelled"
    assert stage.at("figures").is_hidden()


def test_a_state_that_the_card_does_not_know_is_not_explained(stage: Stage, house: Theatre) -> None:
    stage.show(pending(house), {"status": "unknown"})
    assert stage.seen("state") == "Unknown"
    assert "Ask in the chat" in stage.seen("advice")
    assert "No video" not in stage.seen("advice")


def test_a_prompt_from_right_to_left_is_set_so(stage: Stage, house: Theatre) -> None:
    direction = "name => getComputedStyle(document.getElementById(name)).direction"
    task_id = house.order(HEBREW)
    stage.show(task_id)
    assert stage.seen("brief") == HEBREW
    assert stage.frame.evaluate(direction, "brief") == "rtl"
    finished = house.order(HEBREW)
    house.finish(finished)
    stage.run(finished)
    stage.wait("prompt", HEBREW)
    assert stage.frame.evaluate(direction, "prompt") == "rtl"
    assert stage.frame.evaluate(direction, "hint") == "ltr"


def test_the_poster_of_one_task_is_not_hung_before_the_next(stage: Stage, house: Theatre) -> None:
    first, second = completed(house), completed(house)
    house.call("save_wanx_video", task_id=first)
    stage.show(first)
    stage.wait("hint", "Saved at")
    stage.run(second)
    stage.wait("hint", "The link expires")
    assert stage.at("clip").get_attribute("poster") is None
