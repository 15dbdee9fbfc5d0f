"""The proxy of a request as httpx wants it, or what is wrong with the setting."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from wanx_mcp.addresses import host_of
from wanx_mcp.transport.problem import Problem, SettingError
from wanx_mcp.transport.proxies import proxy_for

if TYPE_CHECKING:
    import ssl

    import httpx


def http_proxy(url: str, context: ssl.SSLContext | None) -> httpx.Proxy | None:
    """The proxy for a request to `url`, None for a direct one; `context` is for a proxy that speaks TLS itself.

    Raises SettingError for a proxy that cannot be used. Can take a while: see `proxy_for`.
    """
    setting = proxy_for(url)
    if setting is None:
        return None
    import httpx

    try:
        proxy = httpx.Proxy(setting)
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingError(Problem("the proxy setting is not a valid address", proxy_fix(url), "proxy")) from error
    if not proxy.url.host:
        raise SettingError(Problem("the proxy setting is not a valid address", proxy_fix(url), "proxy"))
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise SettingError(_NO_SOCKS)
    if proxy.url.scheme == "https":
        proxy.ssl_context = context  # httpx would make one, and fail where SSLKEYLOGFILE cannot be written
    return proxy


def proxy_fix(url: str) -> str:
    """What to do about a proxy that cannot be used for `url`."""
    return f"correct HTTPS_PROXY (or ALL_PROXY), unset it, or add {host_of(url) or 'the host'} to NO_PROXY"


_NO_SOCKS = Problem(
    "a SOCKS proxy is set, and this installation has no support for it",
    "install SOCKS support (pip install 'httpx[socks]') or to unset the ALL_PROXY variable",
    "proxy",
)
