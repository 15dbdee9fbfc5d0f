"""Why the certificate of a host was not accepted: OpenSSL's reason, and for each kind its own advice."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wanx_mcp.quoting import quote
from wanx_mcp.transport.authorities import FILE, FOLDER
from wanx_mcp.transport.problem import Problem
from wanx_mcp.variables import variable


@dataclass(frozen=True, slots=True)
class _Kind:
    """Codes of OpenSSL (X509_V_ERR_), Windows (CERT_E_, CRYPT_E_) and macOS (errSec); else words of the reason."""

    cause: str
    what: str
    fix: str
    codes: frozenset[int]
    words: tuple[str, ...]


_MIDDLE = "a proxy, an antivirus, a DNS filter or the login page of a network"
_KINDS = (
    _Kind(
        "expired_certificate",
        "has expired",
        "check the date of this machine; if it is right, ask whoever runs the proxy or antivirus that signs the "
        "connections here, or wait until the host has renewed its certificate; then make the same call again",
        frozenset({10, 0x800B0101, -67818}),
        ("expired", "validity period"),
    ),
    _Kind(
        "future_certificate",
        "is not valid yet",
        "set the clock of this machine right (turn on automatic network time), then make the same call again",
        frozenset({9, -67819}),
        ("not yet valid",),
    ),
    _Kind(
        "foreign_certificate",
        "belongs to another host name",
        f"check whether {_MIDDLE} answers in place of the host, and whether PIAPI_BASE_URL is right, if it is set",
        frozenset({62, 64, 0x800B010F, -67602}),
        ("mismatch", "does not match", "doesn't match"),
    ),
    _Kind(
        "revoked_certificate",
        "has been revoked",
        f"check whether {_MIDDLE} answers in place of the host; if not, wait until it has a new certificate",
        frozenset({23, 0x800B010C, 0x80092010, -67820}),
        ("revoked",),
    ),
    _Kind(
        "untrusted_certificate",
        "is not trusted by this machine: it is self-signed",
        "",
        frozenset({18}),
        (),
    ),
    _Kind(
        "untrusted_certificate",
        "is not trusted by this machine: its authority is unknown",
        "",
        frozenset({2, 19, 20, 21, 0x800B0109, 0x800B010A, -67843}),
        ("self-signed", "self signed", "issuer", "not trusted", "root certificate"),
    ),
)
_OTHER = _Kind("untrusted_certificate", "is not accepted by this machine", "", frozenset(), ())


def certificate_problem(
    error: BaseException, whose: str, environment: Mapping[str, str] | None = None
) -> Problem | None:
    """Why the certificate of `whose` ("the provider") was refused; None if `error` is not about a certificate."""
    refused = next((cause for cause in chain(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if refused is None:
        return None
    reason = _quoted(getattr(refused, "verify_message", "") or str(refused))
    code = _unsigned(getattr(refused, "verify_code", 0))
    by_code = (kind for kind in _KINDS if code in map(_unsigned, kind.codes))
    by_words = (kind for kind in _KINDS if any(word in reason.lower() for word in kind.words))
    kind = next(by_code, None) or next(by_words, _OTHER)
    fix = kind.fix or _trust_fix(os.environ if environment is None else environment)
    return Problem(f"{whose}'s certificate {kind.what} ({reason})", fix, kind.cause)


def _unsigned(code: int) -> int:
    """`code` in the form in which Windows writes it; negative ones are of 32 bits."""
    return code & 0xFFFFFFFF


def _trust_fix(environment: Mapping[str, str]) -> str:
    """What to do about an unknown authority."""
    names = [name for name in (FILE, FOLDER) if variable(environment, name)]
    why = "a company proxy or antivirus may sign its own certificates"
    if not names:
        return f"set {FILE} to the CA file of their network ({why}) and restart this server"
    which = " and ".join(f"{name} ({variable(environment, name)})" for name in names)
    return (
        f"add the CA of their network to {which}, where the only trusted CAs are now ({why}), or unset "
        f"{' and '.join(names)} to trust those of this system; then restart this server"
    )


def handshake_problem(error: BaseException, whose: str) -> Problem | None:
    """Why no TLS connection to `whose` came about, for reasons other than its certificate."""
    failed = next((cause for cause in chain(error) if isinstance(cause, ssl.SSLError)), None)
    if failed is None:
        return None
    reason = _quoted(failed.reason or str(failed))
    fix = (
        f"check whether {_MIDDLE} answers in place of the host, and HTTPS_PROXY if it is set; then make the same call "
        "again"
    )
    return Problem(f"no secure connection to {whose} came about ({reason})", fix, "no_tls")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """`error` and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _quoted(text: str) -> str:
    """The reason between quotation marks: macOS puts words of the certificate itself into it."""
    plain = quote(text.replace("'", ""), links=False).rstrip(". ")
    return f'"{plain}"'
