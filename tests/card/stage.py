"""One page with one card on it, in a browser: what a person sees, presses and hears."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.card.theatre import Theatre

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Locator, Page


@dataclass
class Stage:
    """A host page. `complaints` are the console's errors and violated policies, of every frame."""

    page: Page
    house: Theatre
    axe: str
    complaints: list[str] = field(default_factory=list)
    expected: bool = False
    """Whether this test provokes complaints."""

    @classmethod
    @contextmanager
    def lit(cls, browser: Browser, house: Theatre, axe: str, **context: Any) -> Iterator[Stage]:
        settings = {"viewport": {"width": 800, "height": 900}, **context}
        surroundings = browser.new_context(**settings)
        page = surroundings.new_page()
        page.set_default_timeout(120_000)
        stage = cls(page, house, axe)
        page.on("console", lambda message: stage._heard(message.type, message.text))
        page.on("pageerror", lambda error: stage.complaints.append(str(error)))
        try:
            yield stage
        finally:
            surroundings.close()

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def check(self) -> None:
        """Nothing was complained of."""
        assert self.expected or not self.complaints

    def open(self, **options: Any) -> None:
        """The host page with an empty card."""
        self.page.goto(self.house.url)
        self.page.evaluate("options => host.open(options)", options)

    def show(self, task_id: str, change: dict[str, Any] | None = None, **options: Any) -> None:
        """The card with the answer of a get; `change` alters the answer on its way."""
        self.open(**options)
        self.run(task_id, change)

    def run(self, task_id: str, change: dict[str, Any] | None = None) -> dict[str, Any]:
        """Another get of the model's."""
        found: dict[str, Any] = self.page.evaluate(
            "([id, change]) => host.run({ task_id: id }, change)", [task_id, change]
        )
        return found

    @property
    def frame(self) -> Frame:
        """The card's own document."""
        return self.page.frames[2]

    def at(self, name: str) -> Locator:
        """A part of the card by its id."""
        return self.page.frame_locator("#sandbox").frame_locator("iframe").locator(f"#{name}")

    def seen(self, name: str) -> str:
        """The words there, once they are visible."""
        part = self.at(name)
        part.wait_for(state="visible")
        return part.inner_text()

    def wait(self, name: str, words: str) -> None:
        """Until these words stand there."""
        self.frame.wait_for_function(
            "([name, words]) => document.getElementById(name).textContent.includes(words)", arg=[name, words]
        )

    def calls(self, tool: str = "get_wanx_task") -> int:
        """How often the card has called that tool."""
        count: int = self.page.evaluate("tool => host.calls.filter(call => call.name === tool).length", tool)
        return count

    def faults(self) -> list[str]:
        """What axe finds serious or critical."""
        self.frame.evaluate(self.axe)
        found = self.frame.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        grave = [fault for fault in found["violations"] if fault["impact"] in ("serious", "critical")]
        return [f"{fault['id']}: {[node['html'] for node in fault['nodes']]}" for fault in grave]
