"""What the front answers, and what the SDK has to be sent afterwards. Pure: no input, no output."""

#                    initialize                          lists, pings, initialized, cancelled
#   not opened  ------------------->  handshake era  -------------------------------------------> handshake era
#               ------------------->  envelope era   -------------------------------------------> envelope era
#                 a request with                         lists, discoveries, listen, cancelled
#                 an envelope
#
# Everything else ends the front: that message and all behind it wait for the SDK.

from __future__ import annotations

import os

from wanx_mcp.front import shapes
from wanx_mcp.front.messages import Message, dump, read
from wanx_mcp.front.recorded import Answers

LISTEN = "subscriptions/listen"


class Session:
    """The part of a session that needs no SDK.

    `replayed`: the lines that bring the SDK into the state it would be in, and the requests that wait for it although
    later ones were answered. Answers to a request with the id `private` are not for the client, who has them already.
    """

    def __init__(self, answers: Answers) -> None:
        self.private = f"front-{os.urandom(8).hex()}"
        self.replayed: list[bytes] = []
        self._answers = answers
        self._revision: str | None = None
        self._initialized = False
        self._waiting: set[str] = set()

    def take(self, line: bytes) -> bytes | None:
        """The answer to `line`, empty if it needs none; None: it waits for the SDK, with everything behind it."""
        message = read(line)
        if message is None:
            return None
        return self._notification(message) if message.id is None else self._request(message)

    def _request(self, message: Message) -> bytes | None:
        revision = self._revision_of(message)
        if revision is None or str(message.id) in self._waiting:
            return None
        result = self._answers.results[revision].get(message.method)
        if result is None or not self._fits(message):
            return self._hold(message, revision)
        if self._revision is None:
            self._revision = revision
            self.replayed.append(message.renamed(self.private))
        return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (dump(message.id), dump(result))

    def _revision_of(self, message: Message) -> str | None:
        """The revision in which the SDK would answer; None if it is not recorded, or the request is out of order."""
        if message.method == "initialize":
            revision, opening, handshake = (message.params or {}).get("protocolVersion"), True, True
        elif shapes.VERSION in message.meta:
            revision, opening, handshake = message.meta[shapes.VERSION], self._revision is None, False
        else:
            revision, opening, handshake = self._revision, False, True
        if not isinstance(revision, str) or revision not in self._answers.results:
            return None
        in_order = self._revision is None if opening else self._revision == revision
        return revision if in_order and handshake == (revision in self._answers.handshake) else None

    @staticmethod
    def _fits(message: Message) -> bool:
        if message.method == "initialize":
            return shapes.INITIALIZE(message.params)
        if shapes.VERSION in message.meta:
            return shapes.ENVELOPED(message.params)
        return shapes.PLAIN({} if message.params is None else message.params)

    def _hold(self, message: Message, revision: str) -> bytes | None:
        """Keep a request for the SDK that others need not wait for: it changes nothing, or nothing that they read."""
        listed = message.method in self._answers.lists[revision] and self._fits(message)
        listening = message.method == LISTEN and shapes.LISTENING(message.params)
        if self._revision is None or not (listed or listening):
            return None
        self._waiting.add(str(message.id))
        self.replayed.append(message.line)
        return b""

    def _notification(self, message: Message) -> bytes | None:
        params = {} if message.params is None else message.params
        match message.method:
            case "notifications/initialized" if self._revision in self._answers.handshake:
                if self._initialized or not shapes.PLAIN(params):
                    return None
                self._initialized = True
                self.replayed.append(message.line)
                return b""
            case "notifications/cancelled" if self._revision is not None and shapes.CANCELLED(params):
                # Of a request that is answered already: the SDK would ignore it too.
                return None if str(params["requestId"]) in self._waiting else b""
        return None
