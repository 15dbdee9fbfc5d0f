"""NO_PROXY as people write it: no entry breaks a call, and each names what curl, Go or Python would take it for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers import ACCEPTED, Peer, Proxy, made_certificate
from tests.peers import listening as serving
from tests.test_network import FAR, listening, plain_environment, refused  # noqa: F401  # a fixture
from tests.test_save import TIGHT, finished
from tests.world import World
from wanx_mcp.transport.proxies import in_no_proxy, proxy_for

pytestmark = pytest.mark.anyio
NAMED = [
    "*",
    "localhost, *",
    "api.example.invalid",
    "API.Example.INVALID",
    "api.example.invalid.",
    "example.invalid",
    ".example.invalid",
    "*.example.invalid",
    "*example.invalid",
    "api.*",
    "a.b,api.example.invalid",
    "  a.b   api.example.invalid  ",
    ";;api.example.invalid;",
    "localhost|api.example.invalid",
    "api.example.invalid:443",
    "*:443",
    "https://api.example.invalid",
    "all://api.example.invalid:443",
    "fd00::/8,[::1]:80,example.invalid",
]
OTHERS = [
    "fd00::/8",
    "[fd00::]/8",
    "[fd00::/8]",
    "::1",
    "[::1]",
    "[::1]:8080",
    "fe80::1%eth0",
    "::/0",
    "0.0.0.0/0",
    "10.0.0.0/8,192.168.0.0/255.255.0.0",
    "10.0.0.0/99",
    "ample.invalid",
    "example.invalid.org",
    "api.example.invalid:8443",
    "http://api.example.invalid",
    "<local>",
    "[::1",
    "::1]",
    "[]",
    "[api.example.invalid",
    ":443",
    ":",
    "://",
    "https://",
    ".",
    "*.org",
    "api.example.invalid:port",
    "a:b:c:d:e:f:g:h:i:j",
    "%",
    "${NO_PROXY}",
    ",, ,",
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}ber.example",
    "x" * 5000,
    "." * 300,
]


@pytest.mark.parametrize("entry", NAMED)
def test_an_entry_names_the_host(entry: str) -> None:
    assert in_no_proxy(f"{FAR}/v1", entry)


@pytest.mark.parametrize("entry", OTHERS)
def test_an_entry_names_another_host_or_none(entry: str) -> None:
    assert not in_no_proxy(f"{FAR}/v1", entry)


@pytest.mark.parametrize(
    ("host", "entry", "named"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.9.9.9/8", True),
        ("10.1.2.3", "10.*", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "11.0.0.0/8", False),
        ("10.1.2.3", ".3", False),
        ("10.1.2.3", "2.3", False),
        ("[fd00::5]", "fd00::/8", True),
        ("[fd00::5]", "[fd00::]/8", True),
        ("[fd00::5]", "[fd00::/8]", True),
        ("[fd00::5]", "FD00:0:0::5", True),
        ("[fd00::5]", "[fd00::5]:443", True),
        ("[fd00::5]", "[fd00::5]:80", False),
        ("[fd00::5]", "10.0.0.0/8", False),
        ("[::ffff:10.1.2.3]", "10.0.0.0/8", True),
        ("intranet", "<local>", True),
        ("xn--ber-goa.example", "\N{LATIN SMALL LETTER U WITH DIAERESIS}ber.example", True),
    ],
)
def test_addresses_are_compared_as_addresses(host: str, entry: str, named: bool) -> None:
    assert in_no_proxy(f"https://{host}/v1", entry) is named


@pytest.mark.parametrize("entry", ["fd00::/8", "[fd00::]/8", "[::1]:8080", "10.0.0.0/8", "*", "[::1", "a:b:c"])
@pytest.mark.parametrize("spelled", ["NO_PROXY", "no_proxy"])
async def test_without_a_proxy_no_entry_stands_in_the_way(
    entry: str, spelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(spelled, entry)
    assert "could not be resolved" in await refused(FAR)
    with listening() as (port, _):
        async with World({"PIAPI_BASE_URL": f"http://127.0.0.1:{port}"}, wired=True).client() as agent:
            assert (await agent.order())["task_id"] == "t1"


@pytest.mark.parametrize("entry", ["fd00::/8", "[fd00::]/8", "[::1]:8080", "10.0.0.0/8", "[::1", "a:b:c"])
async def test_with_a_proxy_entries_about_others_leave_it_in_use(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", entry)
    with listening() as (port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        assert "the proxy refused the connection" in await refused(FAR)
    assert set(asked) == {"CONNECT api.example.invalid:443"}


@pytest.mark.parametrize("entry", ["*", "[fd00::]/8, example.invalid", "api.example.invalid:443"])
async def test_with_a_proxy_entries_about_the_provider_go_around_it(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", entry)
    with listening() as (port, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        assert "could not be resolved" in await refused(FAR)
    assert asked == []


@pytest.mark.parametrize(
    "setting", ["http://[::1", "http://127.0.0.1:many", "ftp://127.0.0.1:9", "socks4://127.0.0.1:9", "http://", "://"]
)
async def test_a_proxy_setting_that_is_no_address_is_named_for_orders_and_videos(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", setting)
    (world := World(limits=TIGHT)).simulator.media = "https://video.example.com/a.mp4"
    async with finished(world) as (agent, task_id):
        unsaved = await agent.error("save_wanx_video", task_id=task_id)
    for error in (await refused(FAR), unsaved):
        assert "the proxy setting is not a valid address" in error
        assert "correct HTTPS_PROXY (or ALL_PROXY), unset it, or add" in error


@pytest.mark.parametrize("url", ["http://[::1", "https://[", "https://a:b", "https://", "", "[", "\N{SNOWMAN}://x"])
def test_an_address_that_is_none_gets_an_answer_too(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "fd00::/8,example.com:443")
    assert proxy_for(url) is None
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert proxy_for(url) in (None, "http://127.0.0.1:9")


@pytest.mark.parametrize("value", ["", "  ", "${HTTPS_PROXY}"])
def test_a_proxy_that_a_host_left_empty_counts_as_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert proxy_for(FAR) is None
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    assert proxy_for(FAR) == "http://proxy.example:3128"


async def test_a_proxy_that_speaks_tls_itself_is_trusted_by_the_same_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = made_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path))  # cannot be written
    async with serving(Peer(ACCEPTED), certificate) as target, serving(Proxy(target), certificate) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
        async with World({"PIAPI_BASE_URL": FAR}, wired=True).client() as agent:
            assert (await agent.order())["task_id"] == "t1"
