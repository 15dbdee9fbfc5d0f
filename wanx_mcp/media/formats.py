"""Kinds of pictures, recognised by their first bytes: those sent as they are, those converted, those refused."""

from __future__ import annotations

from dataclasses import dataclass

from wanx_mcp.limits.pictures import FTYP_BYTES


class Unfit(ValueError):
    """A picture that cannot be sent, in words that follow the argument's name. `misplaced`: it was not found at all."""

    def __init__(self, what: str, *, misplaced: bool = False) -> None:
        super().__init__(what)
        self.misplaced = misplaced


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, by Pillow's name. `sent`: the provider surely takes it; `lossy`: pixels are approximate anyway.

    `most_pixels` bounds the memory that decoding takes. tests/test_picture_memory.py measures it.
    """

    name: str
    extension: str
    most_pixels: int
    sent: bool = False
    lossy: bool = False

    @property
    def mime(self) -> str:
        return f"image/{self.name.lower()}"


# Bytes that Pillow takes at most for each pixel, measured while decoding and scaling: 10 where the whole picture is
# decoded before it is scaled down (RGBA: 4, and 4 for a copy with premultiplied alpha), 17.5 where the decoder keeps
# two canvases of its own. A JPEG is scaled down while it is decoded; see `headers.check_jpeg` for progressive ones.
_WHOLE = 64_000_000
_TWO_CANVASES = 51_000_000
JPEG = Kind("JPEG", "jpg", 250_000_000, sent=True, lossy=True)
PNG = Kind("PNG", "png", _WHOLE, sent=True)
WEBP = Kind("WEBP", "webp", _TWO_CANVASES, sent=True, lossy=True)
GIF = Kind("GIF", "gif", _WHOLE)
BMP = Kind("BMP", "bmp", _WHOLE)
TIFF = Kind("TIFF", "tiff", _WHOLE)
AVIF = Kind("AVIF", "avif", _TWO_CANVASES, lossy=True)
ICO = Kind("ICO", "ico", 1024 * 1024)

_NAMES = {kind.name.lower(): kind for kind in (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, ICO)}
_NAMES |= {
    "jpg": JPEG,
    "jpe": JPEG,
    "jfif": JPEG,
    "mpo": JPEG,
    "tif": TIFF,
    "dib": BMP,
    "apng": PNG,
    "x-png": PNG,
    "pjpeg": JPEG,
    "x-ms-bmp": BMP,
    "x-icon": ICO,
    "vnd.microsoft.icon": ICO,
}

# The fourth byte of a JPEG is a marker or a fill byte; without it, a path like /9j/photos would begin like one in
# base64.
_MARKERS = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE, 0xFF})

_UNREAD = ", which cannot be read here; save it as a JPEG or PNG first"
_RAW = "a camera's raw file"
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"FUJIFILMCCD-RAW", f"{_RAW} (RAF){_UNREAD}"),
    (b"IIU\0", f"{_RAW} (RW2){_UNREAD}"),
    (b"IIRO", f"{_RAW} (ORF){_UNREAD}"),
    (b"IIRS", f"{_RAW} (ORF){_UNREAD}"),
    (b"MMOR", f"{_RAW} (ORF){_UNREAD}"),
    (b"FOVb", f"{_RAW} (X3F){_UNREAD}"),
    (b"\0MRM", f"{_RAW} (MRW){_UNREAD}"),
    (b"II\x1a\0\0\0HEAPCCDR", f"{_RAW} (CRW){_UNREAD}"),
    (b"\xff\x0a", f"a JPEG XL picture{_UNREAD}"),
    (b"\0\0\0\x0cJXL ", f"a JPEG XL picture{_UNREAD}"),
    (b"\0\0\0\x0cjP  ", f"a JPEG 2000 picture{_UNREAD}"),
    (b"\xff\x4f\xff\x51", f"a JPEG 2000 picture{_UNREAD}"),
    (b"II\xbc", f"a JPEG XR picture{_UNREAD}"),
    (b"8BPS", f"a Photoshop file{_UNREAD}"),
    (b"gimp xcf", f"a GIMP file{_UNREAD}"),
    (b"qoif", f"a QOI picture{_UNREAD}"),
    (b"DDS ", f"a DDS texture{_UNREAD}"),
    (b"icns", f"an Apple icon{_UNREAD}"),
    (b"v/1\x01", f"an OpenEXR picture{_UNREAD}"),
    (b"#?RADIANCE", f"a Radiance HDR picture{_UNREAD}"),
    (b"%!PS", f"a PostScript file{_UNREAD}"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound file"),
    (b"PK\x03\x04", "a ZIP archive"),
)
_HEIF = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"})
_HEIF |= {b"miaf", b"avci", b"avcs", b"jpeg", b"jpgs"}
_AVIF = frozenset({b"avif", b"avis"})

HEAD = 64
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
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return TIFF
    if head[4:8] == b"ftyp":
        return AVIF if _is_avif(content) else None
    if head[:4] == b"\0\0\1\0" and 0 < int.from_bytes(head[4:6], "little") <= 64 and head[9:10] == b"\0":
        return ICO
    return BMP if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" else None


def named(name: str) -> Kind | None:
    """The kind that a file's extension or a media subtype says."""
    return _NAMES.get(name.lower())


def stranger(content: bytes) -> str:
    """What `content` is, that is no picture, in words."""
    if content[4:8] == b"ftyp":
        return _foreign_box(content)
    if content[:4] == b"RIFF" and content[8:12] in (b"AVI ", b"WAVE"):
        return "a video" if content[8:12] == b"AVI " else "a sound file"
    head = content[:1024].lstrip()
    for begin, name in _STRANGERS:
        if content.startswith(begin) or head.startswith(begin):
            return name
    return "no picture of a known kind"


def is_known(content: bytes) -> bool:
    """Whether `content` begins like a picture or a binary file that `stranger` names."""
    if kind_of(content) is not None or content[4:8] == b"ftyp":
        return True
    return any(content.startswith(begin) for begin, name in _STRANGERS if len(begin) > 3 and name.endswith(_UNREAD))


def brands(content: bytes) -> tuple[bytes, ...]:
    """The major and the compatible brands of a file in boxes [ISO 14496-12, 4.3]."""
    end = min(int.from_bytes(content[:4], "big"), FTYP_BYTES, len(content))
    return (content[8:12], *(content[at : at + 4] for at in range(16, end - 3, 4)))


def _is_avif(content: bytes) -> bool:
    """Whether the pictures inside are coded in AV1: the major brand is often a general one."""
    major, *others = brands(content)
    if major in _AVIF or (_AVIF.intersection(others) and major not in _HEIF - {b"mif1", b"mif2", b"msf1", b"miaf"}):
        return True
    return major in _HEIF and b"av01" in content[:65536] and not {b"heic", b"heix"}.intersection((major, *others))


def _foreign_box(content: bytes) -> str:
    major, *others = brands(content)
    if major == b"crx ":
        return f"{_RAW} (CR3){_UNREAD}"
    if major in (b"jxl ", b"jp2 ", b"jpx "):
        return f"a {'JPEG XL' if major == b'jxl ' else 'JPEG 2000'} picture{_UNREAD}"
    if major in (b"M4A ", b"M4B "):
        return "a sound file"
    if major in _HEIF or (b"heic" in others):
        return f"a HEIC picture{_UNREAD}"
    return "a video"
