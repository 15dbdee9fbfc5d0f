"""Kinds of pictures, told by their first bytes: which are sent as they are, which are converted, which are neither."""

from __future__ import annotations

from dataclasses import dataclass


class Unfit(ValueError):
    """A picture that cannot be sent, in words that follow the argument's name. `misplaced`: it was not found at all."""

    def __init__(self, what: str, *, misplaced: bool = False) -> None:
        super().__init__(what)
        self.misplaced = misplaced


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, by Pillow's name. `sent`: the provider surely takes it; `lossy`: pixels are approximate anyway."""

    name: str
    extension: str
    sent: bool = False
    lossy: bool = False

    @property
    def mime(self) -> str:
        return f"image/{self.name.lower()}"


JPEG = Kind("JPEG", "jpg", sent=True, lossy=True)
PNG = Kind("PNG", "png", sent=True)
WEBP = Kind("WEBP", "webp", sent=True, lossy=True)
GIF = Kind("GIF", "gif")
BMP = Kind("BMP", "bmp")
TIFF = Kind("TIFF", "tiff")
AVIF = Kind("AVIF", "avif", lossy=True)

_NAMES = {kind.name.lower(): kind for kind in (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF)}
_NAMES |= {
    "jpg": JPEG,
    "jpe": JPEG,
    "jfif": JPEG,
    "tif": TIFF,
    "dib": BMP,
    "x-png": PNG,
    "pjpeg": JPEG,
    "x-ms-bmp": BMP,
}

# The fourth byte of a JPEG is a marker; without it, a path like /9j/photos would begin like one in base64.
_MARKERS = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})
_BRANDS = {b"avif": AVIF, b"avis": AVIF}

_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"8BPS", "a Photoshop file"),
)
_HEIF = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})

HEAD = 16
"""As many first bytes as are needed to tell a kind."""


def kind_of(content: bytes) -> Kind | None:
    """The kind of picture that begins like `content`."""
    head = content[:HEAD]
    if head[:3] == b"\xff\xd8\xff" and head[3:4] and head[3] in _MARKERS:
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return GIF
    if head[:4] in (b"II*\0", b"MM\0*"):
        return TIFF
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return BMP if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" else None


def named(name: str) -> Kind | None:
    """The kind that a file's extension or a media subtype says."""
    return _NAMES.get(name.lower())


def stranger(content: bytes) -> str:
    """What `content` is, that is no picture, in words."""
    if content[4:8] == b"ftyp":
        return "a HEIC picture, which cannot be read here" if content[8:12] in _HEIF else "a video"
    head = content.lstrip()
    return next((name for begin, name in _STRANGERS if head.startswith(begin)), "no picture of a known kind")
