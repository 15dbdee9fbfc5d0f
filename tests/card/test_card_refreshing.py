"""When the card looks again by itself, and when it no longer does. Time is the page's clock, which the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.card.stage import Stage
from tests.card.theatre import WORKING, Theatre

TEN_MINUTES = 600_000
HOUR = 3600


@pytest.fixture
def timed(browser: Any, house: Theatre, host_script: tuple[bytes, str]) -> Iterator[Stage]:
    """A stage whose clock runs only when the test says so."""
    with Stage.lit(browser, house, host_script[1]) as found:
        found.page.clock.install(time=0)
        found.page.clock.pause_at(HOUR)
        yield found
        found.check()


@pytest.fixture
def working(house: Theatre) -> str:
    task_id = house.order()
    house.direct(task_id, WORKING, ago=60)
    return task_id


def follow(stage: Stage, task_id: str, **options: Any) -> int:
    """The card of a running task; how many seconds the server asked it to wait."""
    stage.open(**options)
    result = stage.run(task_id)
    stage.wait("state", "Rendering")
    return int(result["structuredContent"]["poll_after_seconds"])


def looks(stage: Stage, count: int) -> None:
    stage.page.wait_for_function("count => host.calls.length === count", arg=count)


def await_clip(stage: Stage) -> None:
    """Turn the clock until the clip is there: the server answers from memory for 2 s of its own time."""
    from playwright.sync_api import TimeoutError as Late

    for _ in range(400):
        stage.page.clock.run_for(31_000)
        with suppress(Late):
            return stage.at("title").wait_for(state="visible", timeout=300)
    raise AssertionError("the clip never came")


def idle(stage: Stage) -> None:
    """Ten minutes go by without a look."""
    before = stage.calls()
    stage.page.clock.run_for(TEN_MINUTES)
    stage.page.evaluate("host.echo()")
    assert stage.calls() == before


def test_it_looks_again_after_the_pause_that_the_server_names_and_not_before(timed: Stage, working: str) -> None:
    pause = follow(timed, working)
    timed.page.clock.run_for((pause - 2) * 1000)
    assert timed.calls() == 0
    timed.page.clock.run_for(3000)
    looks(timed, 1)
    assert timed.page.evaluate("host.calls") == [{"name": "get_wanx_task", "arguments": {"task_id": working}}]


def test_the_elapsed_time_goes_on_between_two_looks(timed: Stage, working: str) -> None:
    follow(timed, working)
    before = timed.seen("passed")
    timed.page.clock.run_for(5000)
    assert timed.seen("passed") != before
    assert timed.calls() == 0


def test_it_turns_into_the_clip_when_the_task_is_done_and_looks_no_more(
    timed: Stage, house: Theatre, working: str
) -> None:
    pause = follow(timed, working)
    house.finish(working)
    timed.page.clock.run_for((pause + 1) * 1000)
    looks(timed, 1)
    await_clip(timed)
    assert timed.seen("title") == "Your video is ready"
    idle(timed)


def test_it_rests_while_it_is_scrolled_away_and_looks_when_it_is_back(timed: Stage, working: str) -> None:
    follow(timed, working)
    timed.page.evaluate("document.body.style.paddingTop = '5000px'")
    timed.frame.wait_for_function("() => !card.hasAttribute('data-live')", polling=50)
    idle(timed)
    timed.page.evaluate("document.body.style.paddingTop = '0'")
    timed.frame.wait_for_function("() => card.hasAttribute('data-live')", polling=50)
    timed.page.clock.run_for(1000)
    looks(timed, 1)


def test_it_rests_while_the_page_is_hidden(timed: Stage, working: str) -> None:
    follow(timed, working)
    turn = (
        "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }"
    )
    timed.frame.evaluate(turn, "hidden")
    idle(timed)
    timed.frame.evaluate(turn, "visible")
    timed.page.clock.run_for(1000)
    looks(timed, 1)


def test_it_rests_for_ever_after_a_teardown(timed: Stage, working: str) -> None:
    follow(timed, working)
    assert timed.page.evaluate("host.teardown()") == {}
    idle(timed)


def test_a_look_that_fails_loses_nothing_and_is_made_again_later(timed: Stage, house: Theatre, working: str) -> None:
    pause = follow(timed, working)
    for count, spoil in enumerate(("error", "refuse"), start=1):
        timed.page.evaluate("spoil => { host.spoil = spoil }", spoil)
        timed.page.clock.run_for(120_000 if count > 1 else (pause + 1) * 1000)
        timed.page.wait_for_function("count => host.calls.length >= count", arg=count)
        assert timed.seen("state") == "Rendering"
        assert timed.seen("brief").startswith("A paper boat")
    timed.page.evaluate("host.spoil = null")
    house.finish(working)
    await_clip(timed)
    assert timed.seen("title") == "Your video is ready"


def test_it_gives_up_after_a_while_and_offers_to_look_again(timed: Stage, working: str) -> None:
    follow(timed, working)
    timed.page.evaluate("host.spoil = 'refuse'")
    for count in range(1, 7):
        timed.page.clock.run_for(61_000)
        looks(timed, count)
        timed.frame.wait_for_function("count => card.dataset.misses === String(count)", arg=count)
    idle(timed)
    timed.page.evaluate("host.spoil = null")
    timed.at("again").click()
    looks(timed, 7)
    timed.wait("brief", "A paper boat")


def test_without_the_hosts_tools_it_is_a_still_line(timed: Stage, working: str) -> None:
    follow(timed, working, tools=False)
    before = timed.seen("figures")
    idle(timed)
    assert timed.seen("figures") == before
    assert timed.frame.evaluate("() => getComputedStyle(mark).animationName") == "none"


def test_a_task_that_the_provider_has_forgotten_is_not_asked_for_again(timed: Stage, house: Theatre) -> None:
    task_id = house.order()
    timed.open()
    timed.page.evaluate("() => { host.forget = ['poll_after_seconds', 'eta_seconds'] }")
    timed.run(task_id)
    timed.wait("state", "Not found")
    idle(timed)


def test_a_link_that_stays_expired_is_asked_for_once_and_no_more(timed: Stage, house: Theatre) -> None:
    timed.expected = True
    task_id = house.order()
    house.finish(task_id, ago=24 * 3600)
    timed.show(task_id)
    timed.wait("hint", "cannot be played here")
    timed.page.clock.run_for(1000)
    looks(timed, 1)
    timed.page.evaluate("host.echo()")
    idle(timed)
