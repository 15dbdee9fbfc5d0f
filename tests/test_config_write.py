"""`wanx-mcp config HOST --write`: the host's file gets this server, and keeps everything else that it had."""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_commands import run
from wanx_mcp.cli.config import jsonc
from wanx_mcp.cli.config.files import Changed, read, replace
from wanx_mcp.cli.config.formats import JSONC, TOML, YAML, Format, Unreadable
from wanx_mcp.cli.config.hosts import HOSTS, Host
from wanx_mcp.cli.config.jsonc_edit import edited
from wanx_mcp.cli.config.merging import merged

KEY = "pk-0123456789abcdef"
ALL = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files lie elsewhere on this platform")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def path_of(host: Host, home: Path) -> Path:
    path = host.main.file.path({})
    assert path is not None
    return home / path.relative_to(Path.home())


def named(name: str) -> Host:
    return next(host for host in HOSTS if host.name == name)


def write(host: str, home: Path, *options: str, **environment: str) -> CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    folders = dict.fromkeys(("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "COPILOT_HOME"), "")
    return run("config", host, "--write", *options, HOME=str(home), **folders, **environment)


def put(host: str, home: Path, text: str | bytes) -> Path:
    path = path_of(named(host), home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def entry(host: Host, home: Path) -> dict[str, Any]:
    servers = host.main.file.format.parse(path_of(host, home).read_text(encoding="utf-8"))[str(host.main.file.servers)]
    found = servers["wanx"] if isinstance(servers, dict) else next(one for one in servers if one["name"] == "wanx")
    return dict(found)


def environment(host: Host, home: Path) -> dict[str, str]:
    found = entry(host, home)
    return dict(found.get("env", found.get("environment")))


def files(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@ALL
def test_a_host_without_a_file_gets_one_that_only_its_owner_may_read(host: Host, home: Path) -> None:
    done = write(host.name, home, "--simulate")
    assert done.returncode == 0, done.stderr
    assert environment(host, home) == {"WANX_SIMULATE": "1"}
    assert stat.S_IMODE(path_of(host, home).stat().st_mode) == 0o600
    assert not [name for name in files(home) if name.endswith((".bak", ".tmp"))]


@ALL
def test_what_is_written_into_an_empty_home_is_what_is_printed(host: Host, home: Path) -> None:
    write(host.name, home, "--simulate")
    written = host.main.file.format.parse(path_of(host, home).read_text(encoding="utf-8"))
    if host.line is None:
        assert host.main.file.format.parse(run("config", host.name, "--simulate").stdout) == written
    else:
        entry = written["mcpServers"]["wanx"]
        assert shlex.join([entry["command"], *entry["args"]]) in run("config", host.name, "--simulate").stdout


@ALL
def test_writing_twice_changes_nothing_and_leaves_no_second_backup(host: Host, home: Path) -> None:
    write(host.name, home)
    before = files(home)
    done = write(host.name, home)
    assert "nothing was changed" in done.stdout
    assert files(home) == before


@ALL
def test_a_real_key_is_never_replaced_by_the_placeholder(host: Host, home: Path) -> None:
    write(host.name, home, "--with-key", PIAPI_API_KEY=KEY)
    for options in ([], ["--simulate"], []):
        done = write(host.name, home, *options)
        assert environment(host, home)["PIAPI_API_KEY"] == KEY
        assert KEY not in done.stdout + done.stderr
    assert "WANX_SIMULATE" not in environment(host, home)


@ALL
def test_what_a_person_added_to_the_entry_stays(host: Host, home: Path) -> None:
    write(host.name, home, "--carry", WANX_DAILY_BUDGET_USD="2.50")
    write(host.name, home)
    assert environment(host, home)["WANX_DAILY_BUDGET_USD"] == "2.50"


@ALL
@pytest.mark.parametrize("broken", ["{", "[[[", "a: b: c: [", "\x00{}", "\xff"], ids=repr)
def test_a_broken_file_is_never_overwritten(host: Host, home: Path, broken: str) -> None:
    path = put(host.name, home, broken.encode("latin-1"))
    done = write(host.name, home)
    assert done.returncode == 1
    assert f"{path} was left as it is" in done.stderr
    assert files(home) == {str(path.relative_to(home)): broken.encode("latin-1")}


@pytest.mark.parametrize("servers", ["[]", '"none"', "1"])
def test_a_file_whose_servers_are_no_table_is_left_alone(home: Path, servers: str) -> None:
    path = put("cursor", home, f'{{"mcpServers": {servers}}}')
    before = path.read_bytes()
    assert '"mcpServers" is not a table' in write("cursor", home).stderr
    assert path.read_bytes() == before


def test_no_file_is_written_when_the_second_one_is_broken(home: Path) -> None:
    (home / ".claude").mkdir(parents=True)
    (home / ".claude" / "settings.json").write_text("{")
    assert write("claude-code", home).returncode == 1
    assert list(files(home)) == [".claude/settings.json"]


CODEX = """\
# my settings
model = "gpt-5"  # the best

[mcp_servers.other]
command = "other"  # stays

[mcp_servers.wanx]
command = "/old/wanx-mcp"  # an older one
args = ["-m"]
tool_timeout_sec = 5

[mcp_servers.wanx.env]
PIAPI_API_KEY = "pk-real"  # my key

[profiles.fast]
model = "mini"
"""


def test_toml_keeps_its_comments_its_other_tables_and_their_order(home: Path) -> None:
    path = put("codex", home, CODEX)
    assert write("codex", home).returncode == 0
    text = path.read_text()
    for line in CODEX.splitlines():
        if not line.startswith(('command = "/old', "args")):
            assert line in text
    document = tomllib.loads(text)
    assert document["mcp_servers"]["other"] == {"command": "other"}
    assert document["mcp_servers"]["wanx"]["tool_timeout_sec"] == 5
    assert "/old" not in text


@pytest.mark.parametrize(
    "text",
    [
        'model = "x"',
        'mcp_servers = { other = { command = "a" } }\n',
        'mcp_servers.other.command = "a" # dotted\n',
        '[mcp_servers.other]\ncommand = "a"\n[profiles.a]\nx = 1\n[mcp_servers.third]\ncommand = "b"\n',
        "[mcp_servers]\n# none yet\n",
        'note = """\n[mcp_servers.wanx]\n"""\n',
        '[mcp_servers.wanx]\ncommand = "a"\nenv = { A = "1" }\n[b]\nc = 1\n',
        '[mcp_servers."wanx"]\ncommand = "a"\n',
    ],
)
def test_every_layout_of_toml_is_merged_or_left_alone(home: Path, text: str) -> None:
    path = put("codex", home, text)
    done = write("codex", home, "--simulate")
    if done.returncode:
        assert path.read_text() == text
        return
    before, after = tomllib.loads(text), tomllib.loads(path.read_text())
    ours = after["mcp_servers"].pop("wanx")
    assert ours["env"]["WANX_SIMULATE"] == "1"
    before.setdefault("mcp_servers", {}).pop("wanx", None)
    assert after == before


OPENCODE = """\
{
    // my provider
    "provider": {"x": {"npm": "y"}}, /* one line */
    "mcp": {
        "other": { "type": "local", "command": ["a"] }, // stays
    },
    "permission": {
        "bash": "ask", // stays too
    },
}
"""


def test_json_with_comments_keeps_them(home: Path) -> None:
    path = put("opencode", home, OPENCODE)
    assert write("opencode", home).returncode == 0
    text = path.read_text()
    for line in OPENCODE.splitlines():
        assert line in text
    assert '        "wanx": {\n            "type": "local"' in text  # in the file's own indentation
    assert JSONC.parse(text)["permission"]["wanx_create_wanx_task"] == "ask"


def test_comments_in_a_file_whose_host_cannot_read_them_are_a_reason_to_leave_it(home: Path) -> None:
    path = put("claude-desktop", home, '{\n// mine\n"mcpServers": {}}')
    assert "line 2: a comment" in write("claude-desktop", home).stderr
    assert path.read_text().startswith("{\n// mine")


def test_yaml_keeps_its_comments_and_its_other_servers(home: Path) -> None:
    text = (
        "# mine\nname: Mine # n\nversion: 0.0.1\nschema: v1\nmcpServers:\n- name: other # o\n  command: a\nrules: []\n"
    )
    path = put("continue", home, text)
    assert write("continue", home).returncode == 0
    for line in text.splitlines():
        assert line in path.read_text()
    assert [one["name"] for one in YAML.parse(path.read_text())["mcpServers"]] == ["other", "wanx"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("host", ["codex", "claude-desktop", "opencode", "continue"])
def test_an_encoding_that_an_editor_left_behind_becomes_utf_8(home: Path, host: str, encoding: str) -> None:
    text = {"codex": 'a = "é"\n', "continue": "a: é\n"}.get(host, '{"a": "é"}\n')
    put(host, home, text.encode(encoding))
    done = write(host, home, "--simulate")
    assert (done.returncode, "is UTF-8 now" in done.stdout) == (0, True)
    assert named(host).main.file.format.parse(path_of(named(host), home).read_text(encoding="utf-8"))["a"] == "é"
    assert "nothing was changed" in write(host, home, "--simulate").stdout


def test_what_powershell_appended_in_utf_16_is_named(home: Path) -> None:
    put("codex", home, b'model = "x"\r\n' + "[mcp_servers.wanx]\r\n".encode("utf-16-le"))
    assert "PowerShell" in write("codex", home).stderr


@pytest.mark.parametrize("text", ['{\r\n  "a": 1\r\n}\r\n', '{\n  "a": 1\n}'])
def test_line_ends_stay_as_they_are(home: Path, text: str) -> None:
    path = put("cursor", home, text)
    write("cursor", home)
    raw = path.read_bytes().decode()
    assert raw.count("\r\n") == (raw.count("\n") if "\r" in text else 0)
    assert raw.endswith("\n") == text.endswith("\n")


def test_a_symlink_stays_and_its_file_is_written_with_the_same_permissions(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_text('{"mcpServers": {"other": {"command": "a"}}}')
    target.chmod(0o640)
    link = path_of(named("cursor"), home)
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    assert write("cursor", home).returncode == 0
    assert link.is_symlink()
    assert set(json.loads(target.read_text())["mcpServers"]) == {"other", "wanx"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    (backup,) = tmp_path.glob("*.bak")
    assert (stat.S_IMODE(backup.stat().st_mode), "wanx" in backup.read_text()) == (0o640, False)


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(home: Path) -> None:
    path = path_of(named("cursor"), home)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert "not a regular file" in write("cursor", home).stderr


def test_the_folder_that_a_variable_names_is_written_to(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    folder = tmp_path / "elsewhere"
    done = run("config", "claude-code", "--write", HOME=str(home), CLAUDE_CONFIG_DIR=str(folder))
    assert done.returncode == 0
    assert {path.name for path in folder.iterdir()} == {".claude.json", "settings.json"}
    assert not files(home)


def test_what_another_program_wrote_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("{}")
    before = read(path)
    path.write_text('{"theirs": 1}')
    with pytest.raises(Changed):
        replace(path, before, '{"ours": 1}')
    assert path.read_text() == '{"theirs": 1}'
    assert [one.name for one in tmp_path.iterdir()] == ["file.json"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"allow": ["mcp__wanx__create_wanx_task"]}, {"allow": ["mcp__wanx__create_wanx_task", "mcp__wanx__get"]}),
        ({"deny": ["mcp__wanx"]}, {"deny": ["mcp__wanx"], "allow": [], "ask": []}),
        ({"ask": ["mcp__wanx__*"]}, {"ask": ["mcp__wanx__*"], "allow": []}),
        ("all", "all"),
    ],
)
def test_what_a_person_decided_about_a_tool_is_kept(there: Any, expected: Any) -> None:
    ours = {"permissions": {"allow": ["mcp__wanx__get"], "ask": ["mcp__wanx__create_wanx_task"]}}
    new = merged({"permissions": there}, ours, None)["permissions"]
    assert new == ({**expected, "ask": expected.get("ask", [])} if isinstance(expected, dict) else expected)


# The editors, with documents that nobody thought of.

NAMES = st.text('ab"\\é/ ', min_size=1, max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text('xy"\\\n/*', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
LAYOUTS = st.sampled_from([{"indent": 2}, {"indent": "\t"}, {"indent": None}, {"separators": (",", ":")}])


@given(DOCUMENTS, DOCUMENTS, LAYOUTS)
def test_json_is_changed_to_any_other_document(old: Any, new: Any, layout: Any) -> None:
    assert json.loads(edited(json.dumps(old, **layout), new)) == new


def noted(value: Any, indent: str = "") -> Iterator[str]:
    """`value` as JSON with a comment on every line."""
    if isinstance(value, dict) and value:
        yield "{ // opens"
        for name, inner in value.items():
            first, *rest = noted(inner, indent + "  ")
            yield f"{indent}  {json.dumps(name)}: {first}"
            yield from rest
            yield f"{indent}  /* after */ , // behind"
        yield indent + "}"
    else:
        yield f"{json.dumps(value)} // value"


@given(DOCUMENTS, DOCUMENTS)
def test_json_with_a_comment_on_every_line_gets_more_members_and_loses_no_comment(old: Any, added: Any) -> None:
    text = "\n".join(noted(old))
    new = {**old, **{f"new {name}": value for name, value in added.items()}}
    after = edited(text, new)
    assert jsonc.read(after, comments=True).value == new
    for mark in ("// opens", "// behind", "/* after */"):
        assert after.count(mark) == text.count(mark)


TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text('xy"\\é', max_size=4),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", [TOML, YAML], ids=["TOML", "YAML"])
@given(old=st.dictionaries(NAMES, TOML_VALUES, max_size=4), new=st.dictionaries(NAMES, TOML_VALUES, max_size=4))
def test_a_text_is_changed_to_another_document_or_not_at_all(kind: Format, old: Any, new: Any) -> None:
    text = kind.write(old)
    assert kind.parse(text) == old
    with suppress(Unreadable):
        assert kind.parse(kind.edit(text, new)) == new
