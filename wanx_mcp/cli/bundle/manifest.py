"""The manifest of the bundle: what Claude Desktop shows and asks for, derived from the tools and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wanx_mcp.catalog import CATALOG
from wanx_mcp.cli.bundle.project import PACKAGE, Project
from wanx_mcp.server.building import DESCRIPTION, TITLE, WEBSITE
from wanx_mcp.server.tools import tool_rows
from wanx_mcp.settings import SETTINGS, Settings

FORMAT = "0.4"
"""The first version of the format with servers of type `uv`."""

ENTRY = "wanx_mcp/__main__.py"
ICON = "wanx_mcp/assets/icon.png"
PRIVACY = (
    "Privacy: what you order (prompts, pictures, settings of a video) goes to PiAPI, under PiAPI's own terms, and "
    "nowhere else. No telemetry. The key is kept by the host and sent to PiAPI only. On this computer stay the saved "
    "videos and a ledger of orders, without key and pictures."
)
ABOUT = (
    f"{DESCRIPTION}\n\nOrders cost money on your PiAPI account, within the budget you set here; with the simulator "
    f"switched on, everything is free and needs no key. Not affiliated with PiAPI.\n\n{PRIVACY}"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One value that the host asks the user for, and the variable that it sets.

    `words` describe it where the meaning of the setting mentions values that this control cannot take.
    """

    name: str
    variable: str
    kind: str
    title: str
    more: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


# One folder for each: a host cannot put several into one variable.
FIELDS: tuple[Field, ...] = (
    Field(
        "api_key",
        "PIAPI_API_KEY",
        "string",
        "PiAPI key",
        {"sensitive": True},
        "The key from your workspace at piapi.ai. Without it nothing can be ordered, unless Simulate is on.",
    ),
    Field(
        "daily_budget",
        "WANX_DAILY_BUDGET_USD",
        "number",
        "Budget, US dollars in 24 hours",
        {"min": 0},
        "The most that may be booked in any 24 hours; 0 forbids spending.",
    ),
    Field("output_folder", "WANX_OUTPUT_DIR", "directory", "Folder for videos"),
    Field(
        "picture_folder",
        "WANX_INPUT_DIRS",
        "directory",
        "Folder with pictures to animate",
        words="Pictures in this folder may be sent to PiAPI, like those in the folder for videos.",
    ),
    Field("simulate", "WANX_SIMULATE", "boolean", "Simulate"),
    Field("allow_adult", "WANX_ALLOW_ADULT", "boolean", "Allow adult LoRA types"),
)


def manifest(project: Project) -> dict[str, Any]:
    """The manifest of this version."""
    return {
        "manifest_version": FORMAT,
        "name": PACKAGE,
        "display_name": TITLE,
        "version": project.version,
        "description": DESCRIPTION,
        "long_description": ABOUT,
        "author": {"name": project.author},
        "homepage": WEBSITE,
        "documentation": WEBSITE,
        "license": project.license,
        "icon": ICON,
        "keywords": ["video", "wanx", "wan", "piapi"],
        "server": {
            "type": "uv",
            "entry_point": ENTRY,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "python", "-m", "wanx_mcp"],
                "env": {asked.variable: f"${{user_config.{asked.name}}}" for asked in FIELDS},
            },
        },
        "tools": [{"name": row.name, "description": row.description} for row in tool_rows(CATALOG)],
        "tools_generated": False,
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"python": project.python}},
        "user_config": {asked.name: _asked(asked) for asked in FIELDS},
    }


def _asked(asked: Field) -> dict[str, Any]:
    row = next(row for row in SETTINGS if row.variable == asked.variable)
    default = getattr(Settings(), row.field)
    return {
        "type": asked.kind,
        "title": asked.title,
        "description": asked.words or row.meaning,
        "required": False,  # nothing is: with the simulator on, not even the key
        **({} if default in (None, ()) else {"default": default if isinstance(default, bool) else float(default)}),
        **asked.more,
    }
