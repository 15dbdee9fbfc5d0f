"""Nothing outside the folders is ever opened: told by the kernel, by Python's own audit, and by the words."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import pictures as p
from tests.badpictures import BAD, DEVICE
from tests.goodpictures import put
from tests.place import ORDER, Place
from wanx_mcp.media.formats import Unfit
from wanx_mcp.media.places import read_local

pytestmark = pytest.mark.anyio
linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
_IN_ACCESS_OR_OPEN = 0x01 | 0x20
_opened: list[str] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if _opened is not None and event == "open":
        _opened.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else str(arguments[0]))


@contextmanager
def audited() -> Iterator[list[str]]:
    """Every path that this process opens meanwhile."""
    global _opened  # noqa: PLW0603  # an audit hook cannot be taken back, only told not to listen
    if not hasattr(_listen, "installed"):
        sys.addaudithook(_listen)
        _listen.installed = True  # type: ignore[attr-defined]
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None


@contextmanager
def watched(*paths: Path) -> Iterator[list[str]]:
    """What the kernel says was opened or read of those, under any name. Filled at the end."""
    libc = ctypes.CDLL(None, use_errno=True)
    file = libc.inotify_init1(os.O_NONBLOCK)
    assert file >= 0
    for path in paths:
        assert libc.inotify_add_watch(file, os.fsencode(path), _IN_ACCESS_OR_OPEN) >= 0
    found: list[str] = []
    try:
        yield found
        try:
            events = os.read(file, 1_000_000)
        except BlockingIOError:
            events = b""
        while events:
            _watch, mask, _cookie, length = struct.unpack_from("iIII", events)
            found.append(f"{mask:#x} {events[16 : 16 + length].rstrip(bytes(1)).decode()}")
            events = events[16 + length :]
    finally:
        os.close(file)


@linux
async def test_the_watch_sees_an_open(place: Place) -> None:
    with watched(place.outside) as seen:
        (place.outside / "secret.png").read_bytes()
    assert seen


@linux
@pytest.mark.parametrize("name", BAD)
async def test_no_refused_input_opens_anything_outside(place: Place, name: str) -> None:
    value = put(BAD[name].put, place)
    async with place.world.client() as agent:
        await agent.error("create_wanx_task", **ORDER, image="warm-up.png")
        with watched(place.outside, place.outside / "secret.png") as seen, audited() as opened:
            await agent.error("create_wanx_task", **ORDER, image=value)
    assert seen == []
    for path in opened:
        assert not path.startswith(("/etc/", "/dev/", "/proc/", "//", "\\")), opened
        assert "secret" not in path


@linux
async def test_a_symlink_swapped_in_at_any_moment_leads_nowhere(place: Place) -> None:
    """A file and a folder are replaced by symlinks out, again and again, while they are ordered."""
    inside, secret = p.file(p.scene((100, 100))), place.outside / "secret.png"
    place.put("a.png", inside)
    place.put("album/secret.png", inside)
    over = threading.Event()

    def swap() -> None:
        link, album, away = place.films / "l", place.films / "album", place.films / "away"
        while not over.is_set():
            link.symlink_to(secret)
            link.rename(place.films / "a.png")
            album.rename(away)
            album.symlink_to(place.outside)
            album.unlink()
            away.rename(album)
            link.write_bytes(inside)
            link.rename(place.films / "a.png")

    swapper = threading.Thread(target=swap)
    with watched(secret) as seen:
        swapper.start()
        try:
            taken: list[bytes | None] = []
            while len(taken) < 600_000 and not (len(taken) >= 3000 and {inside, None} <= set(taken)):
                taken += [read(name, place) for _ in range(1500) for name in ("a.png", "album/secret.png")]
        finally:
            over.set()
            swapper.join()
    assert seen == []
    assert inside in taken
    assert {True for content in taken if content is None}
    assert set(taken) <= {inside, None}


def read(name: str, place: Place) -> bytes | None:
    try:
        return read_local(name, [place.films]).content
    except Unfit:
        return None


@pytest.mark.parametrize("name", [name for name, bad in BAD.items() if bad.why == DEVICE])
def test_network_and_device_paths_are_refused_before_any_call_to_the_system(place: Place, name: str) -> None:
    calls: list[str] = []

    def profile(_frame: object, event: str, argument: object) -> None:
        if event == "c_call" and getattr(argument, "__module__", "") in ("posix", "nt"):
            calls.append(argument.__name__)  # type: ignore[attr-defined]

    value = put(BAD[name].put, place)
    sys.setprofile(profile)
    try:
        with pytest.raises(Unfit):
            read_local(value, [place.films])
    finally:
        sys.setprofile(None)
    assert set(calls) <= {"fspath"}


@pytest.mark.parametrize(("there", "not_there"), [("secret.png", "nothing.png"), ("", "nothing/at/all.png")])
async def test_a_path_outside_gets_the_same_words_whether_it_exists_or_not(
    place: Place, there: str, not_there: str
) -> None:
    (place.films / "there").symlink_to(place.outside / there)
    (place.films / "gone").symlink_to(place.outside / not_there)
    pairs = [(str(place.outside / there), str(place.outside / not_there)), ("there", "gone"), ("/etc/passwd", "/etc/x")]
    async with place.world.client() as agent:
        for exists, misses in pairs:
            errors = [await agent.error("create_wanx_task", **ORDER, image=value) for value in (exists, misses)]
            assert errors[0] == errors[1]


async def test_an_output_folder_that_does_not_exist_is_no_fault_and_is_not_made(place: Place) -> None:
    place.films.rmdir()
    (place.inputs / "a.png").write_bytes(p.file(p.scene()))
    async with place.world.client() as agent:
        await agent.ok("create_wanx_task", **ORDER, image="a.png")
        error = await agent.error("create_wanx_task", **ORDER, image=str(place.films / "b.png"))
    assert error.startswith("image_rejected: image names no file in the folders")
    assert str(place.films) in error
    assert not place.films.exists()
