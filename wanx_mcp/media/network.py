"""The way to a media host: without the key, redirects by hand, and only to an address that was checked."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from wanx_mcp.addresses import is_loopback, permitted
from wanx_mcp.limits.videos import MOST_REDIRECTS
from wanx_mcp.media.link_check import ForbiddenError, PrivateNameError, check_link
from wanx_mcp.transport.proxying import http_proxy
from wanx_mcp.transport.trust import tls_context

if TYPE_CHECKING:
    import httpx

_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Network:
    """`loopback`: the provider is on this machine. `transport` leads to `origin`, the provider's own address, where
    tests replace the network to it."""

    loopback: bool
    origin: str = ""
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    @asynccontextmanager
    async def answer(
        self, link: str, headers: Mapping[str, str], *, connect: float, stall: float
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a GET of `link`, redirects followed, its body not yet read.

        Raises ForbiddenError for a link or redirect that may not be followed, SettingError, httpx.HTTPError, OSError.
        """
        import httpx

        url, limits = httpx.URL(link), httpx.Timeout(stall, connect=connect)
        for _ in range(MOST_REDIRECTS + 1):
            check_link(url, loopback=self.loopback)
            async with self._asked(url, headers, limits) as response:
                if response.status_code not in _MOVED or "location" not in response.headers:
                    yield response
                    return
                url = url.join(response.headers["location"])
        raise ForbiddenError(f"the link was redirected more than {MOST_REDIRECTS} times")

    @asynccontextmanager
    async def _asked(
        self, url: httpx.URL, headers: Mapping[str, str], limits: httpx.Timeout
    ) -> AsyncIterator[httpx.Response]:
        import httpx

        proxy, transport = None, None
        context = None if url.scheme == "http" else await anyio.to_thread.run_sync(tls_context)  # http: loopback only
        if self.transport is not None and str(url).startswith(f"{self.origin}/"):
            transport = self.transport
        else:
            proxy = await anyio.to_thread.run_sync(http_proxy, str(url), context)
        async with httpx.AsyncClient(
            verify=context or False,
            transport=transport,
            proxy=proxy,
            trust_env=False,  # the proxy is chosen above: whether there is one decides how addresses are checked
            timeout=limits,
            follow_redirects=False,
        ) as client:
            # Nobody can look a name up on the far side of a proxy; there the spelling of the link was checked.
            direct = transport is None and proxy is None
            targets = await self._pinned(url, limits) if direct else [url]
            response = await _first(client, url, targets, headers)
            try:
                yield response
            finally:
                await response.aclose()

    async def _pinned(self, url: httpx.URL, limits: httpx.Timeout) -> list[httpx.URL]:
        """`url` at each address of its host that may be connected to. What is connected to is what was checked: a
        name that changes its mind in between (DNS rebinding) gains nothing."""
        host = url.raw_host.decode()
        port = url.port or (443 if url.scheme == "https" else 80)
        with anyio.fail_after(limits.connect):
            found = await anyio.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
        own = self.loopback and is_loopback(str(url))
        public = [address for address in addresses if permitted(address, loopback=own, resolved=True)]
        if not public:
            what = ", ".join(addresses) or "none"
            raise PrivateNameError(f"the link's host has no public address, only {what}")
        public.sort(key=lambda address: ":" in address)  # IPv6 is more often broken, and there is no time to race
        return [url.copy_with(host=address) for address in public[:4]]


async def _first(
    client: httpx.AsyncClient, url: httpx.URL, targets: list[httpx.URL], headers: Mapping[str, str]
) -> httpx.Response:
    """The answer of the first of the `targets` that can be connected to, asked for `url`."""
    import httpx

    unreached: httpx.TransportError | None = None
    for target in targets:
        request = client.build_request("GET", target, headers={**headers, "host": url.netloc.decode()})
        if target is not url:  # the certificate is still that of the name
            request.extensions = {**request.extensions, "sni_hostname": url.raw_host.decode()}
        try:
            return await client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            unreached = error
    assert unreached is not None  # noqa: S101  # there is at least one target
    raise unreached
