"""Why the provider could not be reached, as errors whose advice a person can follow."""

from __future__ import annotations

from socket import gaierror

from wanx_mcp.errors import Unreachable
from wanx_mcp.transport.certificates import certificate_problem, chain, handshake_problem
from wanx_mcp.transport.problem import Problem, SettingError

_BROKEN = "ask the user to reinstall this server and to restart it; then make the same call again"
_PROXY = "ask the user to check the HTTPS_PROXY setting, or to add the provider's host to NO_PROXY"
_DOWN = "ask the user to check the network connection, and HTTPS_PROXY if that is set; then make the same call again"
# The error does not say which of the two names was not found.
_NAME = "ask the user to check the network connection, PIAPI_BASE_URL, and HTTPS_PROXY if that is set"


def unreachable(error: BaseException) -> Unreachable:
    """`error`, raised by an HTTP request, as an error with advice for the caller."""
    causes = list(chain(error))
    names = {type(cause).__name__ for cause in causes}
    if problem := certificate_problem(error, "the provider"):
        return _problem(problem)
    if "ConnectError" in names and (problem := handshake_problem(error, "the provider")):
        return _problem(problem)
    if any(isinstance(cause, gaierror) for cause in causes):
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
    if isinstance(error, SettingError):
        return _problem(error.problem)
    what = f"the HTTP client cannot be loaded ({error}), so nothing was sent"
    return _because("broken_installation", what, _BROKEN)


def _because(reason: str, what: str, advice: str) -> Unreachable:
    error = Unreachable(what, advice=advice)
    error.reason = reason
    return error


def _problem(problem: Problem) -> Unreachable:
    return _because(problem.cause, problem.what, problem.advice)
