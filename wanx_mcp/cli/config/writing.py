"""`wanx-mcp config HOST --write`: merges this server into the host's own files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wanx_mcp.cli.config.files import Changed, Text, read, replace
from wanx_mcp.cli.config.formats import Document, Unreadable
from wanx_mcp.cli.config.hosts import Part
from wanx_mcp.cli.config.launch import Launch
from wanx_mcp.cli.config.merging import Conflict, merged

ATTEMPTS = 5
"""A running host may write its file at the same moment; then the merge starts again from what it wrote."""


class NotWritten(Exception):
    """The file stays as it was; the message says why."""


def write(parts: tuple[Part, ...], launch: Launch, environment: Mapping[str, str]) -> Iterator[str]:
    """Merge each part into its file, and yield a line about each. Raises NotWritten."""
    places = [(part, _place(part, environment)) for part in parts]
    for part, path in places:  # all can be merged, or none is written
        with _named(path):
            _merged(part, read(path), launch)
    for part, path in places:
        with _named(path):
            yield _part(part, path, launch)


def _place(part: Part, environment: Mapping[str, str]) -> Path:
    path = part.file.path(environment)
    if path is None:
        raise NotWritten("there is no home folder, or the variable for the host's folder is not set")
    return path


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Names the file in the error."""
    try:
        yield
    except (Unreadable, Conflict) as error:
        raise NotWritten(f"{path} was left as it is: {error}") from None
    except OSError as error:
        raise NotWritten(f"{path} was left as it is: {error.strerror or error}") from None


def _part(part: Part, path: Path, launch: Launch) -> str:
    for _ in range(ATTEMPTS):
        before = read(path)
        text = _merged(part, before, launch)
        if text == before.text and before.raw is not None and before.encoding is None:
            return f"{path} has this entry already; nothing was changed."
        try:
            backup = replace(path, before, text)
        except Changed:
            continue
        return f"Wrote {path}{_about(before, backup)}."
    raise NotWritten(f"{path} was left as it is: another program keeps changing it. Close the host, then try again.")


def _merged(part: Part, before: Text, launch: Launch) -> str:
    """The text of the file with the part in it."""
    kind = part.file.format
    old = kind.parse(before.text)
    new = merged(old, _fragment(part, launch, fresh=not old), part.file.servers)
    if new == old:
        return before.text
    lines = before.text.count("\n")
    windows = lines > 0 and before.text.count("\r\n") == lines
    text = kind.edit(before.text.replace("\r\n", "\n") if windows else before.text, new)
    return text.replace("\n", "\r\n") if windows else text


def _fragment(part: Part, launch: Launch, *, fresh: bool) -> Document:
    return {**(part.fresh if fresh else {}), **part.document(launch)}


def _about(before: Text, backup: Path | None) -> str:
    recoded = f"; it was {before.encoding}, and is UTF-8 now, which every host can read" if before.encoding else ""
    return f" (the former file: {backup.name}){recoded}" if backup else ""
