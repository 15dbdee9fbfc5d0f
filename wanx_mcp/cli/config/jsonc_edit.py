"""Changes the values of a JSON text and nothing else: comments, spaces and the order of its members stay."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from wanx_mcp.cli.config.jsonc import Node, read

_REST_OF_LINE = re.compile(r"[ \t]*,?(?:[ \t]*(?://[^\n\r]*|/\*[^\n\r]*?\*/))*[ \t]*")


class Edit(NamedTuple):
    """Replaces `text[start:end]` by `new`."""

    start: int
    end: int
    new: str


def edited(text: str, new: Any) -> str:
    """`text`, an object as JSON, with the values of `new`. Raises ValueError."""
    root = read(text, comments=True)
    editor = _Editor(text)
    editor.change(root, new)
    for edit in sorted(editor.edits, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


class _Editor:
    def __init__(self, text: str) -> None:
        self.text, self.edits = text, list[Edit]()
        found = re.search(r"\n([ \t]+)\S", text)
        self.unit = found[1] if found else "  "

    def change(self, node: Node, new: Any) -> None:
        """Make `node` hold `new`, by the smallest edits."""
        if node.value == new and type(node.value) is type(new):
            return
        if isinstance(node.value, dict) and isinstance(new, dict):
            self.change_object(node, new)
        elif isinstance(node.value, list) and isinstance(new, list) and new[: len(node.items)] == node.value:
            last = node.items[-1].end if node.items else None
            self.insert(node, last, [self.rendered(item, self.inner_indent(node)) for item in new[len(node.items) :]])
        else:
            self.edits.append(Edit(node.start, node.end, self.rendered(new, self.indent(node.start))))

    def change_object(self, node: Node, new: dict[str, Any]) -> None:
        gone = [key for key in node.members if key not in new]
        added = [key for key in new if key not in node.members]
        if len(gone) > 1 or (gone and added):  # their edits would overlap
            self.edits.append(Edit(node.start, node.end, self.rendered(new, self.indent(node.start))))
            return
        for key in gone:
            self.remove(node, key)
        for key in node.members.keys() & new.keys():
            self.change(node.members[key], new[key])
        indent = self.inner_indent(node)
        last = max((member.end for member in node.members.values()), default=None)
        self.insert(node, last, [f"{json.dumps(key)}: {self.rendered(new[key], indent)}" for key in added])

    def insert(self, node: Node, last: int | None, new: list[str]) -> None:
        """Insert members or items behind the one that ends at `last`, or into an empty `node`."""
        if not new:
            return
        opening, closing = self.text[node.start], self.text[node.end - 1]
        indent = self.inner_indent(node)
        if last is None:
            if self.text[node.start + 1 : node.end - 1].strip():  # comments
                self.edits.append(Edit(node.start + 1, node.start + 1, f"\n{indent}" + f",\n{indent}".join(new)))
            else:
                block = self.block(opening, new, closing, indent, self.indent(node.start))
                self.edits.append(Edit(node.start, node.end, block))
            return
        rest = _REST_OF_LINE.match(self.text, last)
        end = rest.end() if rest else last
        comma = "" if "," in re.sub(r"//.*|/\*.*?\*/", "", self.text[last:end]) else ","
        if "\n" not in self.text[node.start : node.end]:
            self.edits.append(Edit(last, last, "".join(f", {one}" for one in new)))
            return
        if self.text[end : end + 1] not in ("\n", "\r"):  # the closing bracket is on this line
            end = last
        lines = f",\n{indent}".join(new)
        if end == last:
            self.edits.append(Edit(last, last, f"{comma}\n{indent}{lines}"))
        else:
            self.edits += [Edit(last, last, comma), Edit(end, end, f"\n{indent}{lines}")]

    def remove(self, node: Node, key: str) -> None:
        keys = list(node.members)
        place = keys.index(key)
        if place + 1 < len(keys):
            self.edits.append(Edit(node.keys[key], node.keys[keys[place + 1]], ""))
        elif place:
            self.edits.append(Edit(node.members[keys[place - 1]].end, node.members[key].end, ""))
        else:
            self.edits.append(Edit(node.keys[key], node.members[key].end, ""))

    def block(self, opening: str, lines: list[str], closing: str, indent: str, outer: str) -> str:
        if "\n" not in self.text.strip() and len(self.text.strip()) > 2:
            return f"{opening}{', '.join(lines)}{closing}"
        return f"{opening}\n{indent}" + f",\n{indent}".join(lines) + f"\n{outer}{closing}"

    def rendered(self, value: Any, indent: str) -> str:
        if "\n" not in self.text.strip() and len(self.text.strip()) > 2:
            return json.dumps(value, ensure_ascii=False)
        return json.dumps(value, indent=self.unit, ensure_ascii=False).replace("\n", f"\n{indent}")

    def inner_indent(self, node: Node) -> str:
        """The indentation of what stands inside `node`."""
        starts = list(node.keys.values()) or [item.start for item in node.items]
        own = self.indent(node.start)
        if starts and (inner := self.indent(starts[0])) != own:
            return inner
        return own + self.unit

    def indent(self, at: int) -> str:
        """The indentation of the line with the character `at`."""
        line = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return line[: len(line) - len(line.lstrip(" \t"))]
