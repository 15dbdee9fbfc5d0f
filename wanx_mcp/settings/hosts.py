"""Addresses of the provider: its API, its uploads, its videos [contract 1: output and media hosts seen]."""

from __future__ import annotations

PROVIDER = "https://api.piapi.ai"
UPLOADS = "https://upload.theapi.app"

MEDIA_ORIGINS = (
    "https://img.theapi.app",
    "https://storage.theapi.app",
    "https://storage.goapi.ai",
    "https://*.theapi.app",
    "https://*.goapi.ai",
)
"""Origins of videos, for a content security policy: first the hosts that were seen, for clients without wildcards;
then the provider's two domains, within which videos have moved before. Not all of https, which would let the page send
data anywhere, and which clients refuse. A video from elsewhere is not played in the page; its link still opens."""

LOOPBACK_ORIGINS = ("http://127.0.0.1:*", "http://localhost:*")
"""The simulator, or a provider on this machine; its port is not known in advance."""
