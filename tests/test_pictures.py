"""Pictures at the front door: what arrives at the provider, what is refused and why, and what is never opened."""

from __future__ import annotations

import base64
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests import pictures as p
from tests.place import ORDER, Place

pytestmark = pytest.mark.anyio


def same(content: bytes, wanted: Image.Image, *, exact: bool) -> None:
    """The picture is the wanted one, upright, and there is nothing else in the file."""
    got = p.opened(content)
    assert got.format in ("JPEG", "PNG", "WEBP")
    assert got.size == wanted.size
    bands = ImageStat.Stat(ImageChops.difference(got.convert("RGB"), wanted.convert("RGB")))
    assert max(bands.mean) < (0.01 if exact else 4), bands.mean
    assert p.LEAK.encode() not in content
    assert not dict(got.getexif())
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp", "Author"} & got.info.keys()


Put = Callable[[Place], str]


@dataclass(frozen=True)
class Good:
    """A picture that is taken: how it is given, what must arrive, and what is said. `kept`: the very same bytes."""

    put: Put
    wanted: Callable[[], Image.Image] = p.scene
    says: str = ""
    exact: bool = True
    kept: bytes | None = None


def given(name: str, content: bytes) -> Put:
    return lambda place: place.put(name, content)


def inline(text: str) -> Put:
    return lambda _place: text


def linked(place: Place) -> str:
    place.put("inner/real.png", p.file(p.scene()))
    (place.films / "link.png").symlink_to(place.films / "inner" / "real.png")
    return "link.png"


def linked_across(place: Place) -> str:
    (place.inputs / "real.png").write_bytes(p.file(p.scene()))
    (place.films / "across.png").symlink_to(place.inputs / "real.png")
    return str(place.films / "across.png")


def in_the_other_folder(place: Place) -> str:
    (place.inputs / "a b.png").write_bytes(p.file(p.scene()))
    return "a b.png"


def through_a_linked_folder(place: Place) -> str:
    place.put("scene.png", p.file(p.scene()))
    (place.root / "alias").symlink_to(place.films)
    place.world.environment = {"WANX_OUTPUT_DIR": str(place.root / "alias")}
    return str(place.films / "scene.png")


def decomposed(place: Place) -> str:
    place.put(unicodedata.normalize("NFD", "Ménage à Zürich.png"), p.file(p.scene()))
    return unicodedata.normalize("NFC", "Ménage à Zürich.png")


def portrait_6000() -> Image.Image:
    return p.scene((1080, 1920))


PNG, JPEG, WEBP = p.file(p.scene()), p.file(p.scene(), "JPEG", quality=95), p.file(p.scene(), "WEBP", lossless=True)
GOOD: dict[str, Good] = {
    "a clean PNG": Good(given("a.png", PNG), kept=PNG),
    "a clean JPEG": Good(given("a.jpg", JPEG), exact=False, kept=JPEG),
    "a clean WebP": Good(given("a.webp", WEBP), kept=WEBP),
    "a bare name": Good(lambda place: Path(place.put("boat.png", PNG)).name, kept=PNG),
    "a relative path": Good(lambda place: place.put("a/b/c.png", PNG) and "a/b/c.png", kept=PNG),
    "a relative path with dots": Good(lambda place: place.put("b/c.png", PNG) and "./b/../b/c.png", kept=PNG),
    "a path with dots that stays inside": Good(
        lambda place: place.put("c.png", PNG) and f"{place.films}/x/../c.png", kept=PNG
    ),
    "a name in the second folder, with a space": Good(in_the_other_folder, kept=PNG),
    "a name in Chinese": Good(given("一艘纸船.png", PNG), kept=PNG),
    "a name in Arabic with an emoji": Good(given("قارب 🚤.png", PNG), kept=PNG),
    "a name with composed accents for a decomposed file": Good(decomposed, kept=PNG),
    "a name with quotes, percent and semicolon": Good(given('it\'s 100%; "ok" #1?.png', PNG), kept=PNG),
    "a name without extension": Good(given("scene", PNG), kept=PNG),
    "a symlink that stays inside": Good(linked, kept=PNG),
    "a symlink into the other folder": Good(linked_across, kept=PNG),
    "a folder that is itself a symlink": Good(through_a_linked_folder, kept=PNG),
    "a PNG named .jpg": Good(given("lie.jpg", PNG), says="recognised as PNG", kept=PNG),
    "a JPEG named .png": Good(given("lie.png", JPEG), says="recognised as JPEG", exact=False, kept=JPEG),
    "a picture named .txt": Good(given("lie.txt", PNG), kept=PNG),
    **{
        f"a JPEG with EXIF orientation {n}": Good(
            given("t.jpg", p.turned(n)), says="turned upright" if n > 1 else "freed of metadata", exact=False
        )
        for n in range(1, 9)
    },
    "a PNG with EXIF orientation 6": Good(given("t.png", p.turned(6, "PNG")), says="turned upright"),
    "a WebP with EXIF orientation 8": Good(given("t.webp", p.turned(8, "WEBP")), says="turned upright", exact=False),
    "a TIFF with EXIF orientation 3": Good(
        given("t.tif", p.file(p.scene().rotate(180), "TIFF", tiffinfo={274: 3})), says="converted from TIFF"
    ),
    "a JPEG with GPS, XMP, comment, profile and a tail": Good(
        given("m.jpg", p.talkative_jpeg()), says="freed of metadata", exact=False
    ),
    "a progressive JPEG with a comment between its scans": Good(
        given("m.jpg", p.progressive_with_comments_between_scans()), says="freed of metadata", exact=False
    ),
    "a PNG with texts, EXIF, time, a private chunk and a tail": Good(
        given("m.png", p.talkative_png()), says="freed of metadata"
    ),
    "a WebP with EXIF, XMP and a profile": Good(
        given("m.webp", p.talkative_webp(lossless=True)), says="freed of metadata"
    ),
    "a JPEG on its side with GPS, a comment and a profile": Good(
        given(
            "m.jpg",
            p.file(
                p.scene().transpose(p.TURNS[6]),
                "JPEG",
                quality=95,
                comment=p.LEAK,
                exif=p.exif(6),
                icc_profile=p.srgb(),
            ),
        ),
        says="turned upright, freed of metadata",
        exact=False,
    ),
    "a transparent PNG with texts and a profile": Good(
        given("m.png", p.file(p.see_through(), icc_profile=p.srgb(), exif=p.exif())), p.on_white, "laid on white"
    ),
    "a GIF with a comment": Good(given("g.gif", p.file(p.scene(), "GIF", comment=p.LEAK)), says="converted from GIF"),
    "a PNG whose profile swaps red and green": Good(
        given("s.png", p.file(p.scene(), icc_profile=p.swapping_profile())),
        p.red_and_green_swapped,
        "brought to sRGB",
        exact=False,
    ),
    "a JPEG whose profile is broken": Good(
        given("s.jpg", p.file(p.scene(), "JPEG", quality=95, icc_profile=b"no profile at all")),
        says="metadata",
        exact=False,
    ),
    "a JPEG of several pictures": Good(
        given("m.jpg", p.file(p.scene(), "MPO", save_all=True, append_images=[p.noise()], quality=95)),
        says="reduced to its first picture",
        exact=False,
    ),
    "a CMYK JPEG": Good(
        given("c.jpg", p.file(p.scene().convert("CMYK"), "JPEG", quality=95)), says="8-bit RGB", exact=False
    ),
    "a CMYK TIFF": Good(given("c.tif", p.file(p.scene().convert("CMYK"), "TIFF")), says="converted from TIFF"),
    "a grey PNG": Good(given("l.png", p.file(p.scene().convert("L"))), lambda: p.scene().convert("L")),
    "a grey PNG of 16 bits": Good(given("d.png", p.file(p.deep())), p.ramp, "8-bit RGB", exact=False),
    "a colour PNG of 16 bits": Good(
        given("d.png", p.deep_rgb()), lambda: Image.new("RGB", (200, 100), (0xDC, 0x1E, 0x1E)), "8-bit RGB", exact=False
    ),
    "a TIFF of 16 bits": Good(given("d.tiff", p.file(p.deep(), "TIFF")), p.ramp, "converted from TIFF", exact=False),
    "a PNG with a palette": Good(given("p.png", p.file(p.scene().quantize(8)))),
    "a PNG of one bit": Good(given("b.png", p.file(p.scene().convert("1"))), lambda: p.scene().convert("1")),
    "a transparent PNG": Good(given("a.png", p.file(p.see_through())), p.on_white, "laid on white"),
    "a transparent WebP": Good(
        given("a.webp", p.file(p.see_through(), "WEBP", quality=95)), p.on_white, "laid on white", exact=False
    ),
    "a PNG with an opaque alpha channel": Good(given("o.png", p.file(p.scene().convert("RGBA")))),
    "a GIF": Good(given("g.gif", p.file(p.scene(), "GIF")), says="converted from GIF"),
    "a BMP": Good(given("g.bmp", p.file(p.scene(), "BMP")), says="converted from BMP"),
    "a TIFF": Good(given("g.tiff", p.file(p.scene(), "TIFF", description=p.LEAK)), says="converted from TIFF"),
    "a large JPEG": Good(
        given("l.jpg", p.file(p.scene((6000, 3375)), "JPEG")),
        lambda: p.scene((1920, 1080)),
        "scaled down from 6000x3375",
        exact=False,
    ),
    "a large JPEG on its side": Good(
        given("l.jpg", p.turned(6, size=(3375, 6000))), portrait_6000, "turned upright", exact=False
    ),
    "a large PNG with a palette": Good(
        given("l.png", p.file(p.scene((3840, 2160)).quantize(8))), lambda: p.scene((1920, 1080)), "scaled", exact=False
    ),
    "the largest sides": Good(
        given("l.png", p.png((8000, 8000), 8, 0, (b"\0" + b"\x80" * 8000) * 8000)),
        lambda: Image.new("L", (1920, 1920), 128),
        "scaled down from 8000x8000",
        exact=False,
    ),
    "the smallest sides": Good(given("s.png", p.file(p.scene((64, 64)))), lambda: p.scene((64, 64))),
    "a data: URI": Good(inline(p.data_uri(PNG)), kept=PNG),
    "a data: URI with a charset": Good(inline(p.data_uri(PNG, parameters=";charset=utf-8")), kept=PNG),
    "a data: URI in capitals": Good(inline(p.data_uri(PNG, "IMAGE/PNG").replace("data:", "DATA:", 1)), kept=PNG),
    "a data: URI of the wrong picture type": Good(inline(p.data_uri(PNG, "image/jpeg")), says="as PNG", kept=PNG),
    "a data: URI of no type": Good(inline(p.data_uri(PNG, "")), kept=PNG),
    "a data: URI of mere bytes": Good(inline(p.data_uri(PNG, "application/octet-stream")), kept=PNG),
    "a data: URI with line breaks": Good(inline(p.with_white_space(p.data_uri(PNG))), kept=PNG),
    "a data: URI with percent signs": Good(inline(p.data_uri(PNG).replace("+", "%2B").replace("=", "%3D")), kept=PNG),
    "a data: URI without padding": Good(inline(p.data_uri(PNG).rstrip("=")), kept=PNG),
    "a data: URI of a GIF": Good(inline(p.data_uri(p.file(p.scene(), "GIF"), "image/gif")), says="converted from GIF"),
    "a JPEG in bare base64": Good(inline(p.in_base64(JPEG)), exact=False, kept=JPEG),
    "a PNG in bare base64 with line breaks": Good(inline(p.with_white_space(p.in_base64(PNG))), kept=PNG),
    "a WebP in bare base64": Good(inline(p.in_base64(WEBP)), kept=WEBP),
    "a GIF in bare base64": Good(inline(p.in_base64(p.file(p.scene(), "GIF"))), says="converted from GIF"),
    "a BMP in bare base64": Good(inline(p.in_base64(p.file(p.scene(), "BMP"))), says="converted from BMP"),
    "a TIFF in bare base64": Good(inline(p.in_base64(p.file(p.scene(), "TIFF"))), says="converted from TIFF"),
    "a JPEG in base64 for URLs": Good(
        inline(base64.urlsafe_b64encode(JPEG).decode().rstrip("=")), exact=False, kept=JPEG
    ),
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_arrives_at_the_provider_is_the_picture_upright_and_nothing_else(place: Place, name: str) -> None:
    good = GOOD[name]
    value = good.put(place)
    async with place.world.client() as agent:
        result = await agent.call("create_wanx_task", **ORDER, image=value)
        assert not result.is_error, result.content
        told, step = result.content[0].text, result.structured_content["next_step"]  # type: ignore[union-attr,index]
    same(place.arrived(), good.wanted(), exact=good.exact)
    if good.kept is not None:
        assert place.arrived() == good.kept
    assert good.says in told
    assert good.says in step
    assert ("note: image was" in step) == bool(good.says)


@dataclass(frozen=True)
class Bad:
    """A picture that is refused, and why."""

    put: Put
    why: str


def fifo(place: Place) -> str:
    os.mkfifo(place.films / "pipe.png")
    return "pipe.png"


def socket(place: Place) -> str:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.films / "s"))
    return "s"


def link(target: str) -> Put:
    def put(place: Place) -> str:
        (place.films / "link.png").symlink_to(place.root / target)
        return "link.png"

    return put


def folder_link(place: Place) -> str:
    (place.films / "album").symlink_to(place.outside)
    return "album/secret.png"


def loop(place: Place) -> str:
    (place.films / "link.png").symlink_to(place.films / "link.png")
    return "link.png"


def huge(place: Place) -> str:
    path = place.films / "huge.png"
    with path.open("wb") as sparse:
        sparse.truncate(41 * 1024 * 1024)
    return str(path)


def under(path: str) -> Put:
    return lambda place: f"{place.root}/{path}"


OUTSIDE = "lies outside the folders"
MISSING = "names no file in the folders"
DEVICE = "is a network or device path"
NO_PATH = "is neither a link, nor a picture in base64, nor a path"
CONTROL = "holds control characters"
LOST = (OUTSIDE, MISSING, DEVICE, NO_PATH, CONTROL)
BROKEN = "is a damaged or truncated"
BAD: dict[str, Bad] = {
    "a file outside": Bad(under("outside/secret.png"), OUTSIDE),
    "a file outside that does not exist": Bad(under("outside/nothing.png"), OUTSIDE),
    "a file of the system": Bad(inline("/etc/passwd"), OUTSIDE),
    "a device": Bad(inline("/dev/zero"), OUTSIDE),
    "a file of the kernel": Bad(inline("/proc/self/environ"), OUTSIDE),
    "the home folder": Bad(inline("~"), OUTSIDE),
    "a file in the home folder": Bad(inline("~/.ssh/id_rsa"), OUTSIDE),
    "a traversal": Bad(inline("../outside/secret.png"), OUTSIDE),
    "a long traversal": Bad(inline("x/../../../../../../../../etc/passwd"), OUTSIDE),
    "an absolute traversal": Bad(under("films/../outside/secret.png"), OUTSIDE),
    "a folder that only begins alike": Bad(under("films-of-others/a.png"), OUTSIDE),
    "a symlink out": Bad(link("outside/secret.png"), OUTSIDE),
    "a symlink out to nothing": Bad(link("outside/nothing.png"), OUTSIDE),
    "a symlink to a device": Bad(link("../../../../../../../dev/zero"), OUTSIDE),
    "a folder that leads out": Bad(folder_link, OUTSIDE),
    "a symlink to itself": Bad(loop, OUTSIDE),
    "a traversal in another script": Bad(inline("\uff0e\uff0e/outside/secret.png"), MISSING),
    "a traversal in percent signs": Bad(inline("%2e%2e/outside/secret.png"), MISSING),
    "a traversal with backslashes": Bad(inline("..\\outside\\secret.png"), MISSING),
    "another user's home": Bad(inline("~root/secret.png"), MISSING),
    "a name that is not there": Bad(inline("image.png"), MISSING),
    "a file in the working directory": Bad(inline("pyproject.toml"), MISSING),
    "a name of a Windows drive": Bad(inline("C:\\Users\\me\\a.png"), MISSING),
    "a file that is used as a folder": Bad(lambda place: place.put("a.png", PNG) + "/b.png", MISSING),
    "a very long name": Bad(inline("a" * 300 + ".png"), "cannot be read"),
    "a text that is nothing": Bad(inline("a" * 5000), NO_PATH),
    "a UNC path": Bad(inline("\\\\host\\share\\a.png"), DEVICE),
    "a UNC path with slashes": Bad(inline("//host/share/a.png"), DEVICE),
    "a UNC path of both kinds": Bad(inline("\\/host/share/a.png"), DEVICE),
    "a verbatim path": Bad(inline("\\\\?\\C:\\a.png"), DEVICE),
    "a device path": Bad(inline("\\\\.\\PhysicalDrive0"), DEVICE),
    "a path of the object manager": Bad(inline("\\??\\C:\\a.png"), DEVICE),
    "a path with NUL": Bad(lambda place: place.put("a.png", PNG) + "\0.jpg", CONTROL),
    "a path with a line break": Bad(inline("a\nb.png"), CONTROL),
    "a FIFO": Bad(fifo, "is no ordinary file"),
    "a socket": Bad(socket, "is no ordinary file"),
    "a folder": Bad(lambda place: str(place.films), "is a folder"),
    "a folder inside": Bad(lambda place: place.put("a/b.png", PNG) and "a", "is a folder"),
    "an empty file": Bad(given("e.png", b""), "is an empty file"),
    "a huge file": Bad(huge, "is larger than 40 MB"),
    "a text file": Bad(given("t.png", b"hello, world, this is text"), "is no picture of a known kind"),
    "a PDF": Bad(given("a.png", b"%PDF-1.7 ..."), "is a PDF"),
    "an SVG": Bad(given("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "is an SVG drawing"),
    "a HEIC": Bad(given("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 99), "is a HEIC picture"),
    "a video": Bad(given("a.mp4", b"\0\0\0\x18ftypisom" + b"\0" * 99), "is a video"),
    "a truncated JPEG": Bad(given("t.jpg", p.file(p.noise(), "JPEG")[:4000]), f"{BROKEN} JPEG"),
    "a truncated PNG": Bad(given("t.png", p.file(p.noise())[:4000]), f"{BROKEN} PNG"),
    "a truncated WebP": Bad(given("t.webp", p.file(p.noise(), "WEBP")[:2000]), f"{BROKEN} WEBP"),
    "a truncated GIF": Bad(given("t.gif", p.file(p.noise(), "GIF")[:2000]), f"{BROKEN} GIF"),
    "only a signature": Bad(given("t.jpg", b"\xff\xd8\xff\xe0"), f"{BROKEN} JPEG"),
    "a PNG with a flipped bit": Bad(given("t.png", PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:]), f"{BROKEN} PNG"),
    "a bomb of pixels": Bad(
        given("b.png", p.png((60_000, 60_000), 8, 2, b"\0" * 1000)), "has a side of more than 8000"
    ),
    "a bomb under Pillow's own limit": Bad(given("b.png", p.png((12_000, 7_000), 8, 2, b"")), "no side may have more"),
    "a bomb of a WebP": Bad(given("b.webp", p.webp_bomb()), "no side may have more than 8000"),
    "a bomb of text": Bad(given("b.png", p.text_bomb()), f"{BROKEN} PNG"),
    "a promise of pixels that are not there": Bad(given("b.png", p.png((4000, 4000), 8, 2, b"\0" * 99)), BROKEN),
    "a side too long": Bad(given("l.png", p.file(Image.new("L", (8001, 100)))), "no side may have more than 8000"),
    "a side too short": Bad(given("s.png", p.file(p.scene((63, 400)))), "each side needs at least 64"),
    "one pixel": Bad(given("s.png", p.file(p.scene((1, 1)))), "each side needs at least 64"),
    "a strip": Bad(given("s.png", p.file(Image.new("L", (7000, 100)))), "less than 64 are left"),
    "an animated GIF": Bad(given("a.gif", p.animated("GIF")), "is animated"),
    "an animated WebP": Bad(given("a.webp", p.animated("WEBP")), "is animated"),
    "an animated PNG": Bad(given("a.png", p.animated("PNG")), "is animated"),
    "a data: URI of a text": Bad(inline(p.data_uri(PNG, "text/plain")), "is a data: URI of something"),
    "a data: URI of a text in a picture's clothes": Bad(inline(p.data_uri(b"<script>", "image/png")), "no picture"),
    "a data: URI of an SVG": Bad(inline("data:image/svg+xml,<svg xmlns='x'/>"), "is an SVG drawing"),
    "a data: URI without a comma": Bad(inline("data:image/png;base64"), MISSING),
    "a data: URI with nothing in it": Bad(inline("data:image/png;base64,"), "no picture"),
    "a data: URI that is no base64": Bad(inline("data:image/png;base64,!!!!"), "is not valid base64"),
    "a data: URI cut short": Bad(inline(p.data_uri(p.file(p.noise()))[:9000]), f"{BROKEN} PNG"),
    "bare base64 cut short": Bad(inline(p.in_base64(p.file(p.noise(), "JPEG"))[:9000]), f"{BROKEN} JPEG"),
    "bare base64 of a text": Bad(inline(p.in_base64(b"a text that is no picture at all, only words")), MISSING),
    "a path that looks like a JPEG in base64": Bad(inline("/9j/pictures/of/the/summer/on/the/coast"), OUTSIDE),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_cannot_be_sent_is_refused_with_the_reason_before_any_request(place: Place, name: str) -> None:
    bad = BAD[name]
    value = bad.put(place)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=value)
        dry = await agent.error("create_wanx_task", **ORDER, image=value, dry_run=True)
    assert re.match(rf"image_rejected: image [^.]*{bad.why}", error), error
    assert "Charged by this call: no. Next: set image to an https URL" in error
    assert dry == error
    assert not place.world.line.requests
    assert ("attached in a chat" in error) == (bad.why in LOST)


def test_at_least_sixty_inputs_are_tried() -> None:
    assert len(GOOD) + len(BAD) >= 60
