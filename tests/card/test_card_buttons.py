"""What the buttons do, each through the host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.card.stage import Stage
from tests.card.theatre import Theatre

PROMPT = 'A lighthouse <turns> & shines; "quietly"'


@pytest.fixture
def finished(house: Theatre) -> str:
    task_id = house.order(PROMPT)
    house.finish(task_id)
    return task_id


@pytest.fixture
def reading_stage(browser: Any, house: Theatre, host_script: tuple[bytes, str]) -> Iterator[Stage]:
    """A browser whose clipboard the test may read."""
    with Stage.lit(browser, house, host_script[1], permissions=["clipboard-read", "clipboard-write"]) as found:
        yield found
        found.check()


def test_open_asks_the_host_for_that_very_link(stage: Stage, house: Theatre, finished: str) -> None:
    stage.show(finished)
    stage.at("open").click()
    stage.page.wait_for_function("() => host.links.length === 1")
    assert stage.page.evaluate("host.links") == [house.call("get_wanx_task", task_id=finished)["video_url"]]


def test_a_link_that_the_host_does_not_open_can_be_copied(stage: Stage, finished: str) -> None:
    stage.show(finished)
    stage.page.evaluate("host.refuseLinks = true")
    stage.at("open").click()
    stage.wait("note", "did not open the link")
    assert stage.at("copy-link").is_visible()


def test_save_brings_the_video_to_disk(stage: Stage, house: Theatre, finished: str) -> None:
    stage.show(finished)
    stage.at("save").click()
    stage.wait("note", "The video is on your disk.")
    path = Path(stage.seen("hint").removeprefix("Saved at "))
    assert path.parent == house.videos
    assert path.read_bytes()[4:8] == b"ftyp"
    assert stage.seen("save") == "Saved"
    assert stage.at("save").get_attribute("aria-disabled") == "true"
    stage.at("save").click(force=True)
    stage.page.evaluate("host.echo()")
    assert stage.calls("save_wanx_video") == 1


def test_a_save_that_fails_says_so_and_can_be_tried_again(stage: Stage, finished: str) -> None:
    stage.show(finished)
    stage.page.evaluate("host.spoil = 'error'")
    stage.at("save").click()
    stage.wait("note", "It could not be saved: the provider cannot be reached.")
    stage.page.evaluate("host.spoil = null")
    stage.at("save").click()
    stage.wait("note", "The video is on your disk.")


def test_copy_puts_the_prompt_on_the_clipboard(reading_stage: Stage, finished: str) -> None:
    stage = reading_stage
    stage.show(finished)
    stage.at("copy").click()
    stage.wait("note", "Prompt copied.")
    assert stage.page.evaluate("() => { window.focus(); return navigator.clipboard.readText() }") == PROMPT


def test_copy_works_where_the_host_withholds_the_clipboard(reading_stage: Stage, finished: str) -> None:
    stage = reading_stage
    stage.expected = True  # Chromium remarks on the refusal
    stage.show(finished, clipboard=False)
    stage.at("copy").click()
    stage.wait("note", "Prompt copied.")
    assert stage.page.evaluate("() => { window.focus(); return navigator.clipboard.readText() }") == PROMPT


def test_every_button_is_reached_by_the_keyboard_and_shows_it(stage: Stage, finished: str) -> None:
    stage.show(finished)
    stage.wait("facts", "832")
    stage.at("save").focus()
    for name in ("open", "copy"):
        stage.page.keyboard.press("Tab")
        assert stage.frame.evaluate("() => document.activeElement.id") == name
        assert stage.frame.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    stage.page.keyboard.press("Shift+Tab")
    stage.page.keyboard.press("Enter")
    stage.page.wait_for_function("() => host.links.length === 1")


def test_a_host_that_lets_the_card_do_nothing_shows_what_is_known(stage: Stage, finished: str) -> None:
    stage.show(finished, tools=False, links=False)
    assert stage.seen("title") == "Your video is ready"
    assert [stage.at(name).is_visible() for name in ("save", "open", "copy-link", "copy")] == [False, False, True, True]
    assert "Ask in the chat to save it." in stage.seen("hint")
