"""The formats of hosts' files: read to plain data, and a text changed to hold other data while its comments stay."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from wanx_mcp.cli.config import jsonc, jsonc_edit

Document = dict[str, Any]


class Unreadable(Exception):
    """The text is not in its format, or cannot be changed without harm; the message says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: `read` raises ValueError; `attempts` yields texts that should hold the new document."""

    name: str
    read: Callable[[str], Any]
    write: Callable[[Document], str]
    attempts: Callable[[str, Document], Iterator[str]]

    def parse(self, text: str) -> Document:
        """The document in `text`; an empty text is an empty document. Raises Unreadable."""
        try:
            document = self.read(text) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"it is not valid {self.name}: {error}") from None
        if not isinstance(document, dict):
            raise Unreadable(f"it is not a table of settings, but {type(document).__name__}")
        return document

    def edit(self, text: str, new: Document) -> str:
        """`text` changed so that it holds `new`, which is checked by reading it again. Raises Unreadable."""
        if not text.strip():
            return self.write(new) + "\n"
        for attempt in self.attempts(text, new):
            try:
                if self.read(attempt) == new:
                    return attempt
            except ValueError:
                continue
        raise Unreadable("it is laid out in a way that cannot be changed automatically")


def _json(text: str) -> Any:
    return jsonc.read(text, comments=False).value


def _jsonc(text: str) -> Any:
    return jsonc.read(text, comments=True).value


def _write_json(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _edit_json(text: str, new: Document) -> Iterator[str]:
    yield jsonc_edit.edited(text, new)


def _write_toml(document: Document) -> str:
    return "\n".join(_toml_tables(document, ())).strip("\n")


def _toml_tables(table: Document, path: tuple[str, ...]) -> Iterator[str]:
    """The lines of `table`: its values, then each table in it under a header of its own."""
    values = {name: value for name, value in table.items() if not isinstance(value, dict)}
    if path and (values or not table):
        yield f"\n[{'.'.join(map(_toml_key, path))}]"
    yield from (f"{_toml_key(name)} = {_toml_value(value)}" for name, value in values.items())
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _toml_tables(value, (*path, name))


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml_value(name)


def _toml_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _edit_toml(text: str, new: Document) -> Iterator[str]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    old = tomllib.loads(text)
    added = _added(old, new)
    if added is not None:  # a new table goes to the end, and nothing else moves
        yield text.rstrip("\n") + f"\n\n{_write_toml(added)}\n"
    try:
        document = tomlkit.parse(text)
        _change(document, old, new)
        yield tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, AttributeError, KeyError):  # it has faults in rare layouts
        return


def _read_yaml(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None


def _write_yaml(document: Document) -> str:
    return _dumped(document).rstrip("\n")


def _edit_yaml(text: str, new: Document) -> Iterator[str]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    old = _read_yaml(text)
    added = _added(old, new)
    if added is not None:
        yield text.rstrip("\n") + f"\n{_write_yaml(added)}\n"
    try:
        yaml = YAML()
        yaml.preserve_quotes = True
        document = yaml.load(text)
        _change(document, old, new)
        yield _dumped(document, *_yaml_indents(text))
    except (YAMLError, TypeError, AttributeError, KeyError):
        return


def _yaml_indents(text: str) -> tuple[int, int]:
    """The indentation of tables, and of the dash of a list, in `text`."""
    table = re.search(r"^( *)[\w\"'].*:[ ]*(?:#.*)?\n\1( +)[^\s#-]", text, re.MULTILINE)
    dash = re.search(r"^( *)[\w\"'].*:[ ]*(?:#.*)?\n\1( *)- ", text, re.MULTILINE)
    return len(table[2]) if table else 2, len(dash[2]) if dash else 2


def _dumped(document: Any, table: int = 2, dash: int = 2) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=table, sequence=dash + 2, offset=dash)
    stream = StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _added(old: Any, new: Any) -> Document | None:
    """What `new` has and `old` lacks, None if anything else differs."""
    found: Document = {}
    for key, value in new.items():
        if key not in old:
            found[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            inner = _added(old[key], value)
            if inner is None:
                return None
            if inner:
                found[key] = inner
        elif old[key] != value:
            return None
    return None if old.keys() - new.keys() else found


def _change(document: Any, old: Any, new: Any) -> None:
    """Make `document`, which holds `old`, hold `new`, touching only what differs."""
    for key in old.keys() - new.keys():
        del document[key]
    for key, value in new.items():
        if key not in old:
            document[key] = value
        elif isinstance(value, dict) and isinstance(old[key], dict):
            _change(document[key], old[key], value)
        elif isinstance(value, list) and isinstance(old[key], list):
            _change_list(document[key], old[key], value)
        elif old[key] != value:
            document[key] = value


def _change_list(items: Any, old: list[Any], new: list[Any]) -> None:
    for place, (before, after) in enumerate(zip(old, new, strict=False)):
        if isinstance(before, dict) and isinstance(after, dict):
            _change(items[place], before, after)
        elif before != after:
            items[place] = after
    del items[len(new) :]
    items.extend(new[len(old) :])


JSON = Format("JSON", _json, _write_json, _edit_json)
JSONC = Format("JSON with comments", _jsonc, _write_json, _edit_json)
TOML = Format("TOML", tomllib.loads, _write_toml, _edit_toml)
YAML = Format("YAML", _read_yaml, _write_yaml, _edit_yaml)
