"""What a tool answers: text with a structured result, or text with a picture."""

from __future__ import annotations

from dataclasses import dataclass

from wanx_mcp.server.results import Result

Reply = tuple[str, Result]
"""The text and the structured result of one call."""


@dataclass(frozen=True, slots=True)
class ImageReply:
    """The text and the picture of one call. No structured result beside it: some clients would drop the picture."""

    text: str
    image: bytes
    mime: str
