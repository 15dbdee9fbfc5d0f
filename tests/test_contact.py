"""A contact sheet of this server is no start image: it is recognised by its mark, its name and its look."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from tests import pictures as p
from tests.place import ORDER, Place
from wanx_mcp.media.contact import MARK, is_sheet_name, looks_like_sheet
from wanx_mcp.media.frames import Clip, Frame
from wanx_mcp.media.publishing import keep
from wanx_mcp.media.sheet import draw

pytestmark = pytest.mark.anyio
NAME = "2026-01-01_img2video-14b_she-turns_0a5d2f34-sheet.jpg"


def sheet(count: int = 6, size: tuple[int, int] = (832, 480), frame: Callable[..., Image.Image] = p.scene) -> bytes:
    frames = tuple(Frame(number * 0.5, frame(size)) for number in range(count))
    return draw(Clip(seconds=5.3, width=size[0], height=size[1], frames=frames), "img2video-14b")


def bare(content: bytes, kind: str = "PNG", *, scale: float = 1, **options: object) -> bytes:
    """The same look, without the mark."""
    image = p.opened(content).convert("RGB")
    if scale != 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    image.info = {}
    made = p.file(image, kind, **options)
    assert MARK not in made
    return made


def night(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (6, 6, 8))


def sunset(size: tuple[int, int]) -> Image.Image:
    return Image.new("RGB", size, (255, 190, 60))


def marked_png() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", MARK.decode())
    return p.file(p.scene(), pnginfo=texts)


SHEETS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "as it was saved": (NAME, sheet),
    "under another name": ("boat.jpg", sheet),
    "with its mark in a PNG": ("boat.png", marked_png),
    "with its mark in XMP": (
        "boat.jpg",
        lambda: p.file(p.scene(), "JPEG", xmp=p.XMP.replace(p.LEAK.encode(), MARK)),
    ),
    "by its name alone": (NAME, lambda: p.file(p.scene(), "JPEG")),
    "by a numbered name": (NAME.replace(".jpg", "-2.jpg"), lambda: p.file(p.scene(), "JPEG")),
    "as a screenshot": ("boat.png", lambda: bare(sheet())),
    "after a chat has compressed it": ("boat.jpg", lambda: bare(sheet(), "JPEG", quality=60)),
    "made smaller": ("boat.webp", lambda: bare(sheet(), "WEBP", scale=0.75, quality=80)),
    "made larger": ("boat.png", lambda: bare(sheet(), scale=1.25)),
    "of one frame": ("boat.png", lambda: bare(sheet(1))),
    "of twelve upright frames": ("boat.png", lambda: bare(sheet(12, (480, 832)))),
    "of a night": ("boat.png", lambda: bare(sheet(5, frame=night))),
    "of a sunset": ("boat.png", lambda: bare(sheet(5, frame=sunset))),
}


@pytest.mark.parametrize("name", SHEETS)
async def test_a_contact_sheet_is_refused_with_the_way_to_a_clean_frame(place: Place, name: str) -> None:
    file, make = SHEETS[name]
    path = place.put(file, make())
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=path)
    assert error.startswith("image_rejected: image is a contact sheet of this server")
    assert "Next: " in error
    assert "preview_wanx_video saves with frame" in error.partition("Next: ")[2]
    assert not place.world.line.requests


async def test_a_sheet_given_inline_or_as_a_keyframe_is_refused_too(place: Place) -> None:
    scene = place.put("a.png", p.file(p.scene()))
    async with place.world.client() as agent:
        inline = await agent.error("create_wanx_task", **ORDER, image=p.data_uri(sheet(), "image/jpeg"))
        frames = await agent.error(
            "create_wanx_task",
            task_type="img2video-14b-keyframe",
            prompt="x",
            start_image=scene,
            end_image=place.put(NAME, sheet()),
        )
    assert inline.startswith("image_rejected: image is a contact sheet")
    assert frames.startswith("image_rejected: end_image is a contact sheet")


def poster(*, caption: str = "", title: str = "") -> Image.Image:
    """A picture on the very ground of a sheet."""
    image = Image.new("RGB", (1000, 800), "#15171c")
    image.paste(p.scene((900, 600)), (50, 50))
    pen = ImageDraw.Draw(image)
    pen.text((400, 700), caption, fill="#ffc440", font=ImageFont.load_default(20))
    pen.text((60, 15), title, fill="white", font=ImageFont.load_default(20))
    return image


def terminal() -> Image.Image:
    image = Image.new("RGB", (1000, 800), "#15171c")
    pen = ImageDraw.Draw(image)
    for line in range(30):
        ink = ("#ffc440", "#ffffff", "#b9bfca")[line % 3]
        pen.text((20, 20 + line * 25), "a line in a terminal " * 3, fill=ink, font=ImageFont.load_default(18))
    return image


OTHERS: dict[str, Callable[[], Image.Image]] = {
    "a scene": p.scene,
    "a dark wall": lambda: Image.new("RGB", (800, 600), "#15171c"),
    "a poster": poster,
    "a poster with a caption": lambda: poster(caption="Coming in May"),
    "a poster with a title": lambda: poster(caption="Coming in May", title="Boats"),
    "a terminal": terminal,
    "noise": p.noise,
    "a sunset": lambda: sunset((640, 480)),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_pictures_that_only_resemble_a_sheet_are_taken(place: Place, name: str) -> None:
    path = place.put("character-sheet.png", p.file(OTHERS[name]()))
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image=path)


@pytest.mark.parametrize("name", ["boat-sheet.jpg", "2026-01-01-sheet.jpg", "2026-01-01_img2video-14b_boat_0a5d.mp4"])
def test_names_that_people_give_are_no_sheets(name: str) -> None:
    assert not is_sheet_name(name)


async def test_the_sheets_of_this_server_carry_the_mark_and_nothing_else_of_it_does(place: Place) -> None:
    path = await keep(place.world.clock, place.films, "boat-sheet", ".jpg", sheet())
    assert MARK in path.read_bytes()
    with Image.open(BytesIO(sheet())) as image:
        image.load()
        assert looks_like_sheet(image)
        assert not looks_like_sheet(image.crop((20, 50, 320, 200)))
