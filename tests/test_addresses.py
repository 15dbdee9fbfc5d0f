"""Which links are followed, by their spelling and by the address behind them, each refusal with its reason."""

from __future__ import annotations

import httpx
import pytest

from wanx_mcp.addresses import permitted
from wanx_mcp.media.link_check import ForbiddenError, check_link

NOT_HTTPS, PASSWORD = "the link is not https", "the link carries a password"
NETWORK, NOT_PUBLIC = "the link leads into a private network", "the link leads to an address that is not public"


def reason(link: str, *, loopback: bool) -> str:
    """Why `link` is not followed, or nothing."""
    try:
        check_link(httpx.URL(link), loopback=loopback)
    except ForbiddenError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://example.com/a.mp4", ""),
        ("HTTPS://EXAMPLE.COM/a.mp4", ""),
        ("https://example.com./a.mp4", ""),
        ("https://example.com:8443/a.mp4?sig=x", ""),
        ("https://93.184.216.34/a.mp4", ""),
        ("https://[2606:2800:220:1::1]/a.mp4", ""),
        ("https://1a.example/a.mp4", ""),
        ("https://local/a.mp4", NETWORK),
        ("https://notlocal.example/a.mp4", ""),
        ("http://example.com/a.mp4", NOT_HTTPS),
        ("ftp://example.com/a.mp4", NOT_HTTPS),
        ("file:///etc/passwd", NOT_HTTPS),
        ("https://me@example.com/a.mp4", PASSWORD),
        ("https://me:pw@example.com/a.mp4", PASSWORD),
        ("https://:pw@example.com/a.mp4", PASSWORD),
        ("https://intranet/a.mp4", NETWORK),
        ("https://intranet./a.mp4", NETWORK),
        ("https://localhost/a.mp4", NETWORK),
        ("https://a.localhost/a.mp4", NETWORK),
        ("https://printer.local/a.mp4", NETWORK),
        ("https://PRINTER.LOCAL./a.mp4", NETWORK),
        ("https://db.internal/a.mp4", NETWORK),
        ("https://nas.lan/a.mp4", NETWORK),
        ("https://router.home.arpa/a.mp4", NETWORK),
        ("https://2130706433/a.mp4", NETWORK),
        ("https://0x7f000001/a.mp4", NETWORK),
        ("https://0X7F.1/a.mp4", NETWORK),
        ("https://127.1/a.mp4", NETWORK),
        ("https://10.0.1./a.mp4", NETWORK),
        ("https://10.0.0.1/a.mp4", NOT_PUBLIC),
        ("https://127.0.0.1/a.mp4", NOT_PUBLIC),
        ("https://169.254.169.254/latest", NOT_PUBLIC),
        ("https://[::1]/a.mp4", NOT_PUBLIC),
        ("https://[fd00::1]/a.mp4", NOT_PUBLIC),
        ("https://[::ffff:10.0.0.1]/a.mp4", NOT_PUBLIC),
    ],
)
def test_a_link_to_the_world_is_judged_by_its_spelling(link: str, why: str) -> None:
    assert reason(link, loopback=False) == why


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://127.0.0.1:9/a.mp4", ""),
        ("https://127.0.0.1/a.mp4", ""),
        ("http://localhost:9/a.mp4", ""),
        ("http://[::1]:9/a.mp4", ""),
        ("ftp://127.0.0.1/a.mp4", NOT_HTTPS),
        ("http://me:pw@127.0.0.1/a.mp4", PASSWORD),
        ("http://example.com/a.mp4", NOT_HTTPS),
        ("http://10.0.0.1/a.mp4", NOT_HTTPS),
        ("https://10.0.0.1/a.mp4", NOT_PUBLIC),
        ("https://intranet/a.mp4", NETWORK),
        ("https://example.com/a.mp4", ""),
    ],
)
def test_beside_a_provider_on_this_machine_links_to_this_machine_are_followed_and_no_other_private_ones(
    link: str, why: str
) -> None:
    assert reason(link, loopback=True) == why


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("2001:0:a00:1::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("fec0::1", False),
        ("fe80::1", False),
        ("ff0e::1", False),
        ("192.0.2.1", False),
        ("127.0.0.1", False),
        ("::1", False),
    ],
)
def test_an_address_is_public_only_if_what_it_is_translated_to_is(address: str, allowed: bool) -> None:
    assert permitted(address, loopback=False) is allowed


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::1", False),
        ("10.0.0.1", False),
        ("fe80::1%lo", False),
        ("93.184.216.34", True),
    ],
)
def test_beside_a_provider_on_this_machine_its_own_addresses_are_permitted_in_plain_form_only(
    address: str, allowed: bool
) -> None:
    assert permitted(address, loopback=True) is allowed
