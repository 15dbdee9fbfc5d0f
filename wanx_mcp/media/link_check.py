"""Which links may be followed, by their spelling: https to the public internet, loopback beside a loopback provider
only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wanx_mcp.addresses import is_loopback, is_private_name, literal, permitted

if TYPE_CHECKING:
    import httpx


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
    if own:
        return
    host = url.raw_host.decode()
    address = literal(host)
    if address is None and is_private_name(host):
        raise ForbiddenError("the link leads into a private network")
    if address is not None and not permitted(str(address), loopback=loopback):
        raise ForbiddenError("the link leads to an address that is not public")
