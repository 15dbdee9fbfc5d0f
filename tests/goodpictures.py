"""Pictures that are taken: how each is given, what must arrive at the provider, and what is said."""

from __future__ import annotations

import base64
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests import pictures as p
from tests.place import Place

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


def made(name: str, make: Callable[[], bytes]) -> Put:
    """A file that is too large to be made before it is needed."""
    return lambda place: place.put(name, make())


def put(value: Put, place: Place) -> str:
    """What is given, or a skipped test: Windows has no such names and files, and Wine no symlinks."""
    try:
        return value(place)
    except (OSError, AttributeError, NotImplementedError) as error:
        if os.name == "nt":
            pytest.skip(f"no such file on Windows, or not under Wine ({error})")
        raise


def symlink(path: Path, target: Path) -> str:
    path.symlink_to(target)
    if not path.is_symlink():
        raise OSError("Wine makes no symlinks")
    return str(path)


def inline(text: str) -> Put:
    return lambda _place: text


def linked(place: Place) -> str:
    place.put("inner/real.png", p.file(p.scene()))
    symlink(place.films / "link.png", place.films / "inner" / "real.png")
    return "link.png"


def linked_across(place: Place) -> str:
    (place.inputs / "real.png").write_bytes(p.file(p.scene()))
    symlink(place.films / "across.png", place.inputs / "real.png")
    return str(place.films / "across.png")


def in_the_other_folder(place: Place) -> str:
    (place.inputs / "a b.png").write_bytes(p.file(p.scene()))
    return "a b.png"


def through_a_linked_folder(place: Place) -> str:
    place.put("scene.png", p.file(p.scene()))
    symlink(place.root / "alias", place.films)
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
        says="reduced to the first of its 2 pictures",
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
        made("l.png", lambda: p.png((8000, 8000), 8, 0, (b"\0" + b"\x80" * 8000) * 8000)),
        lambda: Image.new("L", (1920, 1920), 128),
        "scaled down from 8000x8000",
        exact=False,
    ),
    "a PNG with a bomb of text": Good(given("b.png", p.text_bomb()), says="freed of metadata"),
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
