"""File names that every system accepts, made from what people and models write."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from datetime import datetime
from pathlib import Path

from wanx_mcp.errors import DownloadFailed, InvalidArguments, InvalidOrder
from wanx_mcp.limits.videos import MOST_PROMPT_WORDS, STEM_BYTES, STEM_CHARACTERS
from wanx_mcp.quoting import clean

SUFFIX = ".mp4"

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])( *\.|$)", re.IGNORECASE)
_LOCALE = "ask the user to set PYTHONUTF8=1 in this server's environment"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')


def check_spelling(folder: Path, stem: str) -> None:
    """Find out what the locale forbids before anything is fetched. Raises DownloadFailed for the folder, and
    InvalidArguments for a stem that the caller chose."""
    spelling = f"by a locale of {sys.getfilesystemencoding()}"
    if not spellable(str(folder)):
        shown = str(folder).encode(errors="replace").decode()
        advice = f"{_LOCALE}, or WANX_OUTPUT_DIR to a folder whose name has plain letters only, and to restart it"
        raise DownloadFailed(f"the folder {shown} cannot be named here, {spelling}", advice=advice)
    if not spellable(stem):
        advice = f"set file_name to plain letters and digits, or leave it out; then call again, or {_LOCALE}"
        raise InvalidArguments(f"file_name cannot be spelt here, {spelling}", advice=advice)


def spellable(name: str) -> bool:
    """Whether a file here can have that name, which goes by the locale, and an answer can tell it."""
    try:
        os.fsencode(name)
        name.encode()
    except UnicodeError:
        return False
    return True


def safe_stem(name: str) -> str:
    """`name` without a video suffix and without anything that some file system refuses; empty if nothing is left."""
    plain = unicodedata.normalize("NFC", clean(name, 4 * STEM_CHARACTERS))
    if plain.lower().endswith(SUFFIX):
        plain = plain[: -len(SUFFIX)]
    stem = _FORBIDDEN.sub("-", plain).strip(" .")
    stem = stem[:STEM_CHARACTERS].encode()[:STEM_BYTES].decode(errors="ignore").strip(" .")
    return f"_{stem}" if _RESERVED.match(stem) else stem


def chosen_stem(name: str | None) -> str | None:
    """The stem of a video whose order names it. Raises InvalidOrder where no file here can have it."""
    stem = safe_stem(name) if name else ""
    if not spellable(stem):
        advice = "set file_name to plain letters and digits, or leave it out; then order again"
        raise InvalidOrder("file_name cannot be spelt here", advice=advice)
    return stem or None


def usual_stem(made_at: datetime, task_type: str, prompt: str, task_id: str, request_id: str | None = None) -> str:
    """The name of a video that nobody has named. It begins with what tells takes apart, the caller's key or the start
    of the id; then come the first words of the prompt, the task type and the date. It is always spellable."""
    words = re.findall(r"[^\W_]+", _spelt(clean(prompt, 300)))[:MOST_PROMPT_WORDS]
    phrase = "-".join(words).lower()[:40].strip("-")
    mark = re.sub(r"[^A-Za-z0-9]", "", task_id)[:8]
    key = re.sub(r"\W+", "-", _spelt(clean(request_id or "", 40))).strip("-")
    parts = (key or mark, phrase, task_type, made_at.strftime("%Y-%m-%d"), mark if key else "")
    return safe_stem("_".join(part for part in parts if part))


def _spelt(words: str) -> str:
    """`words` in letters that file names can have here: without accents if need be, else with gaps."""
    if spellable(words):
        return words
    return "".join(map(_letter, unicodedata.normalize("NFC", words)))


def _letter(char: str) -> str:
    if spellable(char):
        return char
    return "".join(part for part in unicodedata.normalize("NFKD", char) if spellable(part)) or " "
