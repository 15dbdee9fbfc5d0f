"""Why the provider could not be reached, as errors whose advice a person can follow."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from socket import gaierror

from wanx_mcp.errors import Unreachable

_CA = (
    "ask the user to set SSL_CERT_FILE to the CA file of their network (a company proxy or antivirus may sign its own "
    "certificates) and restart this server"
)
_SOCKS = "ask the user to install SOCKS support (pip install 'httpx[socks]') or to unset the ALL_PROXY variable"
_BROKEN = "ask the user to reinstall this server and to restart it; then make the same call again"
_PROXY = "ask the user to check the HTTPS_PROXY setting, or to add the provider's host to NO_PROXY"
_DOWN = "ask the user to check the network connection, and HTTPS_PROXY if that is set; then make the same call again"
# The error does not say which of the two names was not found.
_NAME = "ask the user to check the network connection, PIAPI_BASE_URL, and HTTPS_PROXY if that is set"


def unreachable(error: BaseException) -> Unreachable:
    """`error`, raised by an HTTP request, as an error with advice for the caller."""
    chain = list(_chain(error))
    names = {type(cause).__name__ for cause in chain}
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain) or "CERTIFICATE_VERIFY" in str(error):
        return _because("untrusted_certificate", "the provider's certificate is not trusted by this machine", _CA)
    if any(isinstance(cause, gaierror) for cause in chain):
        return Unreachable("the host name of the provider, or of a proxy, could not be resolved", advice=_NAME)
    if "ProxyError" in names:
        return _because("proxy", "the proxy refused the connection to the provider", _PROXY)
    if "ConnectTimeout" in names or "PoolTimeout" in names:
        return Unreachable("no connection to the provider within the time limit", advice=_PROXY)
    if "ConnectError" in names:
        return Unreachable("the connection to the provider was refused or dropped", advice=_DOWN)
    return Unreachable(f"the provider sent no complete answer ({type(error).__name__})")


def client_error(error: BaseException) -> Unreachable:
    """Why no HTTP client can be created in this environment."""
    if isinstance(error, ImportError) and "socks" in str(error).lower():
        return without_socks()
    if isinstance(error, OSError | ssl.SSLError):
        what = "the CA file that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read"
        return _because("untrusted_certificate", what, _CA)
    if isinstance(error, ValueError) or type(error).__name__ == "InvalidURL":
        return _because("proxy", "the proxy settings of this environment cannot be used", _PROXY)
    what = f"the HTTP client cannot be loaded ({error}), so nothing was sent"
    return _because("broken_installation", what, _BROKEN)


def without_socks() -> Unreachable:
    """The error for a SOCKS proxy without SOCKS support."""
    return _because("proxy", "a SOCKS proxy is set, and this installation has no support for it", _SOCKS)


def _because(reason: str, what: str, advice: str) -> Unreachable:
    error = Unreachable(what, advice=advice)
    error.reason = reason
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
