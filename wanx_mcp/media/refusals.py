"""Answers of a media host that are no video: what they say, as a reason to look for a fresh link."""

from __future__ import annotations

import re

from wanx_mcp.limits.videos import REFUSAL_BYTES
from wanx_mcp.media.movie import looks_like_mp4

_CODE = re.compile(rb'<Code>\s*([A-Za-z][A-Za-z.]{1,39})\s*</Code>|"code"\s*:\s*"([A-Za-z][A-Za-z.]{1,39})"')
_ENDED = re.compile(r"Expired|NoSuchKey|NoSuchBucket|RequestHasExpired")
_OTHERS = (
    (b"\x1a\x45\xdf\xa3", "a WebM or Matroska file"),
    (b"OggS", "an Ogg file"),
    (b"RIFF", "an AVI or WebP file"),
    (b"GIF8", "a GIF picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
)


class RefusedError(Exception):
    """No video comes from this link; the words say why. `lasting`: it will not help to wait. `advice` is what to do if
    there is no other link, None for the usual."""

    def __init__(self, words: str, *, lasting: bool = True, advice: str | None = None) -> None:
        super().__init__(words)
        self.lasting = lasting
        self.advice = advice


def refused(status: int, head: bytes) -> RefusedError:
    """What an answer of that status means, whose body begins with `head`."""
    code = _code(head)
    answered = f"the media host answered {status}{f' {code}' if code else ''}"
    if status in (403, 404, 410) or _ENDED.search(code):
        return RefusedError(f"the video link has expired ({answered})")
    return RefusedError(f"the video link does not work ({answered})")


def check_signature(head: bytes, encoding: str) -> None:
    """Raises RefusedError for a body that begins with `head` and is no MP4; `encoding` is how it was sent."""
    if looks_like_mp4(head):
        return
    start, code = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower(), _code(head)
    if code:
        ended = "the video link has expired" if _ENDED.search(code) else "the video link does not work"
        raise RefusedError(f"{ended} (the media host answered {code} in place of a video)")
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<error", b"{", b"[")):
        raise RefusedError("the link leads to a web page that is no MP4 video")
    if encoding and encoding != "identity":
        raise RefusedError(f"the media host sent the video in an encoding that was not asked for ({encoding})")
    what = next((words for magic, words in _OTHERS if head.startswith(magic)), "something")
    raise RefusedError(f"the link leads to {what} that is no MP4 video")


def _code(head: bytes) -> str:
    """The code of an error as stores write it, "" where there is none."""
    found = _CODE.search(head[:REFUSAL_BYTES])
    return (found[1] or found[2]).decode() if found else ""
