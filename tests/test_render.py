"""The simulator's clips are real films that show what was ordered."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat

av = pytest.importorskip("av")


from wanx_mcp.simulator.render import FRAMES, RATE, Scene, render_clip  # noqa: E402
from wanx_mcp.simulator.render.camera import MOTIONS  # noqa: E402
from wanx_mcp.simulator.render.clip import finished_of, view_of  # noqa: E402
from wanx_mcp.simulator.render.letters import clean, set_text  # noqa: E402
from wanx_mcp.simulator.render.scene import PictureBytes  # noqa: E402

CAMERA = "img2video-14b-control-camera"


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The image as a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(colour: str, size: tuple[int, int] = (832, 480)) -> bytes:
    """A picture in one colour."""
    return encoded(Image.new("RGB", size, colour))


def spots(*places: tuple[int, int]) -> bytes:
    """White spots on a dark red picture of 832x480."""
    image = Image.new("RGB", (832, 480), (90, 0, 0))
    for x, y in places:
        ImageDraw.Draw(image).ellipse((x - 20, y - 20, x + 20, y + 20), fill=(255, 255, 255))
    return encoded(image)


def stripes() -> bytes:
    """A picture whose parts all differ."""
    image = Image.new("RGB", (832, 480), (40, 90, 160))
    for n in range(12):
        ImageDraw.Draw(image).rectangle(
            (n * 70, 40 + n * 20, n * 70 + 40, 300 + n * 10), fill=(20 * n, 200 - 10 * n, 90)
        )
    return encoded(image)


KINDS = {
    "text": Scene("txt2video-14b", "A red fox leaps over a frozen stream", portrait=False),
    "text in portrait": Scene("wan22-txt2video-14b", "A lighthouse at night", portrait=True),
    "text with LoRA": Scene("txt2video-14b-lora", "A castle in the mist", portrait=False, lora="ghibli"),
    "image": Scene("img2video-14b", "Leaves move", portrait=False, pictures=(stripes(),)),
    "image in portrait": Scene("wan22-img2video-14b", "Leaves move", portrait=True, pictures=(stripes(),)),
    "image with LoRA": Scene("img2video-14b-lora", "It turns", False, (stripes(),), lora="rotation-effect"),
    "keyframes": Scene("img2video-14b-keyframe", "Red to blue", False, (plain("#c02020"), plain("#2030c0"))),
    "keyframes by link": Scene("img2video-14b-keyframe", "Links", portrait=True, pictures=(None, b"no picture")),
    "camera": Scene(CAMERA, "Turn", portrait=False, pictures=(stripes(),), motion="roll_clockwise"),
}


@lru_cache
def clip_of(kind: str) -> bytes:
    """The clip of a kind."""
    return render_clip(KINDS[kind])


@lru_cache
def frames_of(kind: str) -> list[Image.Image]:
    """Five frames of a kind."""
    return decoded(clip_of(kind))


def decoded(clip: bytes) -> list[Image.Image]:
    """Five decoded frames, from the first to the last; all 85 must decode."""
    with av.open(io.BytesIO(clip)) as film:
        kept = [frame.to_image() if n % 21 == 0 else None for n, frame in enumerate(film.decode(video=0))]
    assert len(kept) == 85
    return [frame for frame in kept if frame]


def distance(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are apart: mean difference in grey levels."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


def middle(frame: Image.Image) -> Image.Image:
    """A frame without the strips that carry marks and caption."""
    return frame.crop((0, frame.height // 4, frame.width, frame.height * 3 // 4))


def views(picture: bytes, motion: str, speed: float = 0.2) -> tuple[Image.Image, Image.Image]:
    """What the camera sees first and last."""
    view = view_of(Scene(CAMERA, "", portrait=False, pictures=(picture,), motion=motion, speed=speed))
    return view(0.0), view(1.0)


def white(frame: Image.Image, box: tuple[int, int, int, int] | None = None) -> tuple[float, float, float]:
    """The centre of what is white in the frame (or in a part of it), and its area."""
    left, top, _, _ = box or (0, 0, 0, 0)
    mask = (frame.crop(box) if box else frame).getchannel("G").point(lambda level: 255 if level > 128 else 0)
    area = ImageStat.Stat(mask).sum[0] / 255
    xs, ys = mask.resize((mask.width, 1), Image.Resampling.BOX), mask.resize((1, mask.height), Image.Resampling.BOX)
    assert area, "the spot left the frame"
    weights_x, weights_y = list(xs.tobytes()), list(ys.tobytes())
    x = sum(n * weight for n, weight in enumerate(weights_x)) / max(1, sum(weights_x))
    y = sum(n * weight for n, weight in enumerate(weights_y)) / max(1, sum(weights_y))
    return left + x, top + y, area


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_an_h264_film_of_85_frames_at_16_a_second(kind: str) -> None:
    with av.open(io.BytesIO(clip_of(kind))) as film:
        (stream,) = film.streams
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.width, stream.height) == ((480, 832) if KINDS[kind].portrait else (832, 480))
        assert stream.average_rate == RATE == 16
        assert stream.frames == FRAMES == 85
    assert len(frames_of(kind)) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_small_and_has_its_index_in_front(kind: str) -> None:
    clip = clip_of(kind)
    assert 20_000 < len(clip) < 700_000
    assert clip[4:8] == b"ftyp"
    assert clip.index(b"moov") < clip.index(b"mdat")


@pytest.mark.parametrize("kind", KINDS)
def test_frames_change_from_the_first_to_the_last(kind: str) -> None:
    chosen = frames_of(kind)
    assert all(distance(one, other) > 0.5 for n, one in enumerate(chosen) for other in chosen[n + 1 :])


def test_kinds_can_be_told_from_each_other() -> None:
    halves = [frames_of(kind)[2] for kind in KINDS if not KINDS[kind].portrait]
    assert all(distance(one, other) > 1 for n, one in enumerate(halves) for other in halves[n + 1 :])


def test_naming_the_renderer_loads_neither_pyav_nor_pillow() -> None:
    package = render_clip.__module__
    code = f"import sys, {package}; sys.exit(any(name in sys.modules for name in ('av', 'PIL')))"
    here = {"PYTHONPATH": os.pathsep.join(sys.path), "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}
    assert subprocess.run([sys.executable, "-c", code], env=here, check=False).returncode == 0


def test_where_pyav_cannot_be_loaded_a_render_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ImportError):
        render_clip(KINDS["text"])


def test_the_same_scene_gives_the_same_film() -> None:
    """To the eye: in one run of some hundreds the codec writes one byte more or less."""
    again = decoded(render_clip(KINDS["keyframes"]))
    assert max(map(distance, again, frames_of("keyframes"))) < 0.5


def test_a_noisy_picture_stays_within_the_size_that_a_clip_may_have() -> None:
    noise = encoded(Image.effect_noise((832, 480), 120))
    assert len(render_clip(Scene("img2video-14b", "Snow", portrait=False, pictures=(noise,)))) < 750_000


def test_keyframes_run_from_the_first_picture_to_the_last() -> None:
    frames = frames_of("keyframes")
    first, last = (Image.new("RGB", (832, 480), colour) for colour in ("#c02020", "#2030c0"))
    assert distance(middle(frames[0]), middle(first)) < 4
    assert distance(middle(frames[-1]), middle(last)) < 4
    assert distance(middle(frames[2]), middle(first)) > 15
    assert distance(middle(frames[2]), middle(last)) > 15


def test_an_image_opens_with_the_picture_that_was_given() -> None:
    given = Image.open(io.BytesIO(stripes()))
    assert distance(middle(frames_of("image")[0]), middle(given)) < 25
    assert distance(middle(frames_of("image")[0]), middle(frames_of("text")[0])) > 40


def test_prompts_have_grounds_of_their_own() -> None:
    grounds = [view_of(Scene("txt2video-14b", prompt, portrait=False))(0.0) for prompt in ("a fox", "a cat", "a dog")]
    assert all(distance(one, other) > 5 for n, one in enumerate(grounds) for other in grounds[n + 1 :])


@pytest.mark.parametrize("speed", [0.0, 0.2, 10.0])
def test_zooms_make_things_larger_and_smaller(speed: float) -> None:
    for motion, sign in (("zoom_in", 1), ("zoom_out", -1)):
        first, last = views(spots((416, 240)), motion, speed)
        assert sign * (white(last)[2] / white(first)[2] - 1) > 0.3


@pytest.mark.parametrize("speed", [0.0, 0.2, 10.0])
@pytest.mark.parametrize("turn", ["pan", "tilt"])
def test_a_camera_that_looks_left_sees_things_move_right(turn: str, speed: float) -> None:
    for side, axis, sign in (("left", 0, 1), ("right", 0, -1), ("up", 1, 1), ("down", 1, -1)):
        first, last = views(spots((416, 240)), f"{turn}_{side}", speed)
        assert sign * (white(last)[axis] - white(first)[axis]) > 25
        assert abs(white(last)[1 - axis] - white(first)[1 - axis]) < 5


def test_only_a_tilt_makes_upright_lines_converge() -> None:
    poles = Image.new("RGB", (832, 480), (90, 0, 0))
    for x in (250, 570):
        ImageDraw.Draw(poles).rectangle((x, 0, x + 12, 480), fill=(255, 255, 255))

    def spread(frame: Image.Image, y: int) -> float:
        return white(frame, (416, y, 832, y + 20))[0] - white(frame, (0, y, 416, y + 20))[0]

    for motion, ratio in (("tilt_up", 1.15), ("pan_up", 1.0), ("tilt_down", 1 / 1.15), ("pan_down", 1.0)):
        frame = views(encoded(poles), motion)[1]
        found = spread(frame, 450) / spread(frame, 10)
        if ratio == 1:
            assert found == pytest.approx(1.0, abs=0.01)
        else:
            assert (found > ratio) is (ratio > 1)


def test_rolls_turn_the_picture_their_own_way() -> None:
    for motion, sign in (("roll_clockwise", 1), ("roll_anticlockwise", -1)):
        first, last = views(spots((500, 240)), motion)
        assert sign * (white(last)[1] - white(first)[1]) > 20


def test_more_speed_is_more_motion() -> None:
    widths = [white(views(spots((416, 240)), "pan_left", speed)[1])[0] for speed in (0.0, 0.2, 1.0, 5.0, 10.0)]
    assert widths == sorted(widths)
    assert len(set(widths)) == 5


def test_a_static_camera_keeps_the_picture_where_it_is() -> None:
    first, last = views(stripes(), "static")
    assert distance(first, last) == 0
    finished = finished_of(Scene(CAMERA, "", portrait=False, pictures=(stripes(),), motion="static"))
    assert distance(finished(0.2), finished(0.5)) > 0.5


@pytest.mark.parametrize("portrait", [False, True])
@pytest.mark.parametrize("motion", MOTIONS)
def test_the_camera_never_looks_past_the_edge_of_the_picture(motion: str, portrait: bool) -> None:
    for speed in (0.0, 0.2, 10.0):
        view = view_of(Scene(CAMERA, "", portrait, (plain("white"),), motion=motion, speed=speed))
        assert all(min(view(t / 4).convert("L").tobytes()) > 250 for t in range(5))


def test_the_name_of_a_lora_is_written_on_the_clip() -> None:
    bare, marked = (Scene("img2video-14b-lora", "x", False, (stripes(),), lora=name) for name in (None, "ghibli"))
    before, after = finished_of(bare)(0.6), finished_of(marked)(0.6)
    assert distance(middle(before), middle(after)) < 1
    badge = (18, 64, 120, 102)
    assert distance(before.crop(badge), after.crop(badge)) > 10


PROMPTS = {
    "empty": "",
    "blank": " \n\t ",
    "ten thousand characters": "word and more " * 715,
    "one word of ten thousand": "w" * 10_000,
    "ten thousand different letters": "".join(chr(0x4E00 + n) for n in range(10_000)),
    "emoji": "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f" * 20,
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c",
    "newlines": "one\ntwo\r\nthree\u2028four\u0085five",
    "control characters": "".join(map(chr, range(160))) + "\u200b\ufeff\U000e0041\ud800",
    "combining marks": "Z" + "\u0301" * 500,
    "markup": "<b>%s {0} \\n ${x}</b> --; DROP",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many characters Pillow is asked to measure and to draw: the work of setting a text, on any machine."""
    count: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., object]:
        real = getattr(ImageFont.FreeTypeFont, name)

        def ask(font: ImageFont.FreeTypeFont, text: str, *args: object, **options: object) -> object:
            count[name] += len(text)
            return real(font, text, *args, **options)

        return ask

    for name in ("getlength", "getmask", "getmask2"):
        monkeypatch.setattr(ImageFont.FreeTypeFont, name, counted(name))
    return count


@pytest.mark.parametrize("kind", ["text", "image"])
@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_any_prompt_is_set_without_measuring_what_nobody_will_see(prompt: str, kind: str, asked: Counter[str]) -> None:
    pictures: tuple[PictureBytes, ...] = (None,) if kind == "image" else ()
    for portrait in (False, True):
        asked.clear()
        scene = Scene("txt2video-14b", prompt, portrait, pictures)
        assert finished_of(scene)(0.5).size == scene.size
        assert 0 < asked["getmask2"] <= asked.total() < 200_000


@pytest.mark.parametrize("kind", KINDS)
def test_marks_are_written_once_for_a_clip_and_not_for_each_frame(kind: str, asked: Counter[str]) -> None:
    finished = finished_of(KINDS[kind])
    assert asked.total()
    asked.clear()
    for n in range(5):
        finished(n / 4)
    assert not asked


@pytest.mark.parametrize("name", ["control characters", "ten thousand different letters"])
def test_a_hostile_prompt_makes_a_whole_clip(name: str) -> None:
    with av.open(
        io.BytesIO(render_clip(Scene("t" * 300, PROMPTS[name], True, lora="l" * 300, motion="m" * 300)))
    ) as film:
        assert film.streams.video[0].frames == 85


def test_text_keeps_within_its_box_and_says_when_it_was_cut() -> None:
    for prompt in PROMPTS.values():
        setting = set_text(prompt, (300, 120), (40, 20))
        assert setting.width <= 300
        assert setting.height <= 120
    assert set_text("word " * 400, (300, 120), (20,)).lines[-1].endswith("...")
    assert set_text("short", (300, 120), (40, 20)).lines == ("short",)


def test_a_letter_that_no_font_has_is_drawn_as_a_placeholder() -> None:
    block = set_text("\U000130a0", (300, 120), (20,))
    assert block.lines == ("\U000130a0",)
    assert block.font.getmask(block.lines[0]).getbbox()


def test_cleaned_text_has_no_characters_that_act() -> None:
    assert clean("a\u202eb\u200bc\x00d\x1b[31me\n\nf") == "abc d [31me f"


def bomb() -> bytes:
    """A PNG that claims 60 000 x 60 000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


UNSHOWABLE: dict[str, PictureBytes] = {
    "by link": None,
    "empty": b"",
    "text": b"<html>not a picture</html>",
    "cut short": stripes()[:400],
    "a bomb": bomb(),
    "too many pixels": encoded(Image.new("1", (6000, 5000))),
}


@pytest.mark.parametrize("name", UNSHOWABLE)
def test_a_picture_that_cannot_be_shown_becomes_a_labelled_placeholder(name: str) -> None:
    view = view_of(Scene("img2video-14b", "x", portrait=False, pictures=(UNSHOWABLE[name],)))(0.0)
    link = view_of(Scene("img2video-14b", "x", portrait=False, pictures=(None,)))(0.0)
    assert distance(view, link) < 3
    assert (distance(view, link) == 0) == (name == "by link")  # the reason differs


def test_the_placeholders_of_two_keyframes_differ() -> None:
    view = view_of(Scene("img2video-14b-keyframe", "x", portrait=False, pictures=(None, None)))
    assert distance(view(0.0), view(1.0)) > 20


ODD = {
    "CMYK": encoded(Image.new("CMYK", (900, 500), (0, 255, 255, 0)), "JPEG"),
    "transparent": encoded(Image.new("RGBA", (900, 500), (255, 0, 0, 255))),
    "palette": encoded(Image.new("RGB", (900, 500), (255, 0, 0)).quantize(4)),
    "WebP": encoded(Image.new("RGB", (900, 500), (255, 0, 0)), "WEBP"),
    "one pixel": plain("red", (1, 1)),
    "a sliver": plain("red", (3000, 2)),
    "a large JPEG": encoded(Image.new("RGB", (7000, 6000), (255, 0, 0)), "JPEG"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_are_shown_as_they_are(name: str) -> None:
    view = view_of(Scene("img2video-14b", "x", portrait=True, pictures=(ODD[name],)))(0.5)
    assert distance(view, Image.new("RGB", view.size, (255, 0, 0))) < 12


def test_sixteen_bits_are_brought_down_to_eight() -> None:
    deep = encoded(Image.new("I;16", (832, 480), 0x8000))
    view = view_of(Scene("img2video-14b", "x", portrait=False, pictures=(deep,)))(0.0)
    assert distance(view, Image.new("RGB", view.size, (128, 128, 128))) < 3


def test_a_picture_is_turned_upright_first() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    image = Image.new("RGB", (832, 480), "red")
    image.paste((0, 0, 255), (0, 0, 832, 240))
    view = view_of(Scene("img2video-14b", "x", False, (encoded(image, "JPEG", exif=exif),), motion="static"))(0.0)
    upright = Image.new("RGB", (832, 480), "blue")
    upright.paste((255, 0, 0), (0, 0, 832, 240))
    assert distance(view, upright) < 5
