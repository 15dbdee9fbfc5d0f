"""The hosts as rows: their files, what goes into them, and the next steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wanx_mcp.cli.config import fragments
from wanx_mcp.cli.config.formats import JSON, JSONC, TOML, YAML, Document
from wanx_mcp.cli.config.launch import SERVER, Launch
from wanx_mcp.cli.config.places import ConfigFile, everywhere
from wanx_mcp.cli.config.shells import quoted


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a host, and what this server needs in it. `fresh` are the members that a new file has besides."""

    file: ConfigFile
    document: Callable[[Launch], Document]
    fresh: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """One program that starts MCP servers. `main` is the file with its servers, `permissions` a second one."""

    name: str
    title: str
    main: Part
    steps: tuple[str, ...]
    permissions: Part | None = None
    line: Callable[[Launch], str] | None = None
    """A command of the host that adds the server, printed in the place of the file's text."""

    prompts: bool = False
    """Whether the host can ask for the key itself."""

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.main, self.permissions) if self.permissions else (self.main,)


def find_host(name: str) -> Host:
    """The row called `name`. Raises LookupError."""
    return next(host for host in HOSTS if host.name == name)


def _claude_mcp_add(launch: Launch) -> str:
    variables = [word for name, value in launch.env.items() for word in ("-e", f"{name}={value}")]
    line = ("claude", "mcp", "add", SERVER, "--scope", "user", *variables, "--", *launch.words)
    return quoted(line, windows=os.name == "nt")


_ASKED_FIRST = "It runs the other tools without asking, and asks before each order."

HOSTS: tuple[Host, ...] = (
    Host(
        "claude-desktop",
        "Claude Desktop",
        Part(
            ConfigFile(
                {
                    "macOS": "~/Library/Application Support/Claude/claude_desktop_config.json",
                    # Since 2026 Windows redirects what the app keeps in %APPDATA% to a folder of its package.
                    "Windows": "%LOCALAPPDATA%\\Packages\\Claude_*\\LocalCache\\Roaming\\Claude\\"
                    "claude_desktop_config.json or %APPDATA%\\Claude\\claude_desktop_config.json",
                    "Linux": "~/.config/Claude/claude_desktop_config.json",
                },
                JSON,
                "mcpServers",
            ),
            fragments.mcp_servers,
        ),
        ("Settings > Developer > Edit Config opens it.", "Then restart Claude Desktop."),
    ),
    Host(
        "claude-code",
        "Claude Code",
        Part(
            ConfigFile(everywhere("$CLAUDE_CONFIG_DIR:/.claude.json"), JSON, "mcpServers"),
            fragments.claude_code,
        ),
        (
            f"If there is one already, first: claude mcp remove {SERVER} --scope user",
            "Run the line in a terminal: it adds the server for all your projects. Then: claude mcp list",
        ),
        Part(
            ConfigFile(everywhere("$CLAUDE_CONFIG_DIR:.claude/settings.json"), JSON),
            fragments.claude_code_permissions,
        ),
        _claude_mcp_add,
    ),
    Host(
        "cursor",
        "Cursor",
        Part(ConfigFile(everywhere("~/.cursor/mcp.json"), JSON, "mcpServers"), fragments.mcp_servers),
        ("Then switch it on in Cursor's settings, under MCP.",),
    ),
    Host(
        "vscode",
        "VS Code",
        Part(
            ConfigFile(
                {
                    "macOS": "~/Library/Application Support/Code/User/mcp.json",
                    "Windows": "%APPDATA%\\Code\\User\\mcp.json",
                    "Linux": "~/.config/Code/User/mcp.json",
                },
                JSONC,
                "servers",
            ),
            fragments.vscode,
        ),
        (
            'The command "MCP: Open User Configuration" opens it; .vscode/mcp.json serves one project.',
            f'The entry "{fragments.PROMPT}", if printed, belongs in its "inputs".',
        ),
        prompts=True,
    ),
    Host(
        "codex",
        "Codex",
        Part(ConfigFile(everywhere("$CODEX_HOME:.codex/config.toml"), TOML, "mcp_servers"), fragments.codex),
        (f"{_ASKED_FIRST} `codex exec` cannot ask, so it refuses orders.", "Then: codex mcp list"),
    ),
    Host(
        "gemini",
        "Gemini CLI",
        Part(ConfigFile(everywhere("~/.gemini/settings.json"), JSONC, "mcpServers"), fragments.gemini),
        (_ASKED_FIRST, "It starts servers only in folders that you trust. Then: gemini mcp list"),
    ),
    Host(
        "opencode",
        "OpenCode",
        Part(
            ConfigFile(
                everywhere(
                    "$XDG_CONFIG_HOME:.config/opencode/opencode.json or "
                    "$XDG_CONFIG_HOME:.config/opencode/opencode.jsonc"
                ),
                JSONC,
                "mcp",
            ),
            fragments.opencode,
            {"$schema": "https://opencode.ai/config.json"},
        ),
        (f"{_ASKED_FIRST} With --auto it does not ask: only the budget limits it then.", "Then: opencode mcp list"),
    ),
    Host(
        "qwen",
        "Qwen Code",
        Part(ConfigFile(everywhere("~/.qwen/settings.json"), JSONC, "mcpServers"), fragments.qwen),
        (_ASKED_FIRST, "It starts servers only in folders that you trust. Then: qwen mcp list"),
    ),
    Host(
        "copilot",
        "Copilot CLI",
        Part(ConfigFile(everywhere("$COPILOT_HOME:.copilot/mcp-config.json"), JSON, "mcpServers"), fragments.copilot),
        (
            "It asks before each tool, and remembers what you approve. Orders should not be among it. Then: "
            "copilot mcp list",
        ),
    ),
    Host(
        "cline",
        "Cline CLI",
        Part(
            ConfigFile(everywhere("~/.cline/data/settings/cline_mcp_settings.json"), JSON, "mcpServers"),
            fragments.cline,
        ),
        ("It orders without asking, unless it is started with --auto-approve false: only the budget limits it.",),
    ),
    Host(
        "continue",
        "Continue CLI",
        Part(
            ConfigFile(everywhere("$CONTINUE_GLOBAL_DIR:.continue/config.yaml"), YAML, "mcpServers"),
            fragments.continue_config,
            {"name": "Local", "version": "1.0.0", "schema": "v1"},
        ),
        (f"{_ASKED_FIRST} With --auto it does not ask: only the budget limits it then.",),
        Part(
            ConfigFile(everywhere("$CONTINUE_GLOBAL_DIR:.continue/permissions.yaml"), YAML),
            fragments.continue_permissions,
        ),
    ),
)
