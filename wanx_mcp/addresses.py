"""Which hosts are this machine, which are private and which are public: the one place that knows."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_LOCAL_DOMAINS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*\.?", re.IGNORECASE)
"""Numbers that some resolvers take for an IPv4 address, such as 2130706433 or 0x7f.1."""

_FAKE = IPv4Network("198.18.0.0/15")
"""Kept for tests of network devices, so that nothing private is there. VPNs and proxies answer with such addresses for
public names ("fake IP") and carry the connection to the true one."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses that a network without IPv4 makes from IPv4 addresses."""


def literal(host: str) -> Address | None:
    """The IP address that `host` is, with or without brackets and a zone; None for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None


def host_of(url: str) -> str:
    """The host of `url`, without brackets; empty where there is none or `url` is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine."""
    return is_loopback_host(host_of(url))


def is_loopback_host(host: str) -> bool:
    """Whether `host` is this machine: localhost, 127.0.0.0/8 or ::1."""
    # Names below .localhost are not: some resolvers ask the network for them.
    address = literal(host)
    return host.lower().removesuffix(".") == "localhost" if address is None else _plain(address).is_loopback


def is_private_name(host: str) -> bool:
    """Whether the name `host` is one that only a private network knows, or a number in disguise."""
    name = host.lower().removesuffix(".")
    return "." not in name or name.endswith(_LOCAL_DOMAINS) or _NUMERIC.fullmatch(host) is not None


def is_public_host(host: str) -> bool:
    """Whether `host` can be on the public internet, as far as its spelling tells."""
    address = literal(host)
    return not is_private_name(host) if address is None else is_public(address)


def permitted(text: str, *, loopback: bool, resolved: bool = False) -> bool:
    """Whether a connection may be made to the IP address `text`: a public one, or one of this machine with `loopback`.

    `resolved`: the address is what a name was resolved to. Raises ValueError for what is not an address.
    """
    address = _plain(ip_address(text.partition("%")[0]))
    if resolved and address.version == 4 and address in _FAKE:
        return True
    return loopback if address.is_loopback else is_public(address)


def is_public(address: Address) -> bool:
    """Whether `address`, and the one that it is translated or tunnelled to, is on the public internet."""
    address = _plain(address)
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if address.is_site_local or (inner is not None and not is_public(inner)):
            return False
    reserved = address.is_reserved and not _translated(address)
    local = address.is_loopback or address.is_private or address.is_link_local
    return address.is_global and not (local or reserved or address.is_multicast or address.is_unspecified)


def _plain(address: Address) -> Address:
    """`address`; the IPv4 one where it is written as IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a translated or tunnelled one leads to."""
    if _translated(address):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)


def _translated(address: Address) -> bool:
    return address.version == 6 and address in _NAT64
