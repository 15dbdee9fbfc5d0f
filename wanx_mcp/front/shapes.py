"""The shapes of parameters that the front knows exactly. Each of them is accepted by the SDK too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Shape = Callable[[object], bool]
"""Whether a JSON value has the shape."""

RESERVED = "io.modelcontextprotocol/"
VERSION, INFO, CAPABILITIES = (f"{RESERVED}{name}" for name in ("protocolVersion", "clientInfo", "clientCapabilities"))
"""Keys of `_meta` in the requests of 2026-07-28."""


def text(value: object) -> bool:
    return isinstance(value, str)


def flag(value: object) -> bool:
    return isinstance(value, bool)


def identifier(value: object) -> bool:
    """The id of a request, or a progress token."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def anything(_value: object) -> bool:
    return True


def mapping(value: object) -> bool:
    return isinstance(value, dict)


def record(needed: Mapping[str, Shape], allowed: Mapping[str, Shape], others: Shape | None = None) -> Shape:
    """An object with every key of `needed` and perhaps those of `allowed`; others only if they have that shape."""
    known = {**needed, **allowed}

    def fits(value: object) -> bool:
        if not isinstance(value, dict) or not needed.keys() <= value.keys():
            return False
        shapes = ((known.get(key, others), each) for key, each in value.items())
        return all(shape is not None and shape(each) for shape, each in shapes)

    return fits


def array(of: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(map(of, value))


def nested(value: object) -> bool:
    """An object whose values are such objects again."""
    return isinstance(value, dict) and all(map(nested, value.values()))


_ICON = record(
    {"src": text}, {"mimeType": text, "sizes": array(text), "theme": lambda theme: theme in ("light", "dark")}
)
CLIENT_INFO = record(
    {"name": text, "version": text},
    {"title": text, "description": text, "websiteUrl": text, "icons": array(_ICON)},
)
# The capabilities are an open set: the specification lets a client define its own, and the SDK ignores them.
CLIENT_CAPABILITIES = record(
    {},
    {
        "roots": record({}, {"listChanged": flag}),
        "sampling": record({}, {"context": mapping, "tools": mapping}),
        "elicitation": record({}, {"form": mapping, "url": mapping}),
        "experimental": record({}, {}, mapping),
        "extensions": record({}, {}, mapping),
        "tasks": nested,
    },
    anything,
)

_TRACING = {"progressToken": identifier, "traceparent": text, "tracestate": text, "baggage": text}
_META = record({}, _TRACING)
_ENVELOPE = record({VERSION: text, CAPABILITIES: CLIENT_CAPABILITIES}, {INFO: CLIENT_INFO, **_TRACING})

INITIALIZE = record(
    {"protocolVersion": text, "capabilities": CLIENT_CAPABILITIES, "clientInfo": CLIENT_INFO}, {"_meta": _META}
)
PLAIN = record({}, {"_meta": _META})
"""Parameters of a ping, a list or `initialized` in the era of the handshake."""

ENVELOPED = record({"_meta": _ENVELOPE}, {})
"""Parameters of a discovery or a list in the era of the envelope."""

_CHANGES = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")
LISTENING = record(
    {
        "_meta": _ENVELOPE,
        "notifications": record({}, {**dict.fromkeys(_CHANGES, flag), "resourceSubscriptions": array(text)}),
    },
    {},
)
CANCELLED = record({"requestId": identifier}, {"reason": text})
