"""Which proxy a request takes: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the system's settings."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from wanx_mcp.addresses import host_of, is_loopback, literal
from wanx_mcp.variables import filled

# httpx has rules of its own, which raise for NO_PROXY=fd00::/8 and for other entries that curl, Go and Python accept.

_ENTRY = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\[[^\]]*\](?:/\d+)?|[^\[\]:]*|[^\[\]]*:[^\[\]]*:[^\[\]]*)(?::(?P<port>\d+))?"
)
"""An entry of NO_PROXY: a host, maybe with a scheme and a port. IPv6 with a port needs brackets."""

_LONGEST_ENTRY = 300
"""Characters. No host name is longer; longer entries are skipped."""

_PORTS = {"https": 443, "http": 80}


def proxy_for(url: str) -> str | None:
    """The URL of the proxy for a request to `url`, None for a direct one. Loopback never goes through a proxy.

    The proxy is returned as it was set, so it need not be valid. This can ask Windows and macOS, which takes a while.
    """
    if is_loopback(url):
        return None
    proxy = proxy_set_for(url)
    return None if proxy is None or bypassed(url) else proxy


def proxy_set_for(url: str) -> str | None:
    """The proxy that is set for requests like that to `url`, whatever NO_PROXY says."""
    found = getproxies()
    proxy = filled(found.get(url.partition(":")[0].lower())) or filled(found.get("all"))
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def bypassed(url: str) -> bool:
    """Whether NO_PROXY, or the exceptions of the system's own proxy settings, name the host of `url`."""
    set_here = getproxies_environment()
    if set_here:
        return in_no_proxy(url, filled(set_here.get("no")))
    try:
        return bool(proxy_bypass(host_of(url)))
    except (OSError, ValueError):  # the registry of Windows can hold anything
        return False


def in_no_proxy(url: str, no_proxy: str) -> bool:
    """Whether one of the entries of `no_proxy` names the host of `url`. Entries that mean nothing are skipped.

    An entry is a host with all names below it (with or without a leading dot), an address, a range such as
    10.0.0.0/8 or fd00::/8 (with or without brackets), a pattern with *, or <local>; each may have a scheme and a port.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return False
    entries = re.split(r"[\s,;|]+", no_proxy.lower())
    return any(_names(entry, parts.scheme, host, port) for entry in entries if 0 < len(entry) <= _LONGEST_ENTRY)


def _names(entry: str, scheme: str, host: str, port: int | None) -> bool:
    """Whether one `entry` of NO_PROXY names `host`."""
    found = _ENTRY.fullmatch(entry)
    if found is None or found["scheme"] not in (None, "all", scheme):
        return False
    if found["port"] is not None and int(found["port"]) != port:
        return False
    return _matches(found["host"], host)


def _matches(pattern: str, host: str) -> bool:
    address = literal(host)
    if address is not None and "*" not in pattern:
        try:
            network = ip_network(re.sub(r"[\[\]]|%[^\]/]*", "", pattern), strict=False)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if address.version == 6 else None
        return address in network or (mapped is not None and mapped in network)
    if pattern == "<local>":
        return address is None and "." not in host
    name = pattern.removesuffix(".")
    if "*" in name.removeprefix("*."):
        return fnmatchcase(host, name)
    name = _ascii(name.removeprefix("*").removeprefix("."))
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _ascii(name: str) -> str:
    """`name` as DNS has it."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name
