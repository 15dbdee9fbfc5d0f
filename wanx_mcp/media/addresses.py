"""Which links may be followed, and to which address: https to the public internet, loopback beside a loopback
provider only."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from wanx_mcp.settings import is_loopback

if TYPE_CHECKING:
    import httpx

_LOCAL = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)
"""Numbers that some resolvers take for an IPv4 address, such as 2130706433 or 0x7f.1."""


_FAKE = ipaddress.IPv4Network("198.18.0.0/15")
"""Kept for tests of network devices, so that nothing private is there. VPNs and proxies answer with such addresses for
public names ("fake IP") and carry the connection to the true one."""


class ForbiddenError(Exception):
    """A link that is not followed, with the reason in words."""


class PrivateNameError(ForbiddenError):
    """The link's host has a public name without a public address."""


def check_link(url: httpx.URL, *, loopback: bool) -> None:
    """Raises ForbiddenError for a link that may not be followed, as far as its spelling tells.

    `loopback`: the provider itself is on this machine, so its links may be.
    """
    own = loopback and is_loopback(str(url))
    if url.scheme != "https" and not (url.scheme == "http" and own):
        raise ForbiddenError("the link is not https")
    if url.userinfo:
        raise ForbiddenError("the link carries a password")
    if url.port is not None and not 0 < url.port < 65536:
        raise ForbiddenError("the link names an impossible port")
    host = url.raw_host.decode().lower()
    if own:
        return
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        if "." not in host.rstrip(".") or host.rstrip(".").endswith(_LOCAL) or _NUMERIC.fullmatch(host):
            raise ForbiddenError("the link leads into a private network") from None
        return
    if not permitted(str(address), loopback=loopback):
        raise ForbiddenError("the link leads to an address that is not public")


def permitted(text: str, *, loopback: bool, resolved: bool = False) -> bool:
    """Whether a connection may be made to the IP address `text`; `resolved`: it is what a name was resolved to."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if resolved and address.version == 4 and address in _FAKE:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return permitted(str(address.ipv4_mapped), loopback=loopback, resolved=resolved)
        inner = _embedded(address)
        if address.is_site_local or (inner is not None and not permitted(str(inner), loopback=False)):
            return False
    if address.is_loopback:
        return loopback
    private = address.is_private or address.is_link_local or (address.is_reserved and not _translated(address))
    return address.is_global and not (private or address.is_multicast or address.is_unspecified)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a translated or tunnelled one leads to."""
    if _translated(address):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)


def _translated(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether a network without IPv4 made this address from one (NAT64)."""
    return address.version == 6 and address in ipaddress.IPv6Network("64:ff9b::/96")
