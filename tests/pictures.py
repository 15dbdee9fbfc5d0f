"""Pictures for tests: a scene whose corners all differ, in every kind of file, with metadata that must not leak."""

from __future__ import annotations

import base64
import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

LEAK = "leak-7f3a"
"""Stands in all metadata; no byte of it may arrive."""

XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>{LEAK}</rdf></x:xmpmeta>'.encode()
ORIENTATION = 0x0112
# What has to be done to an upright picture so that this orientation makes it upright again.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def scene(size: tuple[int, int] = (320, 180)) -> Image.Image:
    """No rotation or reflection of it looks like another."""
    image = Image.new("RGB", size, (30, 60, 200))
    width, height = size
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 2), fill=(220, 30, 30))
    draw.rectangle((width // 2, 0, width, height // 2), fill=(30, 180, 40))
    draw.rectangle((0, height // 2, width // 4, height), fill=(240, 240, 240))
    return image


def noise(size: tuple[int, int] = (320, 180)) -> Image.Image:
    """A picture that no encoding makes small."""
    return Image.merge("RGB", [Image.effect_noise(size, 90) for _ in range(3)])


def file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    made = BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def exif(orientation: int | None = None) -> Image.Exif:
    """A camera's, with a place on the globe."""
    made = Image.Exif()
    made[0x010F] = f"{LEAK} camera"
    if orientation is not None:
        made[ORIENTATION] = orientation
    made.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 17.0), 29: LEAK})
    return made


def turned(orientation: int, kind: str = "JPEG", size: tuple[int, int] = (320, 180)) -> bytes:
    image = scene(size)
    if orientation in TURNS:
        image = image.transpose(TURNS[orientation])
    return file(image, kind, exif=exif(orientation), **({"quality": 95} if kind != "PNG" else {}))


def talkative_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", LEAK)
    texts.add_text("Comment", LEAK * 200, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add(b"tIME", struct.pack(">HBBBBB", 2024, 5, 4, 3, 2, 1))
    texts.add(b"prVt", LEAK.encode())
    return file(scene(), pnginfo=texts, exif=exif()) + f"behind the end {LEAK}".encode()


def talkative_jpeg() -> bytes:
    content = file(scene(), "JPEG", quality=95, comment=LEAK, exif=exif(), xmp=XMP, icc_profile=srgb())
    thumbnail = b"JFXX\0\x13\x01\x01" + LEAK.encode()
    extra = b"\xff\xe0" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    return content[:2] + extra + content[2:] + f"behind the end {LEAK}".encode()


def talkative_webp(**options: Any) -> bytes:
    return file(scene(), "WEBP", exif=exif(), xmp=XMP, icc_profile=srgb(), **options)


def progressive_with_comments_between_scans() -> bytes:
    content = file(scene(), "JPEG", quality=95, progressive=True)
    comment = b"\xff\xfe" + struct.pack(">H", len(LEAK) + 2) + LEAK.encode()
    last_scan = content.rindex(b"\xff\xda")
    return content[:last_scan] + comment + content[last_scan:]


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapping_profile() -> bytes:
    """A colour space of its own: what sRGB calls red is its green."""
    profile = srgb().replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"tmp_", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"tmp_", b"gXYZ", 1)


def red_and_green_swapped() -> Image.Image:
    red, green, blue = scene().split()
    return Image.merge("RGB", (green, red, blue))


def animated(kind: str) -> bytes:
    frames = [scene(), scene().transpose(Image.Transpose.ROTATE_180)]
    return file(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def see_through() -> Image.Image:
    """The scene with its right half transparent, and black below."""
    image = scene().convert("RGBA")
    image.paste((0, 0, 0, 0), (160, 0, 320, 180))
    return image


def on_white() -> Image.Image:
    flat = scene()
    flat.paste("white", (160, 0, 320, 180))
    return flat


def deep() -> Image.Image:
    """Sixteen bits of grey, dark to bright."""
    image = Image.new("I;16", (320, 180))
    image.putdata([x * 65535 // 319 for _y in range(180) for x in range(320)])
    return image


def ramp() -> Image.Image:
    image = Image.new("L", (320, 180))
    image.putdata([x * 255 // 319 for _y in range(180) for x in range(320)])
    return image


def deep_rgb() -> bytes:
    """A PNG of sixteen bits a channel, which Pillow reads and does not write."""
    row = b"\0" + b"".join(struct.pack(">HHH", 0xDC00 + x, 0x1E00, 0x1E00) for x in range(200))
    return png((200, 100), 16, 2, row * 100)


def png(size: tuple[int, int], depth: int, colours: int, rows: bytes) -> bytes:
    """A PNG of any claim: its pixels need not fit its size."""
    head = struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def webp_bomb() -> bytes:
    """A header that promises a canvas of 16383 by 16383, of which Pillow would take a gigabyte at once."""
    side = (16382).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side
    return b"RIFF" + struct.pack("<I", len(body)) + body


def text_bomb() -> bytes:
    """Two hundred compressed megabytes of text in a small PNG."""
    whole = file(scene())
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b" " * 200_000_000, 9))
    return whole[:33] + text + whole[33:]


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def data_uri(content: bytes, kind: str = "image/png", parameters: str = "") -> str:
    return f"data:{kind}{parameters};base64,{in_base64(content)}"


def with_white_space(text: str) -> str:
    return "\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + " \r\n\t"
