"""The hosts as rows: the npm package, how it is started without a screen, and what it needs to talk to our model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from wanx_mcp.toolnames import CANCEL, CREATE

KEY = "no-key-is-needed"
MODEL = "scripted"


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host. `name` is the one of `wanx-mcp config`; `{prompt}` and `{url}` are filled in.

    `settings` are files of the host in its home that lie there before `wanx-mcp config` adds this server.
    """

    name: str
    package: str
    command: tuple[str, ...]
    settings: Callable[[str], Mapping[str, str]] = lambda _url: {}
    environment: Callable[[str], Mapping[str, str]] = lambda _url: {}
    prepare: tuple[str, ...] = ()
    """A command of the host that has to come before, such as one that names the model."""

    shows_pictures: bool = True
    """Whether a tool's picture reaches the model as a picture."""

    notes: tuple[str, ...] = field(default=())
    """What a reader of the README should know."""


def _json(document: object) -> str:
    return json.dumps(document, indent=2)


def _codex(url: str) -> Mapping[str, str]:
    text = f"""\
model = "{MODEL}"
model_provider = "loopback"

[model_providers.loopback]
name = "A scripted model"
base_url = "{url}/v1"
env_key = "LOOPBACK_KEY"
wire_api = "responses"
"""
    return {".codex/config.toml": text}


def _gemini(_url: str) -> Mapping[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    return {".gemini/settings.json": _json(settings)}


def _opencode(url: str) -> Mapping[str, str]:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "A scripted model",
        "options": {"baseURL": f"{url}/v1", "apiKey": KEY},
        "models": {
            MODEL: {
                "name": MODEL,
                "attachment": True,
                "modalities": {"input": ["text", "image"], "output": ["text"]},
                "limit": {"context": 200_000, "output": 8_000},
            }
        },
    }
    settings = {
        "autoupdate": False,
        "share": "disabled",
        "model": f"loopback/{MODEL}",
        "small_model": f"loopback/{MODEL}",
        "provider": {"loopback": provider},
    }
    return {".config/opencode/opencode.json": _json(settings)}


def _qwen(_url: str) -> Mapping[str, str]:
    settings = {
        "security": {"auth": {"selectedType": "openai"}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
    }
    return {".qwen/settings.json": _json(settings)}


def _continue(url: str) -> Mapping[str, str]:
    text = f"""\
name: Local
version: 1.0.0
schema: v1
models:
  - name: A scripted model
    provider: openai
    model: {MODEL}
    apiBase: {url}/v1
    apiKey: {KEY}
    roles: [chat]
    capabilities: [tool_use, image_input]
"""
    return {".continue/config.yaml": text}


def _openai(url: str) -> Mapping[str, str]:
    return {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": MODEL}


def _approved(tool: str) -> tuple[str, str]:
    """The user's consent to a tool, given on Codex's command line."""
    return "-c", f'mcp_servers.wanx.tools.{tool}.approval_mode="approve"'


ROWS = (
    HostRow(
        "claude-code",
        "@anthropic-ai/claude-code",
        ("claude", "-p", "{prompt}", "--allowedTools", "mcp__wanx"),
        environment=lambda url: {
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
    ),
    HostRow(
        "codex",
        "@openai/codex",
        ("codex", "exec", "--skip-git-repo-check", *_approved(CREATE), *_approved(CANCEL), "{prompt}"),
        _codex,
        lambda _url: {"LOOPBACK_KEY": KEY},
    ),
    HostRow(
        "gemini",
        "@google/gemini-cli",
        ("gemini", "-m", "gemini-2.5-flash", "--yolo", "-p", "{prompt}"),
        _gemini,
        lambda url: {
            "GOOGLE_GEMINI_BASE_URL": url,
            "GEMINI_API_KEY": KEY,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        },
    ),
    HostRow(
        "opencode",
        "opencode-ai",
        ("opencode", "run", "--auto", "-m", f"loopback/{MODEL}", "{prompt}"),
        _opencode,
        lambda _url: {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    ),
    HostRow(
        "qwen",
        "@qwen-code/qwen-code",
        ("qwen", "--yolo", "-p", "{prompt}"),
        _qwen,
        _openai,
        shows_pictures=False,
    ),
    HostRow(
        "copilot",
        "@github/copilot",
        ("copilot", "--allow-all-tools", "--no-auto-update", "-p", "{prompt}"),
        environment=lambda url: {
            "COPILOT_PROVIDER_BASE_URL": f"{url}/v1",
            "COPILOT_PROVIDER_API_KEY": KEY,
            "COPILOT_MODEL": MODEL,
            "COPILOT_OFFLINE": "true",
        },
        shows_pictures=False,
    ),
    HostRow(
        "cline",
        "cline",
        ("cline", "{prompt}"),
        prepare=("cline", "auth", "-p", "openai-compatible", "-k", KEY, "-m", MODEL, "-b", "{url}/v1"),
        shows_pictures=False,
    ),
    HostRow(
        "continue",
        "@continuedev/cli",
        ("cn", "--auto", "-p", "{prompt}"),
        _continue,
        shows_pictures=False,
    ),
)
