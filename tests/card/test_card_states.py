"""What a person sees of a task in each of its states, in a real browser under the policy that the card declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.card.stage import Stage
from tests.card.theatre import BROKEN, WORKING, Theatre

EVIL = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script></p><b>bold</b> & a boat'


def pending(house: Theatre) -> str:
    return house.order()


def processing(house: Theatre) -> str:
    task_id = house.order()
    house.direct(task_id, WORKING, ago=60)
    return task_id


def completed(house: Theatre) -> str:
    task_id = house.order()
    house.finish(task_id)
    return task_id


def failed(house: Theatre) -> str:
    task_id = house.order()
    house.direct(task_id, BROKEN, ago=60)
    return task_id


def cancelled(house: Theatre) -> str:
    task_id = house.order()
    house.call("cancel_wanx_task", task_id=task_id)
    return task_id


STATES = (pending, processing, completed, failed, cancelled)
LOOKS: dict[str, dict[str, Any]] = {"light": {}, "dark": {"theme": "dark"}, "narrow": {"width": 320}}


def test_a_pending_task_is_one_slim_line(stage: Stage, house: Theatre) -> None:
    stage.show(pending(house))
    assert stage.seen("state") == "In the queue"
    assert re.fullmatch(r"0:0\d of about \d+:\d\d · \$0\.28", stage.seen("figures"))
    assert stage.at("body").is_hidden()
    assert stage.page.evaluate("host.sizes.at(-1)") < 60
    assert stage.page.locator("#sandbox").bounding_box()["height"] < 60  # type: ignore[index]


def test_a_processing_task_shows_how_far_it_is(stage: Stage, house: Theatre) -> None:
    stage.show(processing(house))
    assert stage.seen("state") == "Rendering"
    assert stage.seen("figures").startswith("1:0")
    assert stage.seen("brief").startswith("A paper boat")
    bar = stage.at("track")
    assert bar.get_attribute("role") == "progressbar"
    assert 5 < int(bar.get_attribute("aria-valuenow") or 0) < 60
    assert " of about " in (bar.get_attribute("aria-valuetext") or "")
    stage.wait("spoken", "Rendering, about")


def test_a_completed_task_is_the_clip_and_it_plays(stage: Stage, house: Theatre) -> None:
    stage.show(completed(house))
    assert stage.seen("title") == "Your video is ready"
    stage.wait("facts", "832")
    assert "5.3\u00a0s · took\u00a02:48 · charged\u00a0$0.28" in stage.seen("facts")
    stage.frame.evaluate("() => clip.play()")
    stage.frame.wait_for_function("() => clip.currentTime > 0.5")
    assert stage.frame.evaluate("() => [clip.videoWidth, clip.videoHeight]") == [832, 480]
    assert stage.at("line").is_hidden()
    stage.wait("spoken", "The video is ready")
    stage.frame.evaluate("() => { clip.pause(); clip.currentTime = 4 }")
    stage.frame.wait_for_function("() => !clip.seeking && clip.currentTime === 4")


def test_an_upright_clip_stands_beside_its_words_or_above_them(stage: Stage, house: Theatre) -> None:
    task_id = house.order(aspect_ratio="9:16")
    house.finish(task_id)
    stage.show(task_id)
    stage.wait("facts", "480\u00a0\u00d7\u00a0832")
    clip, title = stage.at("clip").bounding_box(), stage.at("title").bounding_box()
    assert clip is not None
    assert title is not None
    assert title["x"] > clip["x"] + clip["width"]
    stage.page.evaluate("document.getElementById('sandbox').style.width = '320px'")
    stage.frame.wait_for_function("() => title.getBoundingClientRect().top > clip.getBoundingClientRect().bottom")


def test_a_failed_task_says_why_what_it_cost_and_what_to_do(stage: Stage, house: Theatre) -> None:
    stage.show(failed(house))
    assert stage.seen("state") == "The video could not be made"
    assert stage.seen("figures") == "Not charged"
    assert "CUDA out of memory on worker 7" in stage.seen("reason")
    assert "changed prompt" in stage.seen("advice")
    assert stage.at("stage").is_hidden()


def test_a_cancelled_task_says_so(stage: Stage, house: Theatre) -> None:
    stage.show(cancelled(house))
    assert stage.seen("state") == "Cancelled"
    assert "Ask for it again" in stage.seen("advice")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_grave(stage: Stage, house: Theatre, state: Callable[[Theatre], str], look: str) -> None:
    stage.show(state(house), **LOOKS[look])
    stage.frame.wait_for_function("() => card.dataset.state !== 'still' || state.textContent === 'Cancelled'")
    assert stage.faults() == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_nothing_is_cut_off_where_it_is_narrow(stage: Stage, house: Theatre, state: Callable[[Theatre], str]) -> None:
    stage.show(state(house), width=320)
    stage.frame.wait_for_function("() => card.dataset.state !== 'still' || state.textContent === 'Cancelled'")
    wide = (
        "() => [...document.querySelectorAll('#card *')].filter(x => x.getClientRects().length && !x.closest('.unseen')"
    )
    over = f"{wide} && x.getBoundingClientRect().right > innerWidth).map(x => x.id)"
    assert stage.frame.evaluate(over) == []


def test_the_card_wears_the_theme_of_the_host_and_changes_with_it(stage: Stage, house: Theatre) -> None:
    ground = "() => getComputedStyle(card).backgroundColor"
    stage.show(pending(house), theme="dark")
    stage.seen("state")
    assert stage.frame.evaluate(ground) == "rgb(29, 31, 35)"
    stage.page.evaluate("host.dress({ theme: 'light' })")
    stage.frame.wait_for_function("() => getComputedStyle(card).backgroundColor === 'rgb(255, 255, 255)'")
    stage.page.evaluate("host.dress({ styles: { variables: { '--font-sans': 'Georgia, serif' } } })")
    stage.frame.wait_for_function("() => getComputedStyle(card).fontFamily.startsWith('Georgia')")


def test_a_prompt_full_of_markup_stays_text(stage: Stage, house: Theatre) -> None:
    task_id = house.order(EVIL)
    house.finish(task_id)
    stage.show(task_id)
    stage.wait("prompt", "a boat")
    assert stage.at("prompt").text_content() == EVIL
    assert stage.frame.evaluate("() => [window.hurt ?? null, document.querySelectorAll('b, img').length]") == [None, 0]


def test_a_provider_that_speaks_markup_is_quoted_as_text(stage: Stage, house: Theatre) -> None:
    stage.show(failed(house), {"error_message": EVIL})
    stage.wait("reason", EVIL)
    assert stage.frame.evaluate("() => [window.hurt ?? null, document.querySelectorAll('b, img').length]") == [None, 0]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:parent.hurt=1",
        "http://example.com/a.mp4",
        "data:video/mp4;base64,AAAA",
        "file:///etc/passwd",
        "ftp:x",
    ],
)
def test_a_link_that_is_not_https_is_neither_played_nor_opened(stage: Stage, house: Theatre, link: str) -> None:
    stage.show(completed(house), {"video_url": link})
    stage.wait("brief", "cannot be opened safely")
    assert stage.at("open").is_hidden()
    assert stage.at("clip").get_attribute("src") is None


def test_a_clip_that_the_policy_keeps_out_leaves_its_link(stage: Stage, house: Theatre) -> None:
    stage.expected = True
    stage.show(completed(house), {"video_url": "https://elsewhere.example/a.mp4"}, tools=False)
    stage.wait("hint", "cannot be played here")
    assert stage.at("stage").is_hidden()
    assert stage.at("open").is_visible()
    assert any("Content Security Policy" in complaint for complaint in stage.complaints)


def test_a_saved_video_brings_its_poster(stage: Stage, house: Theatre) -> None:
    task_id = completed(house)
    path = house.call("save_wanx_video", task_id=task_id)["path"]
    stage.show(task_id)
    stage.wait("hint", f"Saved at {path}")
    assert (stage.at("clip").get_attribute("poster") or "").startswith("data:image/jpeg;base64,")
    size = "async () => { const i = new Image(); i.src = clip.poster; await i.decode(); return i.naturalWidth }"
    assert stage.frame.evaluate(size) == 480


def test_a_host_that_lets_no_poster_in_still_plays_the_clip(stage: Stage, house: Theatre) -> None:
    stage.expected = True
    task_id = completed(house)
    house.call("save_wanx_video", task_id=task_id)
    stage.show(task_id, data="")
    stage.frame.evaluate("() => clip.play()")
    stage.frame.wait_for_function("() => clip.currentTime > 0.2")
    assert any("data:" in complaint for complaint in stage.complaints)
    assert stage.at("stage").is_visible()


def test_while_the_model_waits_the_card_looks_for_itself(stage: Stage, house: Theatre) -> None:
    task_id = processing(house)
    stage.open()
    stage.page.evaluate("id => host.input({ task_id: id, wait_seconds: 45 })", task_id)
    stage.wait("state", "Rendering")
    assert stage.calls() == 1


def test_a_look_of_its_own_that_fails_says_nothing_of_the_call_that_waits(stage: Stage, house: Theatre) -> None:
    stage.open()
    stage.page.evaluate("host.spoil = 'refuse'")
    stage.page.evaluate("id => host.input({ task_id: id, wait_seconds: 45 })", house.order())
    stage.page.wait_for_function("() => host.calls.length === 1")
    stage.page.evaluate("host.echo()")
    assert stage.seen("state") == "Looking at the task"


def test_another_task_on_the_same_card_starts_anew(stage: Stage, house: Theatre) -> None:
    first, second = processing(house), house.order("A lighthouse")
    stage.show(first)
    stage.wait("brief", "A paper boat")
    far = int(stage.at("track").get_attribute("aria-valuenow") or 0)
    stage.run(second)
    stage.wait("brief", "A lighthouse")
    assert int(stage.at("track").get_attribute("aria-valuenow") or 0) < far


def test_a_task_that_cannot_be_read_says_why(stage: Stage) -> None:
    stage.open()
    stage.run("no-such-task")
    assert stage.seen("state") == "The task could not be read"
    assert stage.at("again").is_visible()
    assert "Charged" not in stage.seen("reason")


def test_a_cancelled_call_ends_the_watching_not_the_order(stage: Stage, house: Theatre) -> None:
    task_id = processing(house)
    stage.open()
    stage.page.evaluate("id => host.input({ task_id: id })", task_id)
    stage.page.evaluate("host.cancel()")
    stage.wait("state", "No longer watching")
    stage.wait("brief", "The order itself goes on")
    stage.at("again").click()
    stage.wait("state", "Rendering")


def test_a_long_prompt_is_folded_and_unfolds(stage: Stage, house: Theatre) -> None:
    task_id = house.order("A paper boat drifts along a rain gutter. " * 30)
    house.finish(task_id)
    stage.show(task_id)
    more = stage.at("more")
    more.wait_for(state="visible")
    before = stage.at("prompt").bounding_box()
    assert more.get_attribute("aria-expanded") == "false"
    more.press("Enter")
    assert more.get_attribute("aria-expanded") == "true"
    after = stage.at("prompt").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] * 2


def test_motion_is_reduced_for_those_who_ask(stage: Stage, house: Theatre) -> None:
    moving = "() => [getComputedStyle(mark).animationName, getComputedStyle(fill).transitionDuration]"
    stage.show(processing(house))
    stage.seen("state")
    assert stage.frame.evaluate(moving) == ["breathe", "1s"]
    stage.page.emulate_media(reduced_motion="reduce")
    assert stage.frame.evaluate(moving) == ["none", "0s"]
