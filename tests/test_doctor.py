"""`wanx-mcp doctor` as a process: what can be wrong is told apart, each with the step that fixes it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from tests.certificates import DAY, Authority
from tests.process import PLAIN, ascii_names
from tests.test_network import certificate, listening  # noqa: F401  # a fixture
from tests.world import World
from wanx_mcp.cli.config.hosts import HOSTS
from wanx_mcp.clock import VirtualClock
from wanx_mcp.ledger.schema import open_file
from wanx_mcp.simulator.app import Simulator
from wanx_mcp.simulator.serving import serving
from wanx_mcp.simulator.weather import Fault

KEY = "pk-0123456789abcdef"
FAR = "https://api.example.invalid"
NO_PYAV = "import sys\nsys.modules['av'] = None  # how Python marks a module that cannot be imported\n"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR")


@contextmanager
def provider(simulator: Simulator) -> Iterator[str]:
    """The simulator on a port of this process; its address."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving(simulator)) as url:
        yield url


@dataclass
class Home:
    """A home folder for one test, and the command run in it."""

    path: Path
    url: str = FAR
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        ours = ("WANX_", "PIAPI_")
        left = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        left = {name: value for name, value in left.items() if name.upper() not in PROXIES}
        places = {"WANX_STATE_DIR": self.path / "state", "WANX_OUTPUT_DIR": self.path / "videos", "HOME": self.path}
        usual = {"PIAPI_API_KEY": KEY, "PIAPI_BASE_URL": self.url, **{name: str(at) for name, at in places.items()}}
        return {name: value for name, value in {**left, **usual, **self.more}.items() if value}

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wanx_mcp", "doctor", *options]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=600, check=False)
        assert KEY not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def report(self, *options: str) -> Report:
        done = self.run("--json", *options)
        report = Report(json.loads(done.stdout))
        assert done.returncode == (0 if report.document["ok"] else 1)
        return report


@dataclass(frozen=True)
class Report:
    """The report for programs."""

    document: dict[str, Any]

    def check(self, name: str) -> dict[str, str]:
        (found,) = (check for check in self.document["checks"] if check["name"] == name)
        return dict(found)

    @property
    def causes(self) -> list[tuple[str, str, str]]:
        """What is not well: check, verdict, cause. What was skipped is left out."""
        rows = [(row["name"], row["verdict"], row["cause"]) for row in self.document["checks"]]
        return [row for row in rows if row[1] not in ("ok", "skipped")]

    @property
    def skipped(self) -> list[str]:
        return [row["name"] for row in self.document["checks"] if row["verdict"] == "skipped"]


NETWORKED = ["account", "history", "uploads"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(keys=frozenset({KEY}))


# The nine problems that must be distinguished.


def test_all_is_well(home: Home, simulator: Simulator) -> None:
    with provider(simulator) as url:
        home.url = url
        done, report = home.run(), home.report()
    assert (done.returncode, report.causes, report.skipped) == (0, [], [])
    assert done.stdout.rstrip().endswith("No problems found.")
    assert report.check("account")["found"] == "plan creator, $1000.00 left, 30 tasks at once"
    assert simulator.store.count() == 0
    assert not list(home.path.iterdir()), "the doctor leaves nothing behind"


def test_no_key(home: Home) -> None:
    home.more = {"PIAPI_API_KEY": ""}
    report = home.report()
    assert report.causes == [("key", "wrong", "no_key")]
    assert report.skipped == ["provider", *NETWORKED]
    assert "set PIAPI_API_KEY" in report.check("key")["fix"]
    assert "wanx-mcp config HOST" in report.check("key")["fix"]


def test_a_wrong_key(home: Home) -> None:
    with provider(Simulator(keys=frozenset({"another"}))) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("account", "wrong", "wrong_key")]
    assert report.check("provider")["verdict"] == "ok"
    assert report.skipped == ["history"]
    assert "Copy the key again" in report.check("account")["fix"]
    assert f"PIAPI_BASE_URL is {url}" in report.check("account")["fix"]


@contextmanager
def simulated(state: Path, *options: str) -> Iterator[str]:
    """`wanx-mcp simulator` as a process; its address."""
    command = [sys.executable, "-m", "wanx_mcp", "simulator", "--port", "0", *options]
    environment = os.environ | {"WANX_STATE_DIR": str(state)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            report = process.stdout.readline()
            found = re.search(r"http://[0-9.:]+", report)
            assert found, report
            yield found[0]
        finally:
            process.kill()


def test_the_simulator_takes_one_key_alone_so_that_a_wrong_one_can_be_tried(home: Home, tmp_path: Path) -> None:
    with simulated(tmp_path / "simulated", "--key", KEY) as home.url:
        assert home.report().causes == []
        home.more = {"PIAPI_API_KEY": "another"}
        assert home.report().causes == [("account", "wrong", "wrong_key")]


def test_the_simulator_takes_any_key_unless_told_otherwise(home: Home, tmp_path: Path) -> None:
    with simulated(tmp_path / "simulated") as home.url:
        assert home.report().causes == []


def test_no_network(home: Home) -> None:
    report = home.report()
    assert report.causes == [("provider", "wrong", "no_network")]
    assert report.skipped == NETWORKED
    assert "Check the network connection" in report.check("provider")["fix"]


def test_a_port_on_which_nobody_listens(home: Home) -> None:
    home.url = "http://127.0.0.1:9"
    report = home.report()
    assert report.causes == [("provider", "wrong", "no_network")]
    assert "refused" in report.check("provider")["found"]


def test_a_proxy_that_refuses(home: Home) -> None:
    with listening() as (port, asked):
        home.more = {"HTTPS_PROXY": f"http://user:hidden-word@127.0.0.1:{port}"}
        report = home.report()
    assert report.causes == [("provider", "wrong", "proxy")]
    assert report.check("proxy")["found"] == f"requests go through http://127.0.0.1:{port}"
    assert "HTTPS_PROXY" in report.check("provider")["fix"]
    assert "hidden-word" not in json.dumps(report.document)
    assert set(asked) == {"CONNECT api.example.invalid:443"}


def test_a_proxy_that_is_not_there(home: Home) -> None:
    home.more = {"ALL_PROXY": "http://127.0.0.1:9"}
    report = home.report()
    assert report.causes == [("proxy", "wrong", "proxy")]
    assert report.skipped == ["provider", *NETWORKED]
    assert "add api.example.invalid to NO_PROXY" in report.check("proxy")["fix"]


@pytest.mark.parametrize("address", ["http://user:hidden-word@[::1", "user:hidden-word@127.0.0.1:many"])
def test_a_proxy_setting_that_is_no_address(home: Home, address: str) -> None:
    home.more = {"HTTPS_PROXY": address}
    report = home.report()
    assert report.causes == [("proxy", "wrong", "proxy")]
    assert report.check("proxy")["found"] == "The proxy setting is not a valid address."
    assert "hidden-word" not in json.dumps(report.document)


@pytest.mark.skipif(find_spec("socksio") is not None, reason="SOCKS support is installed")
def test_a_socks_proxy_without_support_has_a_fix_that_speaks_to_a_person(home: Home) -> None:
    home.more = {"ALL_PROXY": "socks5://127.0.0.1:9"}
    report = home.report()
    assert report.causes == [("proxy", "wrong", "proxy")]
    assert report.check("proxy")["fix"].endswith(" or unset the ALL_PROXY variable.")


def test_a_certificate_that_nobody_trusts(home: Home, certificate: tuple[Path, Path]) -> None:  # noqa: F811
    with listening(certificate) as (port, asked):
        home.url = f"https://127.0.0.1:{port}"
        report = home.report()
        assert report.causes == [("provider", "wrong", "untrusted_certificate")]
        assert "SSL_CERT_FILE" in report.check("provider")["fix"]
        assert not asked
        home.more = {"SSL_CERT_FILE": str(certificate[0])}
        assert home.report().check("certificates")["verdict"] == "ok"
        home.more = {"SSL_CERT_FILE": str(home.path / "nothing.pem")}
        assert home.report().causes == [("certificates", "wrong", "untrusted_certificate")]


def test_an_expired_certificate_is_not_taken_for_an_unknown_one(home: Home) -> None:
    authority = Authority(home.path)
    with listening(authority.signs(begins=-9 * DAY, ends=-DAY)) as (port, _):
        home.url, home.more = f"https://127.0.0.1:{port}", {"SSL_CERT_FILE": str(authority.file)}
        report = home.report()
    assert report.causes == [("provider", "wrong", "expired_certificate")]
    assert report.check("provider")["fix"].startswith("Check the date of this machine")


def test_settings_of_certificates_without_effect_are_mentioned(home: Home, certificate: tuple[Path, Path]) -> None:  # noqa: F811
    home.url = "http://127.0.0.1:9"
    home.more = {"SSL_CERT_DIR": str(home.path / "nothing")}
    assert home.report().causes[0] == ("certificates", "wrong", "untrusted_certificate")
    home.more["SSL_CERT_FILE"] = str(certificate[0])
    assert home.report().causes[0] == ("certificates", "warning", "unused_folder")
    home.more = {"SSLKEYLOGFILE": str(home.path)}
    assert home.report().causes[0] == ("certificates", "warning", "unused_key_log")


@pytest.mark.parametrize(("credit", "verdict"), [(1_000_000, "wrong"), (2_000_000, "warning"), (2_800_000, "ok")])
def test_an_empty_account(home: Home, simulator: Simulator, credit: int, verdict: str) -> None:
    simulator.credit = credit
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.check("account")["verdict"] == verdict
    if verdict == "wrong":
        assert report.causes == [("account", "wrong", "empty_account")]
        assert "the cheapest video costs $0.12" in report.check("account")["fix"]


@pytest.mark.parametrize(
    ("variable", "check"), [("WANX_OUTPUT_DIR", "output folder"), ("WANX_STATE_DIR", "ledger")], ids=["videos", "state"]
)
def test_a_folder_that_cannot_be_written(home: Home, simulator: Simulator, variable: str, check: str) -> None:
    (home.path / "file").write_text("no folder")
    home.more = {variable: str(home.path / "file" / "inside")}
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [(check, "wrong", "unwritable_folder")]
    assert variable in report.check(check)["fix"]


def test_a_folder_that_the_locale_cannot_spell(home: Home, simulator: Simulator) -> None:
    if not ascii_names():
        pytest.skip("file names are UTF-8 in every locale here")
    home.more = {"WANX_OUTPUT_DIR": str(home.path / "vid\u00e9os"), **PLAIN}
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("output folder", "wrong", "unspellable_folder")]
    assert "PYTHONUTF8=1" in report.check("output folder")["fix"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="modes do not bind this user")
def test_a_folder_that_is_read_only(home: Home) -> None:
    (home.path / "videos").mkdir(mode=0o500)
    assert ("output folder", "wrong", "unwritable_folder") in home.report().causes


def _nonsense(path: Path) -> None:
    path.write_bytes(b"nonsense" * 200)


def _torn(path: Path) -> None:
    """A real ledger of many pages, one of which was overwritten in the middle."""
    db = open_file(path)
    db.execute("create table filling (text)")
    db.executemany("insert into filling values (?)", [("x" * 900,)] * 200)
    db.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_nonsense, _torn])
def test_a_damaged_ledger(home: Home, simulator: Simulator, damage: Any) -> None:
    ledger = home.path / "state" / "ledger.sqlite3"
    ledger.parent.mkdir()
    damage(ledger)
    ledger.chmod(0o600)
    before = ledger.read_bytes()
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("ledger", "wrong", "damaged_ledger")]
    assert f"ove {ledger} aside" in report.check("ledger")["fix"]
    assert ledger.read_bytes() == before


def test_a_damaged_installation_of_pyav(home: Home, simulator: Simulator) -> None:
    (home.path / "site").mkdir()
    (home.path / "site" / "sitecustomize.py").write_text(NO_PYAV, encoding="utf-8")
    home.more = {"PYTHONPATH": str(home.path / "site")}
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("PyAV", "warning", "missing_extra")]
    assert report.document["ok"]
    demand = re.search(
        r' install (?:--force-reinstall|--reinstall --python \S+) "(av[^"]+)"', report.check("PyAV")["fix"]
    )
    assert demand is not None
    assert "<" in demand[1]


# And more that is worth knowing.


def test_an_upload_host_out_of_reach_is_only_a_warning(home: Home, simulator: Simulator) -> None:
    home.more = {"PIAPI_UPLOAD_URL": "http://127.0.0.1:9"}
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("uploads", "warning", "no_uploads")]
    assert report.document["ok"]


def test_an_address_that_is_not_the_provider(home: Home) -> None:
    with listening() as (port, _):
        home.url = f"http://127.0.0.1:{port}"
        report = home.report()
    ((name, _, cause), *_) = report.causes
    assert (name, cause) == ("provider", "strange_answer")


def test_a_ledger_with_an_order_of_unknown_outcome_is_mentioned(home: Home, simulator: Simulator) -> None:
    async def order() -> None:
        now = VirtualClock(datetime.now(UTC))
        world = World({"WANX_STATE_DIR": str(home.path / "state")}, clock=now)
        world.simulator.weather.coming("POST", Fault.LOSE_REQUEST)
        async with world.client() as agent:
            await agent.error("create_wanx_task", task_type="txt2video-14b", prompt="a boat")

    anyio.run(order)
    with provider(simulator) as url:
        home.url = url
        report = home.report()
    assert report.causes == [("ledger", "warning", "unknown_orders")]
    assert "$0.28 booked" in report.check("ledger")["found"]


def test_wrong_settings_are_named(home: Home) -> None:
    home.more = {"WANX_DAILY_BUDGET_USD": "much", "WANX_OUTPUT_DIRR": "/x"}
    check = home.report().check("settings")
    assert check["verdict"] == "wrong"
    assert "WANX_DAILY_BUDGET_USD" in check["found"]
    assert "did you mean WANX_OUTPUT_DIR?" in check["found"]


def test_an_impossible_key_is_not_quoted(home: Home) -> None:
    home.more = {"PIAPI_API_KEY": "“pk-curly-quotes”"}
    done = home.run()
    assert "curly" not in done.stdout
    assert "must be printable ASCII characters" in done.stdout


def test_under_the_simulator_it_says_so_and_checks_that(home: Home) -> None:
    home.more = {"WANX_SIMULATE": "1", "PIAPI_API_KEY": "", "HTTPS_PROXY": "http://127.0.0.1:9"}
    done, report = home.run(), home.report()
    assert (done.returncode, report.causes, report.skipped) == (0, [], [])
    assert "simulated" in done.stdout.splitlines()[0]
    assert report.document["simulated"] is True
    assert report.check("provider")["found"] == "the simulator answers"


# Hosts.


def _host(home: Home, name: str, text: str) -> Path:
    host = next(host for host in HOSTS if host.name == name)
    pattern = host.main.file.patterns["Linux"].partition(" or ")[0]
    path = home.path / re.sub(r"^(\$\w+:|~)/?", "", pattern)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _printed(home: Home, name: str, *options: str) -> str:
    command = [sys.executable, "-m", "wanx_mcp", "config", name, *options]
    return subprocess.run(command, env=home.environment, capture_output=True, text=True, check=True).stdout


def _looked_at(home: Home, title: str) -> dict[str, str]:
    """That host's check, without a key: the network is left alone."""
    home.more = {"PIAPI_API_KEY": ""}
    return home.report().check(title)


def _entry(command: str, argument: str = "") -> str:
    return json.dumps({"mcpServers": {"wanx": {"command": command, "args": [argument]}}})


linux = pytest.mark.skipif(sys.platform != "linux", reason="the files lie elsewhere on this platform")


@linux
@pytest.mark.parametrize("name", [host.name for host in HOSTS if host.line is None])
def test_a_host_that_got_the_printed_configuration_is_well(home: Home, name: str) -> None:
    path = _host(home, name, _printed(home, name, "--with-key"))
    title = next(host.title for host in HOSTS if host.name == name)
    assert _looked_at(home, title)["found"] == f"{path} starts this installation"


@linux
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (_entry("wanx-mcp"), "relative_command"),
        (_entry("/nowhere/wanx-mcp"), "missing_command"),
        (_entry("uvx", "wanx-mcp"), "fetched_by_name"),
        (_entry(sys.executable, "/elsewhere/wanx_mcp"), "other_installation"),
        (_entry("wanx-mcp") + "}", "invalid_file"),
    ],
)
def test_a_wrong_host_configuration_is_reported_with_the_command_that_fixes_it(
    home: Home, text: str, cause: str
) -> None:
    _host(home, "claude-desktop", text)
    check = _looked_at(home, "Claude Desktop")
    assert check["cause"] == cause
    assert "wanx-mcp config claude-desktop" in check["fix"]


@linux
def test_a_placeholder_in_place_of_the_key_is_noticed(home: Home) -> None:
    _host(home, "codex", _printed(home, "codex"))
    assert _looked_at(home, "Codex")["cause"] == "no_key"


@linux
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_in_an_encoding_that_hosts_may_not_read_is_reported(home: Home, encoding: str) -> None:
    path = _host(home, "codex", "")
    path.write_text(_printed(home, "codex", "--with-key"), encoding=encoding)
    assert _looked_at(home, "Codex")["cause"] == "encoding"


@linux
def test_a_file_with_comments_is_read_where_the_host_allows_them(home: Home) -> None:
    path = _host(home, "gemini", "// mine\n" + _printed(home, "gemini", "--with-key"))
    assert _looked_at(home, "Gemini CLI")["found"] == f"{path} starts this installation"


@linux
def test_servers_of_claude_code_are_found_in_its_projects_too(home: Home) -> None:
    _host(home, "claude-code", f'{{"projects": {{"/p": {_entry("wanx-mcp")}}}}}')
    assert _looked_at(home, "Claude Code")["cause"] == "relative_command"


# Words on a terminal.


def _on_terminal(home: Home, columns: int) -> str:
    """What a person sees in a window that wide."""
    import pty

    main, other = pty.openpty()
    environment = {**home.environment, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-m", "wanx_mcp", "doctor"]
    with subprocess.Popen(command, env=environment, stdout=other, stderr=other, close_fds=True):
        os.close(other)
        seen = bytearray()
        with contextlib.suppress(OSError):  # how Linux tells the end
            while piece := os.read(main, 4096):
                seen += piece
    os.close(main)
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.skipif(os.name == "nt", reason="there is no pty")
def test_a_terminal_gets_colours_and_lines_that_fit(home: Home) -> None:
    home.more = {"PIAPI_API_KEY": ""}
    seen = _on_terminal(home, 50)
    assert "\033[31mwrong" in seen
    plain = re.sub(r"\033\[[0-9;]*m", "", seen)
    assert all(len(line) <= 50 or len(line.split()) == 1 for line in plain.splitlines())
    home.more["NO_COLOR"] = "1"
    assert "\033" not in _on_terminal(home, 90)
    assert "\033" not in home.run().stdout


def test_the_key_is_struck_out_wherever_it_turns_up(home: Home) -> None:
    home.more = {"WANX_OUTPUT_DIR": str(home.path / f"of {KEY}"), "PIAPI_BASE_URL": "http://127.0.0.1:9"}
    assert "of [hidden]" in home.run("--json").stdout  # and `run` looks for the key itself
    assert "of [hidden]" in home.run().stdout.replace("\n" + " " * 25, " ")
