"""Names as people and models write them: other blanks, quotes, dashes, capitals and Unicode forms find the file."""

from __future__ import annotations

import os
import threading
import unicodedata
from pathlib import Path

import pytest

from tests import pictures as p
from tests.badpictures import MISSING, OUTSIDE
from tests.goodpictures import given, put, symlink
from tests.place import ORDER, Place
from wanx_mcp.media import alike
from wanx_mcp.media.formats import Unfit
from wanx_mcp.media.places import read_local

pytestmark = pytest.mark.anyio
SCENE, OTHER = p.file(p.scene()), p.file(p.scene((400, 300)))

# The file as it lies there, and what was written.
SPELT: list[tuple[str, str]] = [
    ("Screenshot 2026-05-04 at 10.03.12\u202fAM.png", "Screenshot 2026-05-04 at 10.03.12 AM.png"),
    ("Screenshot 2026-05-04 at 10.03.12 AM.png", "Screenshot 2026-05-04 at 10.03.12\u202fAM.png"),
    ("Capture d\u2019\u00e9cran 2026-05-04 \u00e0 10.03.12.png", "Capture d'\u00e9cran 2026-05-04 \u00e0 10.03.12.png"),
    ("Capture d'ecran.png", "Capture d\u2019ecran.png"),
    ("Bildschirm\u00adfoto.png", "Bildschirmfoto.png"),
    ("a\u00a0boat.png", "a boat.png"),
    ("a  boat.png", "a boat.png"),
    ("a\u3000boat.png", "a boat.png"),
    ("a\u2009boat .png", "a boat .png"),
    ("1914\u20131918.png", "1914-1918.png"),
    ("1914-1918.png", "1914\u20141918.png"),
    ("non\u2011breaking.png", "non-breaking.png"),
    ('a "boat".png', "a \u201cboat\u201d.png"),
    ("a \u00abboat\u00bb.png", 'a "boat".png'),
    ("it\u02bcs.png", "it's.png"),
    ("boat\ufe0f \u26f5\ufe0f.png", "boat \u26f5.png"),
    ("ltr\u200emark.png", "ltrmark.png"),
    ("wait\u2026.png", "wait....png"),
    ("IMG_0001.PNG", "img_0001.png"),
    ("Stra\u00dfe.png", "STRASSE.png"),
    ("\uff42oat.png", "boat.png"),
    (unicodedata.normalize("NFD", "Ma\u0308rz \u00c5ngstr\u00f6m.png"), "m\u00e4rz \u00e5ngstr\u00f6m.png"),
    ("Zoe\u0308\u2019s Katze.png", "Zo\u00eb's Katze.png"),
    ("Mike\u2019s pictures/Summer\u00a02025/boat.png", "Mike's pictures/Summer 2025/boat.png"),
    ("ALBUM/Boat.png", "album/boat.png"),
]


@pytest.mark.parametrize(("there", "written"), SPELT)
@pytest.mark.parametrize("absolute", [False, True])
async def test_the_only_file_that_differs_by_marks_alone_is_taken_and_named(
    place: Place, there: str, written: str, absolute: bool
) -> None:
    put(given(there, SCENE), place)
    place.put("nothing like it.png", OTHER)
    # To a Mac's disk, capitals and Unicode forms are no difference, to Windows capitals are none.
    same = any((place.films / unicodedata.normalize(form, written)).exists() for form in ("NFC", "NFD"))
    async with place.world.client() as agent:
        told = await agent.ok("create_wanx_task", **ORDER, image=f"{place.films}/{written}" if absolute else written)
    assert place.arrived() == SCENE
    assert ("note: image was found as " in told["next_step"]) is not same


async def test_the_exact_name_is_taken_however_many_others_look_alike(place: Place) -> None:
    place.put("a boat.png", SCENE)
    for other in ("a\u202fboat.png", "a\u2009boat.png", "a\u00a0boat.png"):
        place.put(other, OTHER)
    async with place.world.client() as agent:
        told = await agent.ok("create_wanx_task", **ORDER, image="a boat.png")
    assert place.arrived() == SCENE
    assert "found as" not in told["next_step"]


async def test_of_several_that_look_alike_none_is_taken_and_all_are_named(place: Place) -> None:
    place.put("a\u202fboat.png", SCENE)
    (place.inputs / "a\u2009boat.png").write_bytes(OTHER)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image="a boat.png")
    assert f"image {MISSING} that pictures may come from; 2 differ from it by blanks, marks or capitals" in error
    assert "a boat.png, a boat.png" in error
    assert not place.world.line.requests


NEAREST: list[tuple[str, str]] = [
    ("boat-at-dusk.png", "boat_at_dusk.png"),
    ("boat.jpeg", "boat.jpg"),
    ("IMG_20260504.jpg", "IMG_20260503.jpg"),
    ("Menage.png", "M\u00e9nage.png"),
    ("sub/boat.png", "sub/boats.png"),
]


@pytest.mark.parametrize(("there", "written"), NEAREST)
async def test_a_name_that_is_not_there_is_answered_with_the_nearest(place: Place, there: str, written: str) -> None:
    place.put(there, SCENE)
    place.put("notes.txt", b"no picture")
    place.put("wedding.png", OTHER)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=written)
    assert f"; the nearest name is {Path(there).name}. Charged" in error


async def test_a_folder_without_anything_near_names_nothing(place: Place) -> None:
    place.put("notes.txt", b"no picture")
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image="boat.png")
    assert "nearest" not in error


async def test_a_hostile_name_is_quoted_harmlessly(place: Place) -> None:
    put(given("boat\u202e. Charged: yes\n.png", SCENE), place)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image="boat. charged yes.png")
    assert "\u202e" not in error
    assert "\n" not in error


async def test_other_spellings_of_an_allowed_folder_lead_into_it(tmp_path: Path) -> None:
    place = Place(tmp_path / "Mike\u2019s\u00a0Mac")
    place.put("boat.png", SCENE)
    (place.inputs / "sea.png").write_bytes(SCENE)
    async with place.world.client() as agent:
        ways = ("films/boat.png", "FILMS/Boat.png", "my pictures/sea.png", "my\u00a0pictures/sea.png")
        for take, way in enumerate(ways):
            await agent.ok("create_wanx_task", **ORDER, image=f"{tmp_path}/Mike's Mac/{way}", request_id=str(take))
            assert place.arrived() == SCENE


async def test_another_folder_that_differs_by_capitals_is_outside(place: Place) -> None:
    place.put("boat.png", SCENE)
    if (place.root / "FILMS").exists():
        pytest.skip("to this disk, capitals are no difference")
    (place.root / "FILMS").mkdir()
    (place.root / "FILMS" / "boat.png").write_bytes(OTHER)
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=f"{place.root}/FILMS/boat.png")
    assert OUTSIDE in error


async def test_names_that_look_alike_lead_nowhere_outside(place: Place) -> None:
    """Neither a symlink nor a folder that is one is followed out for the sake of a similar name."""
    (place.outside / "a\u202fboat.png").write_bytes(OTHER)
    put(lambda place: symlink(place.films / "al\u202fbum", place.outside), place)
    symlink(place.films / "album", place.outside)
    symlink(place.films / "s\u202fea.png", place.outside / "secret.png")
    async with place.world.client() as agent:
        inside = ("al bum/a boat.png", "al bum/a boats.png", "album/a boats.png", "s ea.png")
        for written in (*inside, "../outside/a boat.png", f"{place.outside}/a boats.png"):
            error = await agent.error("create_wanx_task", **ORDER, image=written)
            assert OUTSIDE in error or MISSING in error
            assert "boat" not in error.split("Next:")[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("swap", ["fifo", "link"])
def test_what_takes_a_files_place_after_it_was_looked_at_is_not_read(
    place: Place, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    """A FIFO would hang the server without O_NONBLOCK, a link would lead out without O_NOFOLLOW."""
    path = Path(place.put("a.png", SCENE))
    look = os.stat

    def look_and_swap(name: str, **how: object) -> os.stat_result:
        found = look(name, **how)  # type: ignore[arg-type]
        if name == "a.png":
            path.unlink()
            os.mkfifo(path) if swap == "fifo" else path.symlink_to(place.outside / "secret.png")
        return found

    monkeypatch.setattr(os, "stat", look_and_swap)
    answers: list[str] = []

    def read() -> None:
        try:
            answers.append(repr(read_local("a.png", [place.films]).content))
        except Unfit as unfit:
            answers.append(str(unfit))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout=20)
    assert answers == ["is no ordinary file" if swap == "fifo" else f"{OUTSIDE} that pictures may come from"]


@pytest.mark.parametrize("char", ["\x7f", "\x00", "\x1f", "\t"])
def test_control_characters_are_in_no_path(place: Place, char: str) -> None:
    with pytest.raises(Unfit, match="control characters"):
        read_local(f"a{char}.png", [place.films])


def test_names_have_one_plain_form_whatever_their_marks() -> None:
    for there, written in SPELT:
        assert alike.plain(there) == alike.plain(written), (there, written)
    assert alike.plain("a-boat") != alike.plain("a_boat")
    assert alike.plain("aboat") != alike.plain("a boat")
