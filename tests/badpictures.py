"""Pictures that are refused, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass

from PIL import Image

from tests import pictures as p
from tests.goodpictures import PNG, Put, given, inline, symlink
from tests.place import Place


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
        symlink(place.films / "link.png", place.root / target)
        return "link.png"

    return put


def folder_link(place: Place) -> str:
    symlink(place.films / "album", place.outside)
    return "album/secret.png"


def loop(place: Place) -> str:
    symlink(place.films / "link.png", place.films / "link.png")
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
# A backslash and a drive are letters of a name to one platform, and lead away on the other.
AWAY = OUTSIDE if os.name == "nt" else MISSING
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
    "a traversal with backslashes": Bad(inline("..\\outside\\secret.png"), AWAY),
    "another user's home": Bad(inline("~root/secret.png"), MISSING),
    "a name that is not there": Bad(inline("image.png"), MISSING),
    "a file in the working directory": Bad(inline("pyproject.toml"), MISSING),
    "a name of a Windows drive": Bad(inline("C:\\Users\\me\\a.png"), AWAY),
    "a file that is used as a folder": Bad(lambda place: place.put("a.png", PNG) + "/b.png", MISSING),
    "a very long name": Bad(inline("a" * 300 + ".png"), MISSING if os.name == "nt" else "cannot be read"),
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
        given("b.png", p.png((60_000, 60_000), 8, 2, b"\0" * 1000)),
        "is 3600 million pixels; at most 64",
    ),
    "a bomb under Pillow's own limit": Bad(
        given("b.png", p.png((12_000, 7_000), 8, 2, b"")), "is 84 million pixels; at most 64"
    ),
    "a bomb of a WebP": Bad(given("b.webp", p.webp_bomb()), "which is 268 million pixels; at most 51"),
    "a promise of pixels that are not there": Bad(given("b.png", p.png((4000, 4000), 8, 2, b"\0" * 99)), BROKEN),
    "a side too long": Bad(given("l.png", p.file(Image.new("L", (8001, 100)))), "less than 64 are left"),
    "a side too short": Bad(given("s.png", p.file(p.scene((63, 400)))), "each side needs at least 64"),
    "one pixel": Bad(given("s.png", p.file(p.scene((1, 1)))), "each side needs at least 64"),
    "a strip": Bad(given("s.png", p.file(Image.new("L", (7000, 100)))), "less than 64 are left"),
    "an animated GIF": Bad(given("a.gif", p.animated("GIF")), "is animated"),
    "an animated WebP": Bad(given("a.webp", p.animated("WEBP")), "is animated"),
    "an animated PNG": Bad(given("a.png", p.animated("PNG")), "is animated"),
    "a data: URI of a text": Bad(inline(p.data_uri(PNG, "text/plain")), "is a data: URI of something"),
    "a data: URI of a text in a picture's clothes": Bad(inline(p.data_uri(b"<script>", "image/png")), "no picture"),
    "a data: URI of an SVG": Bad(inline("data:image/svg+xml,<svg xmlns='x'/>"), "is an SVG drawing"),
    "a data: URI without a comma": Bad(inline("data:image/png;base64"), AWAY),
    "a data: URI with nothing in it": Bad(inline("data:image/png;base64,"), "no picture"),
    "a data: URI that is no base64": Bad(inline("data:image/png;base64,!!!!"), "is not valid base64"),
    "a data: URI cut short": Bad(inline(p.data_uri(p.file(p.noise()))[:9000]), f"{BROKEN} PNG"),
    "bare base64 cut short": Bad(inline(p.in_base64(p.file(p.noise(), "JPEG"))[:9000]), f"{BROKEN} JPEG"),
    "bare base64 of a text": Bad(inline(p.in_base64(b"a text that is no picture at all, only words")), MISSING),
    "a path that looks like a JPEG in base64": Bad(inline("/9j/pictures/of/the/summer/on/the/coast"), OUTSIDE),
}
