"""The plugin for Claude Code: this repository is both the plugin and the marketplace that lists it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.release.skill import NAME as SKILL
from tests.release.skill import skill
from wanx_mcp.cli.bundle.manifest import manifest
from wanx_mcp.cli.bundle.project import PACKAGE, read_project
from wanx_mcp.cli.config.launch import SERVER
from wanx_mcp.settings.hosts import MEDIA_ORIGINS, PROVIDER, UPLOADS

FOLDER = Path(".claude-plugin")


def plugin() -> dict[str, Any]:
    """The plugin's manifest. The host asks for the same fields as the bundle's host does, and masks the same ones."""
    bundle = manifest(read_project())
    return {
        "name": SERVER,
        "displayName": bundle["display_name"],
        "version": bundle["version"],
        "description": bundle["description"],
        "author": bundle["author"],
        "homepage": bundle["homepage"],
        "license": bundle["license"],
        "keywords": bundle["keywords"],
        "icon": f"./{bundle['icon']}",
        "skills": f"./{FOLDER}/skills/",
        "userConfig": bundle["user_config"],
        "mcpServers": {
            SERVER: {
                "command": "uvx",
                # The source that the plugin carries, never the name of a package.
                "args": ["--from", "${CLAUDE_PLUGIN_ROOT}", PACKAGE],
                "env": bundle["server"]["mcp_config"]["env"],
            }
        },
        "network": {"hosts": [_host(origin) for origin in (PROVIDER, UPLOADS, *MEDIA_ORIGINS)]},
    }


def marketplace() -> dict[str, Any]:
    """The marketplace: one plugin, whose source is the folder of the marketplace itself."""
    one = plugin()
    listed = {name: one[name] for name in ("name", "version", "description", "author", "license", "keywords")}
    return {
        "name": PACKAGE,
        "owner": one["author"],
        "metadata": {"description": one["description"], "version": one["version"]},
        "plugins": [{**listed, "source": "./", "category": "media"}],
    }


def files(task_types: str, loras: str) -> dict[Path, str]:
    """The plugin's files by their paths in the repository. The arguments are tables in Markdown."""
    return {
        FOLDER / "plugin.json": _json(plugin()),
        FOLDER / "marketplace.json": _json(marketplace()),
        FOLDER / "skills" / SKILL / "SKILL.md": skill(task_types, loras),
    }


def _host(origin: str) -> str:
    return urlsplit(origin).netloc


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
