"""Mutations inside texts that are programs: SQL statements and regular expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.mutants.edit import Edit
from tests.mutants.source import Source, Spot

_SQL = re.compile(
    r"\bselect .*\bfrom\b|\binsert (or \w+ )?into\b|\bupdate \w+ set\b|\bcreate (unique )?(table|index)\b"
    r"|\balter table\b|\bpragma \w+|\bbegin immediate\b|\border by\b|\bstate (not )?in\b|(<>|[<>=]) ['?:]",
    re.DOTALL,
)
_SWAPS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"\band\b", "or"),
        (r"\bor\b(?! replace)", "and"),
        (r"<>", "="),
        (r"<=", "<"),
        (r">=", ">"),
        (r"(?<= )<(?= )", "<="),
        (r"(?<= )>(?= )", ">="),
        (r"(?<= )>(?= )", "<"),
        (r"(?<= )<(?= )", ">"),
        (r"(?<= )=(?= [?:'])", "<>"),
        (r"\bis not null\b", "is null"),
        (r"\bis null\b", "is not null"),
        (r"\bnot in\b", "in"),
        (r" desc\b", " asc"),
        (r"\border by (\w+)\b(?! desc)", r"order by \1 desc"),
        (r"'(\w+)'(?=[,)])", r"'no-\1'"),
        (r"(?<= )'(\w+)'(?= |$|\")", r"'no-\1'"),
        (r"\bimmediate\b", "deferred"),
        (r"\bunique ", ""),
        (r" indexed by \w+", ""),
        (r"\blimit (\d+)", r"limit 1\1"),
        (r"(?<== )extra\b", "off"),
        (r"(?<== )1\b", "0"),
        (r"\bsum\(", "max("),
        (r"coalesce\(([\w:.]+), [\w:.]+\)", r"\1"),
        (r"coalesce\([\w:.]+, ([\w:.]+)\)", r"\1"),
        (r"([-+])(?= \w)", "*"),
        (r"\bdefault 0\b", "default 1"),
        (r"\bor replace\b", "or ignore"),
    )
)
_REGEX_CALLS = {"compile", "match", "search", "fullmatch", "sub", "split", "findall", "finditer"}


def sql(source: Source, spot: Spot) -> Iterator[Edit]:
    """A word, a sign or a state of an SQL statement is another one."""
    if not isinstance(spot.node, ast.JoinedStr) and not _is_text(spot.node):
        return
    start, text = source.start(spot.node), source.text(spot.node)
    if not _SQL.search(text):
        return
    holes = [found.span() for found in re.finditer(r"\{[^{}]*\}", text)] if isinstance(spot.node, ast.JoinedStr) else []
    for pattern, new in _SWAPS:
        for found in pattern.finditer(text):
            if not any(begin <= found.start() < end for begin, end in holes):
                begin, end = (len(text[:place].encode()) for place in found.span())
                yield Edit(start + begin, start + end, found.expand(new), "SQL")


def regex(source: Source, spot: Spot) -> Iterator[Edit]:
    """An alternative of a regular expression is gone, or a quantifier or a flag of it."""
    match spot.node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[ast.Constant() as node, *_]):
            if name in _REGEX_CALLS and _is_text(node):
                yield from _pattern(source, node)
        case ast.Attribute(value=ast.Name(id="re"), attr="IGNORECASE" | "I" | "DOTALL" | "S" | "MULTILINE" | "M"):
            yield Edit(source.start(spot.node), source.end(spot.node), "re.NOFLAG", "regex")


def _pattern(source: Source, node: ast.Constant) -> Iterator[Edit]:
    start, text = source.start(node), source.text(node)
    for begin, end, new in (*_alternatives(text), *_quantifiers(text)):
        if '"' not in text[begin:end] and _compiles(text[:begin] + new + text[end:]):
            first, last = len(text[:begin].encode()), len(text[:end].encode())
            yield Edit(start + first, start + last, new, "regex")


def _alternatives(text: str) -> Iterator[tuple[int, int, str]]:
    """The span of each alternative with one bar beside it."""
    for marks in _groups(text):
        for index in range(len(marks) - 1):
            first = index == 0
            begin, end = (marks[0] + 1, marks[1] + 1) if first else (marks[index], marks[index + 1])
            if len(marks) > 2:
                yield begin, end, ""


def _groups(text: str) -> list[list[int]]:
    """For each group, the places of its opening, its bars and its end; the whole pattern is the first group."""
    quote = text.index('"') if '"' in text else text.index("'")
    done: list[list[int]] = []
    open_groups = [[quote]]
    for place in _plain(text):
        match text[place]:
            case "(":
                lead = re.match(r"\(\?(?:[:=!]|<[=!]|P<\w+>)", text[place:])
                open_groups.append([place + (len(lead[0]) - 1 if lead else 0)])
            case "|":
                open_groups[-1].append(place)
            case ")" if len(open_groups) > 1:
                done.append([*open_groups.pop(), place])
    return [[*open_groups[0], len(text) - 1], *done]


def _plain(text: str) -> Iterator[int]:
    """The places of characters that are neither escaped nor in a class."""
    yield from (found.start() for found in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", text) if len(found[0]) == 1)


def _quantifiers(text: str) -> Iterator[tuple[int, int, str]]:
    for place in _plain(text):
        if text[place] == "+":
            yield place, place + 1, "*"
        elif text[place] == "*":
            yield place, place + 1, "+"
        elif text[place] == "?" and text[place - 1] not in "(+*?}":
            yield place, place + 1, ""


def _compiles(literal: str) -> bool:
    try:
        re.compile(ast.literal_eval(f"({literal})"))
    except (re.error, SyntaxError):
        return False
    return True


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
