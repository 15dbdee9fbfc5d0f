"""Finds the video link of a task: every place of `output` in which one has been seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wanx_mcp.addresses import host_of, is_loopback
from wanx_mcp.limits.provider import LINK_CHARACTERS
from wanx_mcp.provider.fields import as_dict, as_list, as_text, texts

_VIDEO = re.compile(r"\.(mp4|webm|mov|m4v)$", re.IGNORECASE)
_PICTURE = re.compile(r"\.(png|jpe?g|webp|gif|avif)$", re.IGNORECASE)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_UNSAFE = str.maketrans({'"': "%22", "<": "%3C", ">": "%3E", "`": "%60"})
"""Characters that are not allowed in a URL and could end a quotation of it."""


def video_link(output: Any, *, trusted_loopback: bool, finished: bool) -> str | None:
    """The video link in a task's `output`, from the likeliest place [contract 5.4, 15]; None if there is none.

    Unless the task has `finished`, links that may not be the video are ignored.
    `trusted_loopback`: the provider itself is on loopback, so that a link there is accepted.
    """
    found = (link for link in _links(output, finished=finished) if acceptable(link, trusted_loopback=trusted_loopback))
    link = next(found, None)
    return link and link.translate(_UNSAFE)


def acceptable(url: str, *, trusted_loopback: bool) -> bool:
    """Whether `url` can be shown to a person: https (or loopback), with a host, without credentials."""
    found = _SCHEME.match(url)
    if found is None or len(url) > LINK_CHARACTERS or " " in url or not url.isprintable():
        return False
    authority = re.split(r"[/?#\\]", url[found.end() :], maxsplit=1)[0]
    if "@" in authority or not authority.isascii():  # the part before an @ looks like a host
        return False
    return bool(host_of(url)) and (url[:6].lower() == "https:" or (trusted_loopback and is_loopback(url)))


def _links(output: Any, *, finished: bool) -> Iterator[str]:
    holder = as_dict(output)
    video, works = holder.get("video"), as_list(holder.get("works"))
    yield from _texts(
        holder.get("video_url"), video, as_dict(video).get("url"), as_dict(holder.get("video_raw")).get("url")
    )
    yield from _texts(*as_list(holder.get("video_urls")))
    for work in map(as_dict, works):
        shown, resource = as_dict(work.get("video")), as_dict(work.get("resource"))
        yield from _texts(shown.get("resource_without_watermark"), shown.get("resource"))
        yield from _texts(resource.get("resourceWithoutWatermark"), resource.get("resource"), work.get("resource"))
    yield from (link for link in texts(output) if len(link) <= LINK_CHARACTERS and _VIDEO.search(_path(link)))
    if finished:  # a sister model has its video there; before the end it could be the input picture
        last = _texts(holder.get("image_url"), *(as_dict(each).get("url") for each in as_list(holder.get("videos"))))
        yield from (link for link in last if len(link) <= LINK_CHARACTERS and not _PICTURE.search(_path(link)))


def _texts(*values: Any) -> Iterator[str]:
    return (text for value in values if (text := as_text(value)))


def _path(url: str) -> str:
    found = _SCHEME.match(url)
    return "/".join(re.split(r"[?#]", url[found.end() :], maxsplit=1)[0].split("/")[1:]) if found else ""
