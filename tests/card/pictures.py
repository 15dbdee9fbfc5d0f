"""`python -m tests.card.pictures FOLDER`: the card in each state, and the README's, wanx_mcp/assets/card.webp."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.card.conftest import bundle, chromium
from tests.card.stage import Stage
from tests.card.theatre import BROKEN, WAITING, WORKING, Theatre, theatre

ASSET = Path(__file__).parents[2] / "wanx_mcp" / "assets" / "card.webp"
PROMPT = "A paper boat drifts along a rain gutter at dusk, street lights shimmer on the water"
LONG = f"{PROMPT}. " + "The camera stays low and close, the boat turns slowly, raindrops ring on the surface. " * 6


def _running(house: Theatre, *, ago: float) -> str:
    task_id = house.order(PROMPT)
    house.direct(task_id, WORKING if ago > 5 else WAITING, ago=ago)
    return task_id


def _finished(house: Theatre, *, saved: bool = False, prompt: str = PROMPT, **arguments: str) -> str:
    task_id = house.order(prompt, **arguments)
    house.finish(task_id)
    if saved:
        house.call("save_wanx_video", task_id=task_id)
    return task_id


def _broken(house: Theatre) -> str:
    task_id = house.order(PROMPT)
    house.direct(task_id, BROKEN, ago=60)
    return task_id


def _cancelled(house: Theatre) -> str:
    task_id = house.order(PROMPT)
    house.call("cancel_wanx_task", task_id=task_id)
    return task_id


SCENES: dict[str, Callable[[Theatre], str]] = {
    "pending": lambda house: _running(house, ago=3),
    "processing": lambda house: _running(house, ago=64),
    "completed": _finished,
    "saved": lambda house: _finished(house, saved=True, prompt=LONG),
    "upright": lambda house: _finished(house, aspect_ratio="9:16"),
    "failed": _broken,
    "cancelled": _cancelled,
}
LOOKS: dict[str, dict[str, object]] = {
    "light": {},
    "dark": {"theme": "dark"},
    "narrow": {"width": 320},
    "no-tools": {"tools": False, "links": False},
}


def _take(stage: Stage, folder: Path, name: str) -> bytes:
    stage.page.wait_for_timeout(1200)  # the bar glides to its place
    stage.frame.wait_for_function("() => !clip.getAttribute('src') || clip.readyState > 1")
    frame = stage.page.locator("#sandbox")
    shot = stage.page.screenshot()
    (folder / f"{name}.png").write_bytes(shot)
    return bytes(frame.screenshot())


def main(folder: Path) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    path = chromium()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        script, axe = bundle(Path(place))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with theatre(Path(place) / "state", script) as house:
            for scene, task in SCENES.items():
                task_id = task(house)
                for look, options in LOOKS.items():
                    width = 380 if look == "narrow" else 800
                    with Stage.lit(browser, house, axe, viewport={"width": width, "height": 800}) as stage:
                        stage.show(task_id, **options)
                        _take(stage, folder, f"{scene}-{look}")
                        print(scene, look, stage.complaints or "")
            with Stage.lit(
                browser, house, axe, viewport={"width": 688, "height": 900}, device_scale_factor=1.5
            ) as stage:
                stage.show(_finished(house))
                stage.frame.wait_for_function("() => clip.readyState > 1")
                stage.at("clip").evaluate("clip => { clip.currentTime = 2.4 }")
                stage.frame.wait_for_function("() => !clip.seeking")
                picture = Image.open(io.BytesIO(_take(stage, folder, "readme")))
                picture.save(ASSET, "WEBP", quality=82, method=6)
                print(ASSET.name, picture.size, ASSET.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
