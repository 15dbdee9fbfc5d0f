"""The registry entry: the packages of one version, under names derived from the registry name."""

from __future__ import annotations

from typing import Any

from wanx_mcp import __version__
from wanx_mcp.server.server import DESCRIPTION, TITLE, WEBSITE
from wanx_mcp.settings import SETTINGS

REGISTRY_NAME = "io.github.wanx-mcp/wanx-mcp"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"

PACKAGE = "wanx-mcp"
REPOSITORY = REGISTRY_NAME.removeprefix("io.github.")
"""Owner and name on GitHub. The registry lets nobody but this owner publish under the registry name."""

IMAGE = f"ghcr.io/{REPOSITORY}"
TAG = f"v{__version__}"
BUNDLE = f"{PACKAGE}-{__version__}.mcpb"
BUNDLE_URL = f"https://github.com/{REPOSITORY}/releases/download/{TAG}/{BUNDLE}"

_IN_THE_IMAGE = {"WANX_STATE_DIR", "WANX_OUTPUT_DIR"}
"""Settings that the Dockerfile makes."""


def server_json(bundle_sha256: str | None = None) -> dict[str, Any]:
    """The registry entry.

    The registry refuses a bundle without its hash. The hash changes with every change of the source, so the file in
    this repository has none; the release adds it (`python -m tests.release.entry`).
    """
    stdio = {"type": "stdio"}
    bundle = {"registryType": "mcpb", "identifier": BUNDLE_URL}
    if bundle_sha256 is not None:
        bundle["fileSha256"] = bundle_sha256
    return {
        "$schema": SCHEMA,
        "name": REGISTRY_NAME,
        "title": TITLE,
        "description": DESCRIPTION,
        "version": __version__,
        "websiteUrl": WEBSITE,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": PACKAGE,
                "version": __version__,
                "transport": stdio,
                "environmentVariables": _variables(),
            },
            # The bundle asks for its settings by itself: its manifest has a field for each.
            {**bundle, "transport": stdio},
            {
                "registryType": "oci",
                "identifier": f"{IMAGE}:{__version__}",
                "runtimeHint": "docker",
                # Without a volume that has a name, Docker throws the ledger away with the container.
                "runtimeArguments": [_volume("wanx-state", "/state"), _volume("wanx-videos", "/videos")],
                "transport": stdio,
                "environmentVariables": _variables(without=_IN_THE_IMAGE),
            },
        ],
    }


def _variables(without: set[str] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "name": row.variable,
            "description": row.meaning,
            "format": "string",
            "isSecret": row.secret,
            "isRequired": False,
        }
        for row in SETTINGS
        if row.variable not in (without or ())
    ]


def _volume(name: str, folder: str) -> dict[str, str]:
    return {"type": "named", "name": "-v", "value": f"{name}:{folder}"}
