"""Odd files of every kind: those that viewers show are taken, the rest is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image, features

from tests import containers as c
from tests import pictures as p
from tests.badpictures import BROKEN, Bad
from tests.goodpictures import JPEG, Good, given, made

SMALL, LARGE = p.scene((160, 90)), p.scene((640, 360))
LOSSLESS = p.file(p.scene(), "WEBP", lossless=True)
HAS_AVIF = features.check("avif")
"""Pillow reads AVIF from 11.3 on."""

AVIF = p.file(p.scene(), "AVIF", quality=95) if HAS_AVIF else b""
PROGRESSIVE = p.file(p.scene(), "JPEG", quality=95, progressive=True)
TALK = p.talkative_png()


def framed() -> Image.Image:
    """The scene in the middle of a larger white canvas."""
    canvas = Image.new("RGB", (400, 300), "white")
    canvas.paste(p.scene(), (40, 60))
    return canvas


def mpo(first: Image.Image, *others: Image.Image) -> bytes:
    images = [image.copy() for image in (first, *others)]
    return p.file(images[0], "MPO", save_all=True, append_images=images[1:], quality=95)


def pages(first: Image.Image, *others: Image.Image, big: bool = False) -> bytes:
    images = [image.copy() for image in (first, *others)]
    return p.file(images[0], "TIFF", save_all=True, append_images=images[1:], big_tiff=big)


def wide() -> Image.Image:
    return p.scene((640, 360))


def good(
    name: str,
    content: bytes | Callable[[], bytes],
    says: str,
    wanted: Callable[[], Image.Image] = p.scene,
    *,
    exact: bool = False,
) -> Good:
    put = given(name, content) if isinstance(content, bytes) else made(name, content)
    return Good(put, wanted, says, exact)


ANEW, FREED, ENDED = "encoded anew", "freed of metadata", "completed by its missing end marker"
FROM_AVIF = "converted from AVIF"
MARKED: Mapping[str, tuple[int, bytes, int | None]] = {
    "a JFIF segment that is too short": (0xE0, b"JFIF\0\1\1", None),
    "an Adobe segment that is too short": (0xEE, b"Adobe\0\x64\0\0\0\0", None),
    "broken EXIF": (0xE1, b"Exif\0\0garbage!", None),
    "EXIF that points nowhere": (0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f", None),
    "an index of pictures that is broken": (0xE2, b"MPF\0garbagegarba", None),
    "a part of a profile": (0xE2, b"ICC_PROFILE\0\1\3abcd", None),
    "an empty segment": (0xE1, b"", None),
    "broken Photoshop data": (0xED, b"Photoshop 3.0\0" + b"8BIM\3\xed\0\0\xff\xff\xff\xff", None),
}
ODD_GOOD: dict[str, Good] = {
    "a WebP of one frame": good("o.webp", c.webp_of_one_frame(LOSSLESS, (320, 180)), ANEW),
    "a lossy WebP of one frame": good(
        "o.webp", c.webp_of_one_frame(p.file(p.scene(), "WEBP", quality=95), (320, 180)), ANEW
    ),
    "a WebP of one frame on a larger canvas": good(
        "o.webp", c.webp_of_one_frame(LOSSLESS, (400, 300), (40, 60), alpha=True), "laid on white", framed
    ),
    "a still WebP that says it moves": good(
        "o.webp", c.with_flag(p.talkative_webp(lossless=True), 0x02), FREED, exact=True
    ),
    "a WebP with a tail": good("o.webp", LOSSLESS + b"tail" * 9, FREED, exact=True),
    "an APNG of one frame": good("o.png", c.apng(frames=1), FREED, exact=True),
    "a PNG whose text has a wrong checksum": good("o.png", c.with_wrong_checksum(TALK, b"tEXt"), FREED, exact=True),
    "a PNG whose packed text has a wrong checksum": good(
        "o.png", c.with_wrong_checksum(TALK, b"zTXt"), FREED, exact=True
    ),
    "a PNG whose profile has a wrong checksum": good(
        "o.png", c.with_wrong_checksum(p.file(p.scene(), icc_profile=p.srgb()), b"iCCP"), FREED, exact=True
    ),
    "a PNG on its side whose text has a wrong checksum": good(
        "o.png", c.with_wrong_checksum(c.with_text(p.turned(6, "PNG")), b"tEXt"), "turned upright", exact=True
    ),
    **{
        f"a JPEG with {name}": good("o.jpg", c.with_segment(JPEG, marker, body, length=length), FREED)
        for name, (marker, body, length) in MARKED.items()
    },
    "a JPEG without JFIF": good("o.jpg", c.without_jfif(JPEG), ""),
    "a JPEG with fill bytes": good("o.jpg", JPEG[:2] + b"\xff\xff" + JPEG[2:], FREED),
    "a JPEG with junk between its segments": good("o.jpg", c.with_junk_before_tables(JPEG), ANEW),
    "a JPEG without an end": good("o.jpg", JPEG[:-2], ENDED),
    "a JPEG with half an end": good("o.jpg", JPEG[:-1], ENDED),
    "a JPEG with zeros for an end": good("o.jpg", JPEG[:-2] + bytes(500), ENDED),
    "a progressive JPEG without an end": good("o.jpg", PROGRESSIVE[:-2], ENDED),
    "a JPEG with a video behind it": good("o.jpg", JPEG + c.boxed(b"mp42") + b"\xff\xda" * 9, FREED),
    "an RGB JPEG": good("o.jpg", p.file(p.scene(), "JPEG", quality=95, keep_rgb=True), ""),
    "an Adobe CMYK JPEG": good("o.jpg", p.file(p.scene().convert("CMYK"), "JPEG", quality=95), "8-bit RGB"),
    "an MPO whose second picture is larger": good(
        "o.mpo", mpo(SMALL, LARGE), "reduced to the largest of its 2 pictures", wide
    ),
    "an MPO with a preview": good("o.jpg", mpo(LARGE, SMALL), "reduced to the largest of its 2 pictures", wide),
    "an MPO cut in its second picture": good("o.jpg", mpo(LARGE, SMALL)[:-500], "reduced to the largest", wide),
    "a TIFF of three pages": good(
        "o.tif", pages(SMALL, LARGE, SMALL), "reduced to the largest of its 3 pictures", wide, exact=True
    ),
    "a TIFF of two equal pages": good(
        "o.tif", pages(p.scene(), p.noise()), "reduced to the first of its 2 pictures", exact=True
    ),
    "a BigTIFF": good("o.tif", pages(SMALL, LARGE, big=True), "reduced to the largest", wide, exact=True),
    "a TIFF with LZW": good("o.tif", p.file(p.scene(), "TIFF", compression="tiff_lzw"), "from TIFF", exact=True),
    "a TIFF with JPEG inside": good("o.tif", p.file(p.scene(), "TIFF", compression="jpeg", quality=95), "from TIFF"),
    "a TIFF of a fax": good(
        "o.tif",
        p.file(p.scene().convert("1"), "TIFF", compression="group4"),
        "from TIFF",
        lambda: p.scene().convert("1"),
        exact=True,
    ),
    "a TIFF with a smaller picture hanging from it": good(
        "o.tif",
        c.tiff([c.thumbnail(t330=[c.thumbnail(t256=80, t257=60)])], b"\x60" * 57600),
        "from TIFF",
        lambda: Image.new("RGB", (160, 120), (0x60,) * 3),
        exact=True,
    ),
    "a GIF without its last byte": good("o.gif", p.file(p.scene(), "GIF")[:-1], "converted from GIF", exact=True),
    "a BMP with a palette": good("o.bmp", p.file(p.scene().quantize(16), "BMP"), "converted from BMP", exact=True),
    "an icon": good(
        "o.ico",
        p.file(p.scene((256, 256)), "ICO"),
        "reduced to the largest of its 7 pictures",
        lambda: p.scene((256, 256)),
        exact=True,
    ),
    "a photo of 48 million pixels": good(
        "o.jpg",
        lambda: p.file(p.scene((6048, 8064)), "JPEG"),
        "scaled down from 6048x8064",
        lambda: p.scene((1440, 1920)),
    ),
    "a photo of 50 million pixels": good(
        "o.jpg",
        lambda: p.file(p.scene((8160, 6144)), "JPEG", progressive=True),
        "scaled down from 8160x6144",
        lambda: p.scene((1920, 1446)),
    ),
}

if HAS_AVIF:
    ODD_GOOD |= {
        "an AVIF": good("o.avif", AVIF, FROM_AVIF),
        **{
            f"an AVIF of the major brand {brand.decode()}": good("o.avif", c.under_brand(AVIF, brand), FROM_AVIF)
            for brand in (b"mif1", b"msf1", b"miaf", b"MA1B", b"avio", b"1pic", b"avis")
        },
        "an AVIF that says so in no brand": good("o.avif", c.under_brand(AVIF, b"mif1", b"miaf"), FROM_AVIF),
        "an AVIF on its side": good(
            "o.avif", p.file(p.scene().transpose(p.TURNS[6]), "AVIF", quality=95, exif=p.exif(6)), "turned upright"
        ),
    }

RAW = "is a camera's raw file"
ANIMATED = "is animated"
PLAIN = c.thumbnail(t256=4000, t257=3000)
DNG = rf"{RAW} \(DNG\)"
NIKON, SONY, NOBODY = "NIKON CORPORATION", "SONY", "Whoever"
ODD_BAD: dict[str, Bad] = {
    "an APNG of two frames": Bad(given("a.png", c.apng(frames=2)), ANIMATED),
    "an APNG whose one frame is hidden": Bad(given("a.png", c.apng(frames=1, hidden=True)), ANIMATED),
    "an animated GIF cut in its second frame": Bad(given("a.gif", p.animated("GIF")[:-400]), ANIMATED),
    "a DNG": Bad(
        given("a.dng", c.tiff([c.thumbnail(t50706=1, t330=[c.mosaic(photometric=34892)])])), rf"{RAW} \(DNG\)"
    ),
    "a DNG whose full picture is plain": Bad(given("a.dng", c.tiff([c.thumbnail(t50706=1, t330=[PLAIN])])), DNG),
    "a NEF": Bad(given("a.nef", c.tiff([c.thumbnail(t271=NIKON, t330=[c.mosaic()])])), rf"{RAW} \(NEF\)"),
    "an ARW": Bad(given("a.arw", c.tiff([c.thumbnail(t271=SONY, t330=[c.mosaic()])])), rf"{RAW} \(ARW\)"),
    "a raw file of an unknown maker": Bad(
        given("a.tif", c.tiff([c.thumbnail(t271=NOBODY, t330=[c.mosaic()])])), rf"{RAW} \(RAW\)"
    ),
    "a raw file in two pages": Bad(given("a.tif", c.tiff([c.thumbnail(), c.mosaic()])), RAW),
    "a CR2": Bad(given("a.cr2", b"II*\0\x10\0\0\0CR\2\0" + bytes(90)), rf"{RAW} \(CR2\)"),
    "a TIFF whose full picture hangs from a thumbnail": Bad(
        given("a.tif", c.tiff([c.thumbnail(t330=[c.thumbnail(t256=4000, t257=3000)])])),
        r"whose full picture \(4000x3000\)",
    ),
    "a TIFF that begins again and again": Bad(given("a.tif", b"II*\0\x08\0\0\0\0\0\x08" + bytes(12)), BROKEN),
    "a RAF": Bad(given("a.raf", b"FUJIFILMCCD-RAW 0201" + bytes(90)), rf"{RAW} \(RAF\)"),
    "an ORF": Bad(given("a.orf", b"IIRO\x08\0\0\0" + bytes(90)), rf"{RAW} \(ORF\)"),
    "an RW2": Bad(given("a.rw2", b"IIU\0\x08\0\0\0" + bytes(90)), rf"{RAW} \(RW2\)"),
    "a CR3": Bad(given("a.cr3", c.boxed(b"crx ", b"crx ", b"isom")), rf"{RAW} \(CR3\)"),
    "a HEIC of a general brand": Bad(given("a.heic", c.boxed(b"mif1", b"mif1", b"heic")), "is a HEIC picture"),
    "a HEIC sequence": Bad(given("a.heics", c.boxed(b"msf1", b"msf1", b"hevc")), "is a HEIC picture"),
    "a HEIC in the clothes of an AVIF": Bad(given("a.avif", c.boxed(b"heic", b"mif1", b"heic")), "is a HEIC picture"),
    "a JPEG XL": Bad(given("a.jxl", b"\xff\x0a" + bytes(90)), "is a JPEG XL picture"),
    "a JPEG XL in boxes": Bad(given("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90)), "is a JPEG XL picture"),
    "a JPEG 2000": Bad(given("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(90)), "is a JPEG 2000 picture"),
    "a Photoshop file": Bad(given("a.psd", b"8BPS\0\1" + bytes(90)), "is a Photoshop file"),
    "a film of the AVI kind": Bad(given("a.avi", b"RIFF\0\0\0\0AVI LIST" + bytes(90)), "is a video"),
    "a small icon": Bad(given("a.ico", p.file(p.scene((32, 32)), "ICO")), "each side needs at least 64"),
    "a JPEG cut three bytes before its end": Bad(given("t.jpg", JPEG[:-5]), f"{BROKEN} JPEG"),
    "a JPEG cut in its middle and filled with zeros": Bad(
        given("t.jpg", p.file(p.noise(), "JPEG")[:9000] + bytes(9000)), f"{BROKEN} JPEG"
    ),
    "a progressive JPEG cut in its middle": Bad(
        given("t.jpg", p.file(p.noise(), "JPEG", progressive=True)[:-9000]), f"{BROKEN} JPEG"
    ),
    "a TIFF cut short": Bad(given("t.tif", p.file(p.noise(), "TIFF")[:-9000]), f"{BROKEN} TIFF"),
    "a BMP cut short": Bad(given("t.bmp", p.file(p.noise(), "BMP")[:-9000]), f"{BROKEN} BMP"),
    "a PNG of a hundred thousand parts": Bad(
        made("b.png", lambda: p.file(p.scene())[:33] + p.chunk(b"prVt", b"") * 100_000), "of so many parts"
    ),
    "a JPEG of a hundred thousand parts": Bad(
        made("b.jpg", lambda: JPEG[:2] + b"\xff\xfe\0\2" * 100_000 + JPEG[2:]), "of so many parts"
    ),
    "a JPEG of too many scans": Bad(made("b.jpg", lambda: c.of_many_scans((3000, 2000), 400)), "of 4.. scans"),
    "a progressive JPEG of too many pixels": Bad(
        given("b.jpg", c.claiming(PROGRESSIVE, (15_000, 15_000))), "would take too much memory"
    ),
    "a JPEG of too many pixels": Bad(given("b.jpg", c.claiming(JPEG, (60_000, 60_000))), "is 3600 million pixels"),
    "an icon that is larger than it says": Bad(
        given("b.ico", c.icon(p.png((30_000, 30_000), 8, 2, b""))), "is 900 million pixels"
    ),
}
if HAS_AVIF:
    ODD_BAD |= {
        "an animated AVIF": Bad(given("a.avif", p.animated("AVIF")), ANIMATED),
        "an animated AVIF of a general brand": Bad(
            given("a.avif", c.under_brand(p.animated("AVIF"), b"msf1")), ANIMATED
        ),
        "an AVIF cut short": Bad(given("t.avif", p.file(p.noise(), "AVIF")[:-3000]), f"{BROKEN} AVIF"),
    }
