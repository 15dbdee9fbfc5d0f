"""The single repairs of a decoded picture: colours, depth, transparency, encoding."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from wanx_mcp.media.formats import JPEG, PNG, Kind

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 92
_DEPTH_AT = 24  # in the IHDR chunk, which is always the first


def is_deep(content: bytes, kind: Kind) -> bool:
    """Whether a PNG has sixteen bits, which not every decoder takes."""
    return kind is PNG and content[_DEPTH_AT : _DEPTH_AT + 1] == b"\x10"


def has_clear_parts(image: Image) -> bool:
    """Whether anything shines through: a video has nothing behind it."""
    if not image.has_transparency_data:
        return False
    low, _high = image.convert("RGBA").getchannel("A").getextrema()
    return bool(low < 255)  # type: ignore[operator]  # one band, so two numbers


def foreign_profile(image: Image, profile: bytes | None) -> bool:
    """Whether a colour profile says that the numbers are not those of sRGB, and can be read."""
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "P"):
        return False
    try:
        from PIL import ImageCms

        described = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except Exception:  # a broken profile says nothing
        return False
    return "srgb" not in described.lower()


def in_srgb(image: Image, profile: bytes | None) -> Image:
    """The image in sRGB, or as it is where its profile does not suit it."""
    from PIL import ImageCms

    plain = image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode == "P" else image
    wanted = "RGBA" if plain.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile or b""))
        made = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode=wanted)
    except Exception:  # a profile for other channels, or a broken one
        return plain
    return made or plain


def scaled(image: Image, size: tuple[int, int]) -> Image:
    """The image at that smaller size. Palettes and sixteen bits cannot be averaged, so they are resolved first."""
    from PIL import Image as Images

    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif _is_wide(image):
        factor = min(image.width // size[0], image.height // size[1])  # first, since eight bits take many copies
        plain = image.convert("I") if image.mode.startswith("I;") else image
        image = _eight_bits(plain.reduce(factor) if factor > 1 else plain)
    return image.resize(size, Images.Resampling.LANCZOS, reducing_gap=2.0)


def on_white(image: Image) -> Image:
    """The image in 8-bit RGB, its transparent parts on white."""
    from PIL import Image as Images

    if _is_wide(image):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    flat = Images.new("RGB", layer.size, "white")
    flat.paste(layer, (0, 0), layer)
    return flat


def encoded(image: Image, kind: Kind) -> bytes:
    """The pixels of an RGB image as a file, and nothing else of it."""
    image.info = {}  # Pillow writes comments and profiles that it finds here
    made = BytesIO()
    if kind is JPEG:
        image.save(made, "JPEG", quality=QUALITY, subsampling=0)
    else:
        image.save(made, kind.name)
    return made.getvalue()


def _is_wide(image: Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _eight_bits(image: Image) -> Image:
    """Sixteen bits brought down to eight; what is darker or brighter than those is stretched to fit."""
    wide = image.convert("F")
    low, high = (float(end) for end in wide.getextrema())  # type: ignore[arg-type]  # one band, so two numbers
    top = 65535.0 if image.mode.startswith("I") else 255.0 if high > 1 else 1.0
    if high <= top and low >= 0:
        low, high = 0.0, top
    scale = 255.0 / max(high - low, 1e-9)
    return wide.point(lambda value: value * scale - low * scale).convert("L")
