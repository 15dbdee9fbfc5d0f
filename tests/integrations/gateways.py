"""The gateways as rows: programs between a client and this server, what each needs, and what gets lost in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gateway:
    """One gateway at the version that was tried, in November 2026."""

    name: str
    version: str
    needs: str
    loses: str


GATEWAYS = (
    Gateway(
        "LiteLLM",
        "1.108.7",
        "`LITELLM_ENABLE_MCP_STDIO=true`; the command by its base name from an allowlist: `python3 -m wanx_mcp`",
        "the process: each call starts a new one, which finds the orders in the ledger on disk",
    ),
    Gateway(
        "mcpo",
        "0.0.20",
        "`pip install 'mcpo==0.0.20' 'mcp<2' 'fastapi==0.118.0'`: a fresh installation without these does not start",
        "everything but text; a tool's error becomes HTTP 500 with our text in it",
    ),
    Gateway("mcp-proxy (PyPI)", "0.13", "", "progress and `_meta`"),
    Gateway("mcp-proxy (npm)", "6.7", "", ""),
    Gateway("fastmcp run", "4.2.3", "", ""),
    Gateway("supergateway", "4.0.0", "", ""),
    Gateway("mcporter", "0.12.3", "", ""),
)
