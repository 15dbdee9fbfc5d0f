"""Removes secrets from one text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from wanx_mcp.redaction.needles import CODED_PART, PART, Needles, needles_for
from wanx_mcp.redaction.views import View, views

MARK = "[hidden]"
"""Replaces a secret."""

_STANDARD = bytes.maketrans(b"-_", b"+/")
_SCHEME = re.compile(rb"(?:https?|wss?)?://$|//$")
Span = tuple[int, int]


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with MARK instead of each of the `secrets`, and instead of any eight successive characters of one.

    Letter case, percent-encoding, HTML and JSON escapes, invisible characters, white space, hexadecimal and base64 (of
    a longer text too) make no difference, nor does the scheme of an address. Takes time linear in the text.
    """
    spans = sorted(_found(text, tuple(dict.fromkeys(filter(None, secrets)))))
    if not spans:
        return text
    kept, done = list[str](), 0
    for begin, end in _merged(spans):
        kept += [text[done:begin], MARK]
        done = end
    return "".join([*kept, text[done:]])


def _found(text: str, secrets: tuple[str, ...]) -> Iterator[Span]:
    if not secrets or not text:
        return
    needles = _needles(secrets)
    for view in views(text):
        yield from _words(view, needles)
        compact = view.compact
        lower = View(compact.content.lower(), compact.starts, compact.ends)
        yield from _runs(lower, needles.parts, PART)
        yield from _runs(lower, needles.hexed, 2 * PART)
        yield from _wholes(lower, needles.wholes)
        coded = View(compact.content.translate(_STANDARD), compact.starts, compact.ends)
        yield from _runs(coded, needles.coded, CODED_PART)
        yield from _wholes(coded, needles.coded_wholes)


@lru_cache(maxsize=8)
def _needles(secrets: tuple[str, ...]) -> Needles:
    return needles_for(secrets)


def _words(view: View, needles: Needles) -> Iterator[Span]:
    for content, words, pattern in (
        (view.content.lower(), needles.words, rb"(?<![a-z0-9])%b(?![a-z0-9])"),
        (view.content, needles.exact, rb"(?<![A-Za-z0-9])%b(?![A-Za-z0-9])"),
        (view.content, needles.values, rb"(?:(?<=[=:\"'])|(?<=[=:] ))%b(?![A-Za-z0-9])|^%b$"),
    ):
        for word in words:
            for found in re.finditer(pattern.replace(b"%b", re.escape(word)), content):
                yield view.starts[found.start()], view.ends[found.end() - 1]


def _runs(view: View, runs: set[bytes], length: int) -> Iterator[Span]:
    if not runs:
        return
    content = view.content
    for begin in range(len(content) - length + 1):
        if content[begin : begin + length] in runs:
            yield view.starts[begin], view.ends[begin + length - 1]


def _wholes(view: View, wholes: set[bytes]) -> Iterator[Span]:
    for whole in wholes:
        begin = view.content.find(whole)
        while begin >= 0:
            end = begin + len(whole)
            scheme = _SCHEME.search(view.content[max(0, begin - 8) : begin])
            yield view.starts[begin - len(scheme[0]) if scheme else begin], view.ends[end - 1]
            begin = view.content.find(whole, end)


def _merged(spans: list[Span]) -> Iterator[Span]:
    begin, end = spans[0]
    for other, until in spans[1:]:
        if other > end:
            yield begin, end
            begin, end = other, until
        end = max(end, until)
    yield begin, end
