"""The four APIs through which hosts talk to a model: a request is read, an answer written, by the request's path."""

from __future__ import annotations

from typing import Any

from tests.hosts.apis import anthropic, chat, gemini, responses
from tests.hosts.apis.conversation import Call, Conversation, Result, Said

__all__ = ["Call", "Conversation", "Result", "Said", "read", "write"]


def read(path: str, body: dict[str, Any]) -> Conversation | None:
    """The conversation in a request to `path`, None if it is none."""
    match _kind(path):
        case "messages":
            return anthropic.read(body)
        case "responses":
            return responses.read(body)
        case "completions":
            return chat.read(body)
        case "generateContent" | "streamGenerateContent":
            return gemini.read(body)
    return None


def write(path: str, body: dict[str, Any], answer: Call | str) -> tuple[str, bytes]:
    """The content type and the body of the `answer` to a request to `path`."""
    match _kind(path):
        case "messages":
            return anthropic.write(body, answer)
        case "responses":
            return responses.write(body, answer)
        case "completions":
            return chat.write(body, answer)
        case kind:
            return gemini.write(answer, stream=kind == "streamGenerateContent")


def _kind(path: str) -> str:
    return path.partition("?")[0].replace(":", "/").rpartition("/")[2]
