"""What is written down equals what the code says."""

from __future__ import annotations

import ast
import json
import re
from importlib.metadata import metadata

import jsonschema
import pytest

from tests import docs
from tests.release.packages import REGISTRY_NAME, server_json
from wanx_mcp import __version__
from wanx_mcp.settings import SETTINGS, read_settings, shown_default

README = (docs.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", docs.written())
def test_derived_files_are_fresh(path: object) -> None:
    fresh = docs.written()[path]  # type: ignore[index]
    assert path.read_text(encoding="utf-8") == fresh, "run python -m tests.docs"  # type: ignore[attr-defined]


def test_the_registry_entry_is_valid() -> None:
    entry = json.loads((docs.ROOT / "server.json").read_text(encoding="utf-8"))
    jsonschema.validate(entry, json.loads((docs.ROOT / "tests" / "server.schema.json").read_text(encoding="utf-8")))


def test_one_version_stands_everywhere() -> None:
    entry = server_json()
    assert {entry["version"], entry["packages"][0]["version"], metadata("wanx-mcp")["version"]} == {__version__}


def test_the_readme_names_the_registry_entry() -> None:
    assert f"mcp-name: {REGISTRY_NAME}" in README


def test_every_dependency_has_an_upper_bound() -> None:
    demands = metadata("wanx-mcp").get_all("Requires-Dist") or []
    assert demands
    for demand in demands:
        assert "<" in demand, demand


def test_links_inside_the_readme_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-")
        for head in re.findall(r"^#+ (.+)$", README, re.M)
    }
    for target in re.findall(r"\]\(#([^)]+)\)", README):
        assert target in anchors


def shown_pictures() -> list[tuple[str, str]]:
    """The pictures of the README, in Markdown or HTML, each with the words that stand for it."""
    marked = [(picture, words) for words, picture in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)]
    tags = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<img [^>]+>", README)]
    return marked + [(tag["src"], tag.get("alt", "")) for tag in tags]


def test_pictures_in_the_readme_are_there_and_small() -> None:
    pictures = [picture for picture, words in shown_pictures() if words]
    assert {docs.ROOT / picture for picture in pictures} == set(docs.ROOT.glob("wanx_mcp/assets/*.webp"))
    assert all(1000 < (docs.ROOT / picture).stat().st_size < 100_000 for picture in pictures)


def test_troubleshooting_is_keyed_by_words_that_this_version_really_says() -> None:
    told = {
        node.value
        for path in (docs.ROOT / "wanx_mcp").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    table = README[README.index("## Troubleshooting") : README.index("## Alternatives")]
    keys = re.findall(r"^\| `([^`]+)` \|", table, re.M)
    assert len(keys) >= 8
    for key in keys:
        assert any(key in words for words in told), key


def test_the_defaults_that_are_shown_are_the_real_ones() -> None:
    shown = {row.field: shown_default(row) for row in SETTINGS}
    real = read_settings({})
    assert shown.pop("upload_url") == real.upload_host
    read = {row.field: row.read(shown[row.field]) for row in SETTINGS if shown.get(row.field, row.unset) != row.unset}
    assert len(read) >= 8
    assert read == {name: getattr(real, name) for name in read}
