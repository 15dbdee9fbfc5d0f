"""What a release says of itself before it is built: version, registry entry, notes. `tests/release` has the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.docs import ROOT, task_types
from tests.release import version
from tests.release.entry import entry
from tests.release.exporting import AUTHOR, git, tracked
from tests.release.notes import notes
from tests.release.packages import BUNDLE, BUNDLE_URL, IMAGE, REGISTRY_NAME, REPOSITORY, server_json
from wanx_mcp import __version__
from wanx_mcp.catalog import CATALOG
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import SETTINGS

SCHEMA = json.loads((ROOT / "tests" / "server.schema.json").read_text(encoding="utf-8"))
SOME_BYTES_SHA256 = "0d22cdcc10e6d049dbe1af5123d50873fdfc1a4f58306e58cb6241be9472014d"
DOCKERFILE = (ROOT / ".docker" / "Dockerfile").read_text(encoding="utf-8")


def test_the_tag_of_this_version_can_be_released() -> None:
    assert version.problems(f"v{__version__}") == []


@pytest.mark.parametrize("tag", [__version__, f"v{__version__}.1", "v99.0.0", f"v{__version__}rc1", ""])
def test_no_other_tag_can(tag: str) -> None:
    assert any(f"the tag is {tag}," in problem for problem in version.problems(tag))


def test_a_place_with_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "__version__", "7.8.9")
    found = version.problems("v7.8.9")
    places = ("server.json", "server.json, pypi", "server.json, mcpb", "server.json, oci", "plugin.json", "marketplace")
    assert all(any(problem.startswith(place) for problem in found) for place in places), found


@pytest.mark.parametrize("odd", ["1.2", "1.2.3.dev4", "01.2.3", "1.2.3rc1", "1.2.3+local"])
def test_a_version_that_not_all_registries_write_alike_is_refused(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "__version__", odd)
    assert any("not of the form" in problem for problem in version.problems(f"v{odd}"))


def test_the_entry_of_a_release_has_the_hash_of_its_bundle(tmp_path: Path) -> None:
    bundle = tmp_path / BUNDLE
    bundle.write_bytes(b"some bytes")
    stamped = json.loads(entry(bundle))
    jsonschema.validate(stamped, SCHEMA)
    hashes = {package["registryType"]: package.get("fileSha256") for package in stamped["packages"]}
    assert hashes["mcpb"] == SOME_BYTES_SHA256
    assert hashes["pypi"] is hashes["oci"] is None


def test_another_file_is_not_taken_for_the_bundle(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not"):
        entry(tmp_path / "wanx-mcp-0.0.1.mcpb")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("pypi", "version", None),
        ("mcpb", "version", __version__),
        ("mcpb", "identifier", "https://example.com/wanx-mcp.mcpb"),
        ("oci", "version", __version__),
        ("oci", "identifier", f"{IMAGE}:latest"),
        ("oci", "identifier", IMAGE),
    ],
)
def test_the_schema_refuses_what_the_registry_refuses(kind: str, field: str, value: str | None) -> None:
    spoilt = server_json()
    (package,) = [one for one in spoilt["packages"] if one["registryType"] == kind]
    package.pop(field, None)
    if value is not None:
        package[field] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoilt, SCHEMA)


def test_all_packages_belong_to_the_owner_of_the_registry_name() -> None:
    assert f"io.github.{REPOSITORY}" == REGISTRY_NAME
    assert BUNDLE_URL.startswith(f"https://github.com/{REPOSITORY}/releases/download/v{__version__}/")
    assert f'io.modelcontextprotocol.server.name="{REGISTRY_NAME}"' in DOCKERFILE
    assert f"https://github.com/{REPOSITORY}" in DOCKERFILE
    assert f"  IMAGE: {IMAGE}\n" in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


def test_the_image_knows_the_settings_it_makes() -> None:
    made = set(re.findall(r"\b((?:WANX|PIAPI)_[A-Z_]+)=", DOCKERFILE))
    assert made <= {row.variable for row in SETTINGS}
    package = next(one for one in server_json()["packages"] if one["registryType"] == "oci")
    assert made.isdisjoint(variable["name"] for variable in package["environmentVariables"])
    mounted = {argument["value"].partition(":")[2] for argument in package["runtimeArguments"]}
    assert f"VOLUME {json.dumps(sorted(mounted))}" in DOCKERFILE


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A repository with two releases."""

    def commit(path: str, subject: str) -> None:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(subject, encoding="utf-8")
        git("add", ".", root=tmp_path)
        git(*AUTHOR, "commit", "-m", subject, root=tmp_path)

    git("init", "-b", "main", root=tmp_path)
    commit("wanx_mcp/a.py", "A first thing")
    git("tag", "v0.9.0", root=tmp_path)
    git("tag", "not-a-release", root=tmp_path)
    commit("wanx_mcp/b.py", "A second thing")
    commit("tests/b.py", "A test of it")
    git("checkout", "-b", "side", "v0.9.0", root=tmp_path)
    commit("wanx_mcp/c.py", "A thing from the side")
    git("checkout", "main", root=tmp_path)
    git(*AUTHOR, "merge", "--no-ff", "-m", "Merge branch 'side'", "side", root=tmp_path)
    git("tag", "v0.10.0", root=tmp_path)
    commit("wanx_mcp/d.py", "A later thing")
    return tmp_path


def test_notes_hold_what_changed_since_the_release_before(history: Path) -> None:
    text = notes("v0.10.0", history)
    inside, beside = text.split("## Tests and documentation")
    assert "All changes since v0.9.0." in inside
    assert re.findall(r"^\* (.+)", inside, re.M) == ["A second thing", "A thing from the side"]
    assert re.findall(r"^\* (.+)", beside, re.M) == ["A test of it"]
    assert "A later thing" not in text


def test_notes_of_the_first_release_hold_everything(history: Path) -> None:
    assert "The first release." in notes("v0.9.0", history)
    assert "* A first thing" in notes("v0.9.0", history)


def test_the_plugin_starts_the_source_that_it_carries_with_a_masked_key() -> None:
    plugin = json.loads((ROOT / ".claude-plugin" / "plugin.json").read_text(encoding="utf-8"))
    (server,) = plugin["mcpServers"].values()
    assert (server["command"], server["args"]) == ("uvx", ["--from", "${CLAUDE_PLUGIN_ROOT}", "wanx-mcp"])
    filled = {variable: re.sub(r"\W|user_config", "", text) for variable, text in server["env"].items()}
    assert set(filled.values()) == set(plugin["userConfig"])
    masked = {variable for variable, name in filled.items() if plugin["userConfig"][name].get("sensitive")}
    assert masked == {row.variable for row in SETTINGS if row.secret} & set(filled) == {"PIAPI_API_KEY"}


@pytest.mark.parametrize("path", [".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"])
def test_the_plugin_refers_only_to_what_is_there(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for place in re.findall(r'"(\./[^"]*)"', text):
        assert (ROOT / place).exists(), place


def test_the_skill_names_every_task_type_and_tool() -> None:
    text = next((ROOT / ".claude-plugin" / "skills").glob("*/SKILL.md")).read_text(encoding="utf-8")
    assert task_types() in text
    assert all(f"| `{row.name}` | " in text for row in CATALOG.rows)
    assert all(f"`{row.name}`" in text for row in tool_rows(CATALOG))
    head = yaml_head(text)
    assert re.fullmatch(r"[a-z0-9-]{1,64}", head["name"])
    assert len(head["description"]) <= 1024


def yaml_head(text: str) -> dict[str, str]:
    """The fields at the head of a skill: a name in one line, a folded description."""
    found = re.match(r"---\nname: (\S+)\ndescription: >-\n((?:  \S.*\n)+)---\n", text)
    assert found
    return {"name": found[1], "description": " ".join(found[2].split())}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="which files are the project's is known to git")
def test_only_the_workflow_fetches_the_package_by_its_name() -> None:
    """The name is free until the first release: whoever takes it could run anything on a user's machine."""
    by_name = re.compile(
        r"(?:uvx|uv tool (?:run|install)|pipx (?:run|install)|pip install|npx|--from|--spec)"
        r"\s+[\"'`]?wanx[-_]mcp(?![\w./-])"
        r"|docker (?:run|pull)\s[^\n]*ghcr\.io/wanx-mcp"
    )
    told = []
    for name in tracked():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".patch", ".png", ".webp", ".mp4"} and path != Path(__file__):
            told += [name] if by_name.search(path.read_text(encoding="utf-8")) else []
    assert told == []
