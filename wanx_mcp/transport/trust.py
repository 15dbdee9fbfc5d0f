"""The TLS context of our https clients, and what of the environment stands against one."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping
from stat import S_ISREG

from wanx_mcp.quoting import clean
from wanx_mcp.transport.authorities import authorities_problem, context_of_authorities
from wanx_mcp.transport.problem import SettingError
from wanx_mcp.variables import variable

log = logging.getLogger(__name__)
KEY_LOG = "SSLKEYLOGFILE"

# ssl.create_default_context is not used: it raises where SSLKEYLOGFILE cannot be written, and from Python 3.13 on it
# refuses the certificates of many company proxies for their form (VERIFY_X509_STRICT).


def tls_context(environment: Mapping[str, str] | None = None) -> ssl.SSLContext:
    """A context for https connections; `environment` is that of this process unless given.

    Raises SettingError if SSL_CERT_FILE or SSL_CERT_DIR cannot be used. Takes up to 100 ms, to read the authorities.
    """
    environment = os.environ if environment is None else environment
    if problem := authorities_problem(environment):
        raise SettingError(problem)
    context = context_of_authorities(environment)
    file = variable(environment, KEY_LOG)
    if file and (words := key_log_problem(file) or _log_keys(context, file)):
        log.warning("%s names %s, %s: the keys of connections are not written", KEY_LOG, clean(file), words)
    return context


def key_log_problem(file: str) -> str | None:
    """Why the keys of connections cannot be written to `file`, in words that follow its name."""
    folder = os.path.dirname(os.path.abspath(file))
    try:
        if not S_ISREG(os.stat(file).st_mode):  # opening a pipe would wait for its reader
            return "which is not a file"
        writable = os.access(file, os.W_OK)
    except FileNotFoundError:
        if not os.path.isdir(folder):
            return "whose folder does not exist"
        writable = os.access(folder, os.W_OK)
    except (OSError, ValueError) as error:
        return f"which cannot be written ({getattr(error, 'strerror', None) or error})"
    return None if writable else "which cannot be written (Permission denied)"


def _log_keys(context: ssl.SSLContext, file: str) -> str | None:
    try:
        context.keylog_filename = file
    except (OSError, ValueError) as error:
        return f"which cannot be written ({getattr(error, 'strerror', None) or error})"
    return None
