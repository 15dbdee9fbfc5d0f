"""Local pictures: found only under the folders that the operator names."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from wanx_mcp.limits.pictures import FILE_BYTES, MOST_NEAR_NAMES, MOST_PLACES, PATH_CHARACTERS
from wanx_mcp.media import alike
from wanx_mcp.media.folders import inside, is_same
from wanx_mcp.media.formats import Unfit
from wanx_mcp.media.opening import OUTSIDE, names_in, read_file
from wanx_mcp.quoting import clean

# Two slashes of either kind lead to another host or to a device (UNC, \\?\, \\.\), whatever this platform is.
_FOREIGN = re.compile(r"\s*(?:[\\/]{2}|[\\/]\?\?[\\/])")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:[.:].*)?", re.IGNORECASE)
_MISSING = "names no file in the folders that pictures may come from"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that was found. `renamed`: its name, where that differs from what was asked by blanks or marks."""

    content: bytes = field(repr=False)
    name: str
    renamed: str | None = None


def read_local(spelled: str, folders: Sequence[Path], most: int = FILE_BYTES) -> LocalFile:
    """The file that `spelled` names under one of `folders`, or its first `most` bytes. Raises Unfit.

    A path outside gets the same words whether it exists or not. Symlinks are followed as long as they stay inside.
    """
    check_path(spelled, folders)
    if not folders:
        raise Unfit("is a local path, and this server has no folder that pictures may come from", misplaced=True)
    search = _Search(tuple(os.path.abspath(folder) for folder in folders), most)
    return search.exact(spelled) or search.alike(spelled)


def check_path(spelled: str, folders: Sequence[Path] = ()) -> None:
    """Refuse by spelling alone, before any file-system call, what can only lead elsewhere. Raises Unfit."""
    if _FOREIGN.match(spelled) and not _on_shared_folder(spelled, folders):
        raise Unfit("is a network or device path, which is never opened", misplaced=True)
    if len(spelled) > PATH_CHARACTERS:
        raise Unfit("is neither a link, nor a picture in base64, nor a path", misplaced=True)
    if any(ord(char) < 32 or ord(char) == 127 for char in spelled):
        raise Unfit("holds control characters, which no path here has", misplaced=True)
    if os.name == "nt":
        drive, rest = os.path.splitdrive(spelled)
        if ":" in rest or (drive and not os.path.isabs(spelled)):
            raise Unfit(OUTSIDE, misplaced=True)
        if any(_RESERVED.fullmatch(part) for part in re.split(r"[\\/]", rest)):
            raise Unfit("is a network or device path, which is never opened", misplaced=True)


def _on_shared_folder(spelled: str, folders: Sequence[Path]) -> bool:
    """Whether the path begins as one of `folders` that lies on another host (UNC), which Windows alone can open."""
    shared = [str(folder).rstrip("\\") for folder in folders if os.name == "nt" and _FOREIGN.match(str(folder))]
    if not shared:
        return False
    # Compared by spelling: an address that the operator has not named must not be asked.
    path = os.path.normcase(os.path.normpath(spelled))
    return any(path.startswith(f"{os.path.normcase(folder)}\\") for folder in shared)


@dataclass
class _Search:
    """One look for a file. `roots` are the folders without symlinks."""

    folders: tuple[str, ...]
    most: int

    def __post_init__(self) -> None:
        self.roots = tuple(os.path.realpath(folder) for folder in self.folders)
        self.asked = False
        """Whether the path may lie inside."""

        self.strayed = False
        """Whether it leads outside."""

    def exact(self, spelled: str) -> LocalFile | None:
        """The file under that very name, in any Unicode form."""
        for place in self._places(spelled):
            self.asked = True
            if found := self._read(place):
                return found
        return None

    def alike(self, spelled: str) -> LocalFile:
        """The only file whose name differs by blanks, marks or capitals alone. Raises Unfit, with the nearest names."""
        found: dict[str, str] = {}
        near: list[str] = []
        for root, parts in self._relatives(spelled):
            places, names = self._walk(root, parts)
            found |= {real: place for place in places if (real := _real(place))}
            near += names
        if len(found) == 1 and (one := self._read(*found.values())):
            (place,) = found.values()
            other = (
                one.name
                if one.name != _name(spelled)
                else os.path.relpath(place, self._root_of(place) or self.roots[0])
            )
            return LocalFile(one.content, one.name, other)
        if self.strayed or not (self.asked or found):
            raise Unfit(OUTSIDE, misplaced=True)
        shown = sorted({os.path.basename(place) for place in found.values()}) or alike.nearest(_name(spelled), near)
        raise Unfit(_MISSING + _hint(shown, several=bool(found)), misplaced=True)

    def _read(self, place: str) -> LocalFile | None:
        """What is there, if anything is. Raises Unfit for what cannot be read."""
        real = _real(place)
        root = self._root_of(real) if real else None
        if real is None or root is None:
            self.strayed = self.strayed or real is not None
            return None
        with suppress(FileNotFoundError, NotADirectoryError):
            return LocalFile(read_file(root, real, self.most), os.path.basename(place))
        return None

    def _root_of(self, real: str) -> str | None:
        return next((root for root in self.roots if inside(real, root) is not None), None)

    def _places(self, spelled: str) -> Iterator[str]:
        """Where the file may be: the path as written, or the name in each folder, in both forms of its accents."""
        path = _at_home(spelled)
        for form in dict.fromkeys((path, unicodedata.normalize("NFC", path), unicodedata.normalize("NFD", path))):
            for folder, root in zip(self.folders, self.roots, strict=True):
                place = os.path.normpath(os.path.join(folder, form))
                for base in dict.fromkeys((folder, root)):
                    if (rest := inside(place, base)) is not None:
                        yield os.path.join(root, *rest)
                        break

    def _relatives(self, spelled: str) -> Iterator[tuple[str, list[str]]]:
        """The folders that the path may lead into, each with the rest of the path."""
        for folder, root in zip(self.folders, self.roots, strict=True):
            parts = os.path.normpath(os.path.join(folder, _at_home(spelled))).split(os.sep)
            for base in dict.fromkeys((folder, root)):
                count = len(base.rstrip(os.sep).split(os.sep))
                begin = os.sep.join(parts[:count]) or os.sep
                if len(parts) > count and _is_like(begin, base):
                    there = os.path.lexists(begin)
                    if there and not is_same(begin, base):
                        continue  # another folder, on a disk that tells capitals apart
                    self.asked = self.asked or there
                    yield root, parts[count:]
                    break

    def _walk(self, root: str, parts: Sequence[str]) -> tuple[list[str], list[str]]:
        """The places that are spelt like `parts` under `root`, and all names where the last part was looked for."""
        places, names = [root], list[str]()
        for part in parts:
            reading: list[str] = []
            names = []
            for place in places[:MOST_PLACES]:
                here = self._names(place)
                names += here
                wanted = alike.plain(part)
                same = [name for name in here if name == part] or [n for n in here if wanted == alike.plain(n) != ""]
                reading += [os.path.join(place, name) for name in same]
            places = reading
        return places[:MOST_PLACES], names

    def _names(self, place: str) -> list[str]:
        real = _real(place)
        root = self._root_of(real) if real else None
        with suppress(OSError):
            if real and root:
                return names_in(root, real)
        return []


def _at_home(spelled: str) -> str:
    if re.match(r"~(?:[\\/]|$)" if os.name == "nt" else r"~(?:/|$)", spelled):
        try:
            return str(Path.home()) + spelled[1:]
        except RuntimeError:
            raise Unfit("begins with ~, and the user of this server has no home folder", misplaced=True) from None
    return spelled


def _real(place: str) -> str | None:
    try:
        return os.path.realpath(place)
    except OSError:  # a symlink went away while it was followed
        return None


def _name(spelled: str) -> str:
    return re.split(r"[\\/]" if os.name == "nt" else "/", spelled.rstrip("/"))[-1]


def _is_like(path: str, folder: str) -> bool:
    """Whether `path` is spelt like `folder`, but for blanks, marks and capitals."""
    parts, others = path.split(os.sep), folder.split(os.sep)
    return len(parts) == len(others) and all(map(str.__eq__, map(alike.plain, parts), map(alike.plain, others)))


def _hint(names: Sequence[str], *, several: bool) -> str:
    if not names:
        return ""
    shown = ", ".join(clean(name, 100) for name in names[:MOST_NEAR_NAMES])
    if several:
        return f"; {len(names)} differ from it by blanks, marks or capitals alone: {shown}"
    return f"; the nearest {'names are' if len(names) > 1 else 'name is'} {shown}"
