"""Where the provider is, and where its videos are fetched from [contract 1: output and media hosts seen]."""

from __future__ import annotations

PROVIDER = "https://api.piapi.ai"
UPLOADS = "https://upload.theapi.app"
"""Where it takes local pictures."""

MEDIA_ORIGINS = (
    "https://img.theapi.app",
    "https://storage.theapi.app",
    "https://storage.goapi.ai",
    "https://*.theapi.app",
    "https://*.goapi.ai",
)
"""As a content security policy names them. First the hosts that were seen, for clients that take no wildcard; then
the provider's two domains, within which it has moved before. Not all of https: a page that may load from anywhere may
also tell anybody, and clients refuse such a claim. A video elsewhere is not played in the page; its link still opens.
"""

LOOPBACK_ORIGINS = ("http://127.0.0.1:*", "http://localhost:*")
"""The simulator, or a provider on this machine; the port is not known before it runs."""
