"""Hosts that give the video in unusual ways, and links that are refused in unusual words."""

from __future__ import annotations

import gzip
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import mediahost
from tests.mediahost import MediaHost, Trick, clip, large, status, whole
from tests.movies import box, rendered
from tests.test_network import certificate  # noqa: F401
from tests.test_save import HASTY, TIGHT, at, content, failure, finished, host, names, resolving, saved  # noqa: F401
from tests.world import World

pytestmark = pytest.mark.anyio
CLIP = clip()
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>no</Message></Error>'


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def part_of(body: bytes, first: int, last: int, total: object, **headers: str) -> Trick:
    """A part that nobody asked for."""
    return status(206, body[first : last + 1], **{"content-range": f"bytes {first}-{last}/{total}", **headers})


LAST = len(CLIP) - 1
AS_SENT: dict[str, Trick] = {
    "206 with the whole file": part_of(CLIP, 0, LAST, len(CLIP)),
    "206 of unknown length": part_of(CLIP, 0, LAST, "*"),
    "206 without a range": status(206, CLIP),
    "203": status(203, CLIP),
    "gzip": whole(gzip.compress(CLIP), **{"content-encoding": "gzip"}),
    "x-gzip": whole(gzip.compress(CLIP), **{"content-encoding": "x-gzip"}),
    "gzip that nobody mentions": whole(gzip.compress(CLIP)),
    "gzip in two members": whole(gzip.compress(CLIP[:999]) + gzip.compress(CLIP[999:]), **{"content-encoding": "gzip"}),
    "gzip without a length": mediahost.open_ended(gzip.compress(CLIP)),
    "gzip in a 206": part_of(gzip.compress(CLIP), 0, 10**6, len(gzip.compress(CLIP)), **{"content-encoding": "gzip"}),
    "deflate": whole(zlib.compress(CLIP), **{"content-encoding": "deflate"}),
    "raw deflate": whole(raw_deflate(CLIP), **{"content-encoding": "deflate"}),
    "plain, though gzip is announced": whole(CLIP, **{"content-encoding": "gzip"}),
    "plain, though deflate is announced": whole(CLIP, **{"content-encoding": "deflate"}),
    "identity": whole(CLIP, **{"content-encoding": "identity"}),
}


@pytest.mark.parametrize("trick", AS_SENT.values(), ids=AS_SENT)
async def test_a_video_that_comes_in_an_unusual_way_is_saved_as_it_is(host: MediaHost, trick: Trick) -> None:  # noqa: F811
    host.plays(trick)
    assert (await saved(host))[1] == CLIP
    assert len(host.requests) == 1


BODIES = {
    "bytes behind the last box": CLIP + b"trailing bytes of a careless tool",
    "a few bytes behind the last box": CLIP + b"\r\n",
    "zeros behind the last box": CLIP + bytes(1000),
    "an unknown box at the end": CLIP + box(b"what", b"ever"),
    "a free box first": box(b"free", bytes(100)) + CLIP,
    "an empty free box first": box(b"free") + CLIP,
    "a wide box first": box(b"wide") + CLIP,
    "a box of 64 bits first": b"\0\0\0\1free" + (116).to_bytes(8, "big") + bytes(100) + CLIP,
    "an index behind its content": rendered(),
    "QuickTime without a type": CLIP[CLIP.index(b"ftyp") - 4 + int.from_bytes(CLIP[:4], "big") :],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_video_with_unusual_boxes_is_saved_whole(host: MediaHost, body: bytes) -> None:  # noqa: F811
    host.plays(whole(body))
    result, content = await saved(host)
    assert content == body
    assert (result["width"], result["height"]) == (832, 480)


async def test_a_part_that_nobody_asked_for_is_completed(host: MediaHost) -> None:  # noqa: F811
    host.plays(part_of(large(), 0, 999_999, 3_000_000, etag='"v1"'), mediahost.honest(large()))
    assert (await saved(host))[1] == large()
    assert host.requests[1][1]["range"] == "bytes=1000000-"


async def test_compressed_content_that_breaks_off_is_fetched_from_the_start(host: MediaHost) -> None:  # noqa: F811
    packed = gzip.compress(large())
    headers = {"content-encoding": "gzip", "etag": '"v1"', "content-length": str(len(packed))}

    def cut(handler: Any) -> None:
        handler.start(200, headers)
        handler.wfile.write(packed[: len(packed) // 2])

    host.plays(cut, whole(packed, **headers))
    assert (await saved(host))[1] == large()
    assert "range" not in host.requests[1][1]


@pytest.mark.parametrize("cut", [10, 200, 5000])
async def test_compressed_content_without_its_end_is_no_video(host: MediaHost, cut: int) -> None:  # noqa: F811
    host.plays(whole(gzip.compress(CLIP)[:-cut], **{"content-encoding": "gzip"}))
    assert "ended too early" in await failure(host)


async def test_compressed_content_cannot_grow_beyond_the_limit(host: MediaHost) -> None:  # noqa: F811
    host.plays(whole(gzip.compress(CLIP + box(b"free", bytes(50_000_000))), **{"content-encoding": "gzip"}))
    assert "the video is larger than 4 MB" in await failure(host)
    assert len(host.requests) == 1


async def test_a_range_that_is_refused_is_given_up_and_the_video_is_fetched_from_the_start(
    host: MediaHost,  # noqa: F811
) -> None:
    host.plays(mediahost.cut(large(), after=1_000_000), status(416), mediahost.honest(large()))
    assert (await saved(host))[1] == large()
    assert [headers.get("range") for _path, headers in host.requests] == [None, "bytes=1000000-", None]


@pytest.mark.parametrize("body", [CLIP[:-1000], CLIP.replace(b"moov", b"free")], ids=["too short", "no index"])
async def test_a_broken_video_is_fetched_anew(host: MediaHost, body: bytes) -> None:  # noqa: F811
    host.plays(mediahost.honest(body), mediahost.honest(CLIP))
    assert (await saved(host))[1] == CLIP
    assert "range" not in host.requests[1][1]


# Links that are refused


REFUSALS: dict[str, tuple[Trick, str]] = {
    "400 ExpiredToken": (
        status(400, XML % b"ExpiredToken"),
        "the video link has expired (the media host answered 400 ",
    ),
    "400": (status(400), "the video link does not work (the media host answered 400)"),
    "401": (status(401), "the video link does not work (the media host answered 401)"),
    "403 AccessDenied": (status(403, XML % b"AccessDenied"), "has expired (the media host answered 403 AccessDenied)"),
    "403": (status(403), "the video link has expired (the media host answered 403)"),
    "404": (status(404, b"<html>gone</html>"), "the video link has expired (the media host answered 404)"),
    "405": (status(405), "answered 405"),
    "410": (status(410), "the video link has expired (the media host answered 410)"),
    "451": (status(451), "answered 451"),
    "204": (status(204), "answered 204"),
    "302 to nowhere": (status(302), "answered 302"),
    "XML with 200": (
        whole(XML % b"ExpiredToken"),
        "the video link has expired (the media host answered ExpiredToken in ",
    ),
    "XML with a mark of its order": (
        whole(b"\xef\xbb\xbf" + XML % b"NoSuchKey"),
        "answered NoSuchKey in place of a video",
    ),
    "XML of another kind": (whole(b"<?xml version='1.0'?><html/>"), "a web page that is no MP4 video"),
    "JSON with 200": (whole(b'{"code":"RequestExpired","message":"no"}'), "answered RequestExpired in place of"),
    "JSON of another kind": (whole(b'{"detail": "not here"}'), "a web page that is no MP4 video"),
    "HTML with 200": (whole(b"\n <!DOCTYPE html><p>Sign in"), "a web page that is no MP4 video"),
    "WebM": (whole(b"\x1a\x45\xdf\xa3" + bytes(500)), "a WebM or Matroska file that is no MP4 video"),
    "an AVI": (whole(b"RIFF" + bytes(500)), "an AVI or WebP file that is no MP4 video"),
    "a picture": (whole(b"\xff\xd8\xff" + bytes(500)), "a JPEG picture that is no MP4 video"),
    "text": (whole(b"no such video"), "something that is no MP4 video"),
    "nothing": (whole(b""), "something that is no MP4 video"),
    "an encoding of another kind": (
        whole(b"\x8b\x00\x80" + bytes(500), **{"content-encoding": "br"}),
        "in an encoding that was not asked for (br)",
    ),
    "a broken video": (whole(CLIP[:-1000]), "what came is broken, it is an MP4 that ends too early"),
    "another place": (mediahost.moved("https://10.0.0.1/clip.mp4"), "the video link is not followed: "),
    "a host in trouble": (status(500), "the video could not be fetched: the media host answered 500"),
}


def renewing(host: MediaHost) -> World:  # noqa: F811
    """A world whose task has a new link as soon as the old one has been asked for."""
    world = at(host, HASTY)
    world.simulator.media = f"{host.url}&old"

    async def renew(_request: httpx.Request) -> None:
        if host.requests:
            world.simulator.media = f"{host.url}&new"

    world.line.on_request = renew
    return world


@pytest.mark.parametrize(("trick", "_words"), REFUSALS.values(), ids=REFUSALS)
async def test_whatever_refuses_a_link_a_new_one_is_used(host: MediaHost, trick: Trick, _words: str) -> None:  # noqa: F811
    def play(handler: Any) -> None:
        (trick if handler.path.endswith("old") else whole(CLIP))(handler)

    host.plays(play)
    async with finished(renewing(host)) as (agent, task_id):
        result = await agent.ok("save_wanx_video", task_id=task_id)
    assert content(result) == CLIP
    assert [path.rpartition("&")[2] for path, _headers in host.requests][-2:] == ["old", "new"]


@pytest.mark.parametrize(("trick", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_a_link_that_stays_refused_ends_with_its_reason_and_not_in_a_circle(
    host: MediaHost,  # noqa: F811
    trick: Trick,
    words: str,
) -> None:
    host.plays(trick)
    world = at(host, HASTY)
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
        asked = len(world.line.sent("GET"))
        seen = await agent.ok("get_wanx_task", task_id=task_id)
    assert error.startswith("download_failed: ")
    assert words in error
    assert "Charged by this call: no." in error
    assert "sig=" not in error
    assert names(world) == []
    assert asked <= 3, "the task was read more than once again"
    if words.endswith("500"):
        return
    assert "and the provider has no other link. Charged" in error
    advice = error.partition("Next: ")[2]
    assert "save_wanx_video" not in advice
    assert "browser" in advice or "only they can decide to open the link" in advice
    assert "save_wanx_video" not in seen["next_step"]


async def test_a_link_that_is_refused_for_a_moment_works_the_second_time(host: MediaHost) -> None:  # noqa: F811
    host.plays(status(404), whole(CLIP))
    assert (await saved(host))[1] == CLIP


async def test_a_refused_link_while_the_provider_is_away_says_both(host: MediaHost) -> None:  # noqa: F811
    host.plays(status(403))
    world = at(host)
    async with finished(world) as (agent, task_id):

        async def away(_request: httpx.Request) -> None:
            if host.requests:
                raise httpx.ConnectError("down")

        world.line.on_request = away
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert "the video link has expired (the media host answered 403), and a fresh link could not be asked for" in error
    assert "Charged by this call: no." in error


async def test_a_refusal_whose_words_never_end_is_not_waited_for(host: MediaHost) -> None:  # noqa: F811
    def dripping(handler: Any) -> None:
        handler.start(403, {"content-length": "100000"})
        handler.wfile.write(b"<Error><Code>AccessDenied</Code>")
        handler.wfile.flush()
        handler.server.over.wait(60)

    host.plays(dripping)
    assert "the media host answered 403" in await failure(host)


# Addresses and certificates


async def test_a_name_in_fake_ip_mode_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["10.0.0.5", "198.18.3.4"])
    reached: list[str] = []

    async def record(_transport: object, request: httpx.Request) -> httpx.Response:
        reached.append(request.url.host)
        return httpx.Response(200, stream=httpx.ByteStream(CLIP))

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    world = World()
    world.simulator.media = "https://media.example.com/clip.mp4"
    async with finished(world) as (agent, task_id):
        await agent.ok("save_wanx_video", task_id=task_id)
    assert reached == ["198.18.3.4"]


async def test_a_name_with_private_addresses_alone_makes_one_think_of_a_vpn(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["10.0.0.5"])
    world = World()
    world.simulator.media = "https://media.example.com/clip.mp4"
    async with finished(world) as (agent, task_id):
        error = await agent.error("save_wanx_video", task_id=task_id)
    assert "no public address, only 10.0.0.5" in error
    assert "Next: ask the user whether a VPN, a DNS filter or the router answers for that name" in error


@contextmanager
def sealed(pair: tuple[Path, Path]) -> Iterator[MediaHost]:
    """A media host with a certificate that nobody has signed but itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    with mediahost.serving(context) as secure:
        yield secure


async def test_a_media_host_whose_certificate_nobody_trusts_is_named_with_the_setting(
    certificate: tuple[Path, Path],  # noqa: F811
) -> None:
    with sealed(certificate) as secure:
        secure.plays(whole(CLIP))
        error = await failure(secure)
        assert "the media host's certificate is not trusted by this machine" in error
        assert "SSL_CERT_FILE" in error
        assert secure.requests == []


async def test_a_media_host_that_the_users_ca_file_trusts_is_fetched_from(
    certificate: tuple[Path, Path],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    with sealed(certificate) as secure:
        secure.plays(whole(CLIP))
        assert (await saved(secure))[1] == CLIP


async def test_a_ca_file_that_cannot_be_read_is_named(
    certificate: tuple[Path, Path],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    with sealed(certificate) as secure:
        secure.plays(whole(CLIP))
        assert "SSL_CERT_FILE" in await failure(secure)
