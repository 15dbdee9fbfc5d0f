"""A picture that is swapped for something else at the last moment: between the look at it and its opening."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import pictures as p
from tests.place import ORDER, Place
from wanx_mcp.limits.pictures import FILE_BYTES
from wanx_mcp.media.formats import Unfit
from wanx_mcp.media.places import read_local

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="folders cannot be walked one by one here"),
]
HANGS_SECONDS = 30
"""After which a file counts as waited for; what is not waited for takes no time."""

_before_open: Callable[[str], None] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _before_open is not None and isinstance(arguments[0], str):
        _before_open(arguments[0])


@contextmanager
def swapping(name: str, swap: Callable[[], None]) -> Iterator[list[str]]:
    """Calls `swap` when `name` is about to be opened, once. Yields the name when that has happened."""
    global _before_open  # noqa: PLW0603  # an audit hook cannot be taken back, only told not to listen
    done: list[str] = []

    def once(opened: str) -> None:
        if opened == name and not done:
            done.append(opened)
            swap()

    if not hasattr(_listen, "installed"):
        sys.addaudithook(_listen)
        _listen.installed = True  # type: ignore[attr-defined]
    _before_open = once
    try:
        yield done
    finally:
        _before_open = None


def refusal(name: str, place: Place) -> str:
    """Why the picture `name` is not read."""
    with pytest.raises(Unfit) as caught:
        read_local(name, [place.films])
    return str(caught.value)


def test_a_link_out_that_takes_the_file_s_place_is_not_followed(place: Place) -> None:
    file = Path(place.put("a.png", p.file(p.scene())))

    def swap() -> None:
        file.unlink()
        file.symlink_to(place.outside / "secret.png")

    with swapping("a.png", swap) as swapped:
        assert "outside the folders" in refusal("a.png", place)
    assert swapped


def test_a_link_out_that_takes_a_folder_s_place_is_not_followed(place: Place) -> None:
    file = Path(place.put("album/secret.png", p.file(p.scene())))

    def swap() -> None:
        file.unlink()
        file.parent.rmdir()
        file.parent.symlink_to(place.outside)

    with swapping("album", swap) as swapped:
        refusal("album/secret.png", place)
    assert swapped


def test_a_pipe_that_takes_the_file_s_place_is_refused_and_not_waited_for(place: Place) -> None:
    file = Path(place.put("a.png", p.file(p.scene())))
    found: list[str] = []

    def swap() -> None:
        file.unlink()
        os.mkfifo(file)

    reader = threading.Thread(target=lambda: found.append(refusal("a.png", place)), daemon=True)
    with swapping("a.png", swap) as swapped:
        reader.start()
        reader.join(HANGS_SECONDS)
        hangs = reader.is_alive()
        if hangs:
            os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))  # lets the reader go
            reader.join()
    assert swapped
    assert not hangs
    assert found == ["is no ordinary file"]


def test_a_file_that_grows_after_the_look_is_still_too_large(place: Place) -> None:
    file = Path(place.put("a.png", p.file(p.scene())))

    def swap() -> None:
        os.truncate(file, FILE_BYTES + 1)

    with swapping("a.png", swap) as swapped:
        assert refusal("a.png", place) == "is larger than 40 MB"
    assert swapped


def test_a_file_that_is_gone_after_the_look_is_missing(place: Place) -> None:
    file = Path(place.put("a.png", p.file(p.scene())))
    with swapping("a.png", file.unlink) as swapped:
        assert "names no file" in refusal("a.png", place)
    assert swapped


def test_a_file_of_exactly_the_limit_is_read_whole(place: Place) -> None:
    file = Path(place.put("a.png", b""))
    os.truncate(file, FILE_BYTES)
    assert len(read_local("a.png", [place.films]).content) == FILE_BYTES


@pytest.mark.parametrize("char", ["\x00", "\x01", "\t", "\x1f", "\x7f"])
async def test_a_control_character_is_refused_though_the_file_exists(place: Place, char: str) -> None:
    if char != "\x00":
        place.put(f"a{char}.png", p.file(p.scene()))
    async with place.world.client() as agent:
        error = await agent.error("create_wanx_task", **ORDER, image=f"a{char}.png")
    assert error.startswith("image_rejected: image holds control characters")
    assert not place.world.line.requests


async def test_names_with_blanks_and_other_scripts_are_no_control_characters(place: Place) -> None:
    place.put("mein Bild \u00e4\u0080.png", p.file(p.scene()))
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image="mein Bild \u00e4\u0080.png")
