"""How a host starts this installation: an absolute command and its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wanx_mcp.settings import SETTINGS, Settings

SERVER = "wanx"
"""The name under which hosts list this server."""

PLACEHOLDER = "YOUR_PIAPI_KEY"
KEY = "PIAPI_API_KEY"
FREE = {"WANX_SIMULATE": "1"}
NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables for company networks; hosts start servers without most of the user's environment."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One server process. With `prompts`, the host asks for the key, and `env` does not contain it."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    prompts: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return self.command, *self.args


def this_command() -> tuple[str, ...]:
    """The console script beside this Python, or this Python with the module."""
    python = Path(os.path.abspath(sys.executable))  # not resolved: a virtual environment's Python is a symlink
    script = python.parent / ("wanx-mcp.exe" if os.name == "nt" else "wanx-mcp")
    if script.is_file() and os.access(script, os.X_OK):
        return (str(script),)
    return str(python), "-m", "wanx_mcp"


def carried(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The valid settings and network variables of `environment`, without secrets."""
    wrong = {problem.variable for problem in settings.problems}
    ours = [row.variable for row in SETTINGS if not row.secret and row.variable not in {*wrong, *FREE}]
    found = {name: environment.get(name, "").strip() for name in ours}
    for name in NETWORK:
        value = (environment.get(name) or environment.get(name.lower()) or "").strip()
        found[name] = "" if "@" in value else value  # a proxy with a password is a secret, too
    return {name: value for name, value in found.items() if value and not value.startswith("${")}
