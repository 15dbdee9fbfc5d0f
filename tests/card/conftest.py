"""Chromium with a real host page. Where Chromium, Node or Playwright is missing: a skip here, a failure under CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.card.stage import Stage
from tests.card.theatre import HERE, Theatre, theatre

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must not skip the card")
    pytest.skip(f"{what} is missing")


def bundle(folder: Path) -> tuple[bytes, str]:
    """The host page's script, bundled in `folder`, and the source of axe."""
    for name in ("package.json", "package-lock.json", "host.js"):
        shutil.copy(HERE / name, folder)
    quiet: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, "capture_output": True}
    npm, node = shutil.which("npm"), shutil.which("node")
    assert npm
    assert node
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], **quiet, check=True, timeout=900)
    esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    command = [node, str(esbuild), "host.js", "--bundle", "--format=iife", "--outfile=bundle.js"]
    subprocess.run(command, **quiet, check=True, timeout=600)
    axe = folder / "node_modules" / "axe-core" / "axe.min.js"
    return (folder / "bundle.js").read_bytes(), axe.read_text(encoding="utf-8")


def chromium() -> str | None:
    """The browser's path."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def host_script(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    if shutil.which("npm") is None or shutil.which("node") is None:
        _missing("Node with npm")
    return bundle(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        _missing("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("Playwright (pip install playwright)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=300_000)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def house(host_script: tuple[bytes, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """A server at the pace of life: nothing moves by itself while a test looks."""
    with theatre(tmp_path_factory.mktemp("house"), host_script[0]) as found:
        yield found


@pytest.fixture
def stage(browser: Any, house: Theatre, host_script: tuple[bytes, str]) -> Iterator[Stage]:
    with Stage.lit(browser, house, host_script[1]) as found:
        yield found
        found.check()
