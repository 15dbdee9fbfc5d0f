"""Which certificate authorities are trusted: those of SSL_CERT_FILE and SSL_CERT_DIR, or the system's."""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Iterator, Mapping
from stat import S_ISDIR, S_ISREG

from wanx_mcp.quoting import clean
from wanx_mcp.transport.problem import Problem
from wanx_mcp.variables import variable

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older ones of both
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # the BSDs, macOS
)
"""Where systems keep their authorities. A Python built elsewhere may look in a place that is not there."""


def authorities_problem(environment: Mapping[str, str]) -> Problem | None:
    """What is wrong with SSL_CERT_FILE or, where that is not set, SSL_CERT_DIR."""
    file, folders = variable(environment, FILE), variable(environment, FOLDER)
    if file:
        words, setting = _file_problem(file), FILE
    elif folders:
        words, setting = _folders_problem(folders), FOLDER
    else:
        return None
    if not words:
        return None
    fix = f"correct {setting}, or unset it to trust the certificates of this system, and restart this server"
    return Problem(f"{setting} names {clean(file or folders)}, {words}", fix, "untrusted_certificate")


def unused_folder(environment: Mapping[str, str]) -> str | None:
    """Why SSL_CERT_DIR has no effect beside an SSL_CERT_FILE that can be used."""
    folders = variable(environment, FOLDER)
    words = _folders_problem(folders) if folders and variable(environment, FILE) else None
    return f"{FOLDER} names {folders}, {words}" if words else None


def context_of_authorities(environment: Mapping[str, str]) -> ssl.SSLContext:
    """A context that trusts what `environment` names, else the system's authorities."""
    file, folders = variable(environment, FILE), variable(environment, FOLDER)
    if not file and not folders:
        return _system_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the file may hold the server's certificate itself
    context.load_verify_locations(file or None, folders or None)
    return context


def _system_context() -> ssl.SSLContext:
    if sys.platform in ("win32", "darwin"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # There truststore would do the same, but read the authorities again for each connection (50 ms).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Not set_default_verify_paths: it obeys a variable that is empty or that a host has left unfilled.
    built_in = ssl.get_default_verify_paths()
    file = built_in.openssl_cafile if os.path.isfile(built_in.openssl_cafile) else None
    folder = None if _folders_problem(built_in.openssl_capath) else built_in.openssl_capath
    if file is None and folder is None:
        file = next(filter(os.path.isfile, _SYSTEM_FILES), None) or _bundled()
    context.load_verify_locations(file, folder)
    return context


def _bundled() -> str:
    """The authorities that come with httpx, for a system (often a container) without any."""
    import certifi

    return certifi.where()


def _file_problem(file: str) -> str | None:
    """What is wrong with a file of certificates, in words that follow its name."""
    try:
        found = os.stat(file)
        if S_ISDIR(found.st_mode):
            return f"which is a folder ({FOLDER} is the setting for folders)"
        if not S_ISREG(found.st_mode):
            return "which is not a file"
        if not found.st_size:
            return "which is empty"
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except FileNotFoundError:
        return "which does not exist"
    except ssl.SSLError as error:
        return f"which holds no certificate in PEM form ({error.reason or 'OpenSSL'})"
    except (OSError, ValueError) as error:
        return f"which cannot be read ({getattr(error, 'strerror', None) or error})"
    return None


def _folders_problem(folders: str) -> str | None:
    """What is wrong with a list of folders; nothing if one of them holds a certificate."""
    words = None
    for folder in filter(None, folders.split(os.pathsep)):
        if os.path.isfile(folder):
            words = f"which is not a folder ({FILE} is the setting for files)"
            continue
        try:
            if any(_file_problem(path) is None for path in _hashed(folder)):
                return None
            words = "where no certificate has the name that OpenSSL looks for (`openssl rehash` makes those names)"
        except FileNotFoundError:
            words = "which does not exist"
        except OSError as error:
            words = f"which cannot be read ({error.strerror})"
    return words


def _hashed(folder: str) -> Iterator[str]:
    """The paths in `folder` that OpenSSL would look at. Raises OSError."""
    return (os.path.join(folder, name) for name in sorted(os.listdir(folder)) if _HASHED.fullmatch(name))
