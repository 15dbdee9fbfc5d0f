"""Records what the SDK answers before the first call, and on which settings it depends."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from os import environ
from pathlib import Path
from typing import Any

import anyio
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

import wanx_mcp
from tests.front.talk import Talk, enveloped, initialize, notification, request, talking, wire_form
from wanx_mcp.front.recorded import SLOTS, filled
from wanx_mcp.server import build_server
from wanx_mcp.server.server import PICTURE_FOLDER
from wanx_mcp.settings import SETTINGS, read_settings

LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
HANDSHAKE = ("ping", *LISTS)
MODERN = ("server/discover", *LISTS)
FOLDER = Path(wanx_mcp.__file__).parent / "front" / "records"

TRIED = ("1", "true", "false", "unlimited", "accept", "text", "https://example.com", "http://127.0.0.1:1", "/folder")
"""Values that are tried in every variable: each kind of setting can read one that is not its default."""

Results = dict[str, dict[str, Any]]
"""By revision, the result of each method."""


async def results(environment: Mapping[str, str], capabilities: Mapping[str, Any] | None = None) -> Results:
    """What the SDK answers with these settings."""
    server = lambda: build_server(read_settings(environment))  # noqa: E731  # one for each session
    given = dict(capabilities or {})
    found: Results = {}
    for revision in HANDSHAKE_PROTOCOL_VERSIONS:
        async with talking(server()) as talk:
            opening = [initialize("initialize", revision, given), notification("notifications/initialized")]
            await talk.send(wire_form([*opening, *(request(method, method) for method in HANDSHAKE)]))
            found[revision] = await _received(talk, ("initialize", *HANDSHAKE))
    for revision in MODERN_PROTOCOL_VERSIONS:
        async with talking(server()) as talk:
            await talk.send(wire_form(enveloped(method, method, revision, given) for method in MODERN))
            found[revision] = await _received(talk, MODERN)
    return found


async def _received(talk: Talk, methods: tuple[str, ...]) -> dict[str, Any]:
    answers = [await talk.receive() for _ in methods]
    found = {answer["id"]: answer["result"] for answer in answers}
    return {method: found[method] for method in methods}


async def dependencies(usual: Results) -> tuple[dict[str, list[str]], set[str]]:
    """The variables on which the answer to each method depends, and the methods that also depend on the machine."""
    depends: dict[str, list[str]] = {}
    for row in SETTINGS:
        kinds = {read_settings({row.variable: value}) for value in TRIED} - {read_settings({})}
        environments = {read_settings({row.variable: value}): {row.variable: value} for value in TRIED}
        for kind in kinds:
            for method in differing(usual, await results(environments[kind])):
                if row.variable not in depends.setdefault(method, []):
                    depends[method].append(row.variable)
    with another_machine():
        return depends, differing(usual, await results({}))


def differing(one: Results, other: Results) -> set[str]:
    """The methods that are not answered alike."""
    return {method for revision in one for method in one[revision] if one[revision][method] != other[revision][method]}


@contextmanager
def another_machine() -> Iterator[None]:
    """Another home folder, another language."""
    kept = dict(environ)
    with tempfile.TemporaryDirectory() as folder:
        names = ("HOME", "XDG_DATA_HOME", "XDG_VIDEOS_DIR", "USERPROFILE", "TMPDIR")
        environ.update(dict.fromkeys(names, folder) | {"LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo"})
        try:
            yield
        finally:
            environ.clear()
            environ.update(kept)


async def record() -> dict[str, Any]:
    """The record of the installed SDK."""
    usual = await results({})
    depends, local = await dependencies(usual)
    slot = {"words": PICTURE_FOLDER, "methods": await with_folder(usual, depends)}
    groups: list[dict[str, Any]] = []
    for revision, found in usual.items():
        answers = {method: found[method] for method in found if method not in {"initialize"} | local}
        same = next((group for group in groups if group["answers"] == answers), None)
        if same:
            same["revisions"].append(revision)
        else:
            groups.append({"revisions": [revision], "answers": answers})
    opened = {} if "initialize" in local else {each: usual[each]["initialize"] for each in HANDSHAKE_PROTOCOL_VERSIONS}
    return {"depends": dict(sorted(depends.items())), "slot": slot, "initialize": opened, "groups": groups}


async def with_folder(usual: Results, depends: dict[str, list[str]]) -> list[str]:
    """The methods whose answers depend on SLOTS only by the name of a folder; they leave `depends`."""
    methods = [method for method, names in depends.items() if set(names) == set(SLOTS)]
    for environment in ({SLOTS[0]: "/folder"}, {SLOTS[1]: "/folder"}, {SLOTS[0]: "/folder", SLOTS[1]: "/other"}):
        found = await results(environment)
        for revision, each in usual.items():
            assert all(found[revision][one] == filled(each[one], PICTURE_FOLDER, "/folder") for one in methods)
    for method in methods:
        del depends[method]
    return methods


def path() -> Path:
    """The file of the installed SDK."""
    return FOLDER / f"mcp-{version('mcp')}.json"


def text(content: Mapping[str, Any]) -> str:
    """The file of a record."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def written() -> dict[Path, str]:
    """The record as it should be. The versions of pydantic that it names stay: `python -m tests.front` checked them."""
    file = path()
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    versions = {
        "mcp_types": sorted({*known.get("mcp_types", ()), version("mcp-types")}),
        "pydantic": sorted({*known.get("pydantic", ()), version("pydantic")}),
    }
    return {file: text({**versions, **anyio.run(record)})}


if __name__ == "__main__":
    found = json.loads(path().read_text(encoding="utf-8"))
    fresh = json.loads(text(anyio.run(record)))
    raise SystemExit(0 if fresh == {key: found[key] for key in fresh} else "the answers are not as recorded")
