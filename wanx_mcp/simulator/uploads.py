"""Files that were uploaded to the simulated provider, and its checks of the pictures in an order [contract 7.5]."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from wanx_mcp.addresses import is_loopback
from wanx_mcp.catalog.pictures import PICTURES, is_link
from wanx_mcp.simulator.replies import RefusedError
from wanx_mcp.simulator.store import Store

MAX_BYTES = 10 * 1024 * 1024
LIFE = timedelta(hours=24)
LONGEST_NAME = 128
PATH = "/uploads/"
STAND_IN = "https://example.com/uploaded"
_EXTENSIONS = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_DATA = re.compile(r"data:(?P<type>[a-z]+/[a-z0-9.+-]+);base64,", re.IGNORECASE)


class Uploads:
    """Stores uploaded pictures for a day. The server uploads no other files."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def take(self, body: bytes) -> str:
        """Store the file in the body of an upload. Returns the path where it is served. Raises RefusedError."""
        try:
            asked = json.loads(body)
            name, text = asked["file_name"], asked["file_data"]
            extension = name.rpartition(".")[2].lower()
            data = _DATA.match(text)
            content = base64.b64decode(text[data.end() :] if data else text, validate=True)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise RefusedError(400, "file_name and file_data (base64) are needed") from None
        if len(name) > LONGEST_NAME or extension not in _EXTENSIONS:
            raise RefusedError(400, "this file_name is not allowed")
        if data and data["type"].lower() != _EXTENSIONS[extension]:
            raise RefusedError(400, "the type of file_data does not match file_name")
        if len(content) > MAX_BYTES:
            raise RefusedError(413, "the file is larger than 10 MB")
        kept = f"{uuid.uuid4()}.{extension}"
        self._store.keep_file(kept, content, self._now(), LIFE)
        return PATH + kept

    def find(self, name: str) -> bytes | None:
        """The file of that name, None after a day."""
        return self._store.find_file(name, self._now() - LIFE)

    def picture(self, value: str) -> bytes | None:
        """The picture that an order gives inline or as an uploaded file; None for any other link."""
        if data := _DATA.match(value):
            try:
                return base64.b64decode(value[data.end() :])
            except binascii.Error:
                return None
        return self.find(value.rpartition(PATH)[2]) if _is_ours(value) else None

    def checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The `arguments` of an order, with an https link in place of each uploaded file, whose link is plain http.

        Raises RefusedError for a picture that no provider could use.
        """
        found = dict(arguments)
        for name in PICTURES & found.keys():
            value = found[name]
            if not isinstance(value, str) or not (_DATA.match(value) or is_link(value)):
                raise RefusedError(400, f"{name} must be a URL or a data: URI in base64")
            if _is_ours(value):
                if self.picture(value) is None:
                    raise RefusedError(400, f"{name} does not exist (any more)")
                found[name] = STAND_IN
        return found


def media_type(name: str) -> str:
    """The media type of an uploaded file."""
    return _EXTENSIONS[name.rpartition(".")[2]]


def _is_ours(value: str) -> bool:
    return is_loopback(value) and urlsplit(value).path.startswith(PATH)
