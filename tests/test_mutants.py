"""The mutation runner: what it changes, what it leaves alone, and which tests it runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutants.accepted import read_accepted, stale
from tests.mutants.cover import Test as Cover
from tests.mutants.mutant import Mutant, candidates, choose
from tests.mutants.ordering import diverse, in_order
from tests.mutants.rows import CORE
from tests.mutants.running import affordable
from tests.mutants.selection import Selection
from tests.mutants.source import PACKAGE, parse, path_of


def mutated(code: str) -> set[str]:
    """The lines that mutants of `code` hold in the place of the ones they change."""
    return {mutant.change[1] for mutant in candidates(parse("sample", dedent(code).encode()))}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a is not b", {"x = a is b"}),
        ("x = (a) not in (b)", {"x = (a) in (b)"}),
        ("x = a and b", {"x = a or b", "x = True and b", "x = a and True"}),
        ("x = not (a or b)", {"x = (a or b)", "x = not (a and b)", "x = not (None or b)", "x = not (a or None)"}),
        ("x = 5", {"x = 6", "x = 4", "x = 50", "x = 1"}),
        ("x = 0", {"x = 1"}),
        ("x = 0.5", {"x = 5.0", "x = 0.05"}),
        ("x = True", {"x = False"}),
        ("x = {a, b}", {"x = {b}", "x = {a}"}),
        ("x = a if b else c", {"x = a if not (b) else c", "x = a if True else c", "x = a if False else c"}),
        ("x = min(a, b)", {"x = max(a, b)"}),
        ('x = a == "ä"', {'x = a != "ä"', "x = a == 'ä-'"}),
        ("f(a)", {"pass"}),
        ("x.y = z", {"pass"}),
        ("with f():\n    g()", {'with __import__("contextlib").nullcontext():', "pass"}),
        ("def f() -> bool:\n    return g()", {"return True", "return False"}),
        ("def f() -> str:\n    return g()", {"return None"}),
        ("try:\n    f()\nexcept A:\n    pass", {"pass", "except ():"}),
    ],
)
def test_each_rule_makes_its_mutants(code: str, expected: set[str]) -> None:
    assert mutated(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        '"""A docstring: 5 < 6."""',
        "import a",
        'log.warning("5", 5)',
        "def f(a: Literal[5]) -> Annotated[int, 5]: ...",
        "if TYPE_CHECKING:\n    f(5)",
        "@dataclass(frozen=True)\nclass A: ...",
        'T = TypeVar("T", bound=5)',
        'raise ValueError("words")'.replace("raise ", "x = "),
    ],
)
def test_what_has_no_effect_is_left_alone(code: str) -> None:
    assert mutated(code) == set()


def test_sql_is_mutated_by_words_and_states_and_prose_is_not() -> None:
    found = mutated("""q = "select a from b where c = ? and d in ('x', 'y') order by e desc" """)
    assert {
        """q = "select a from b where c <> ? and d in ('x', 'y') order by e desc\"""",
        """q = "select a from b where c = ? or d in ('x', 'y') order by e desc\"""",
        """q = "select a from b where c = ? and d in ('no-x', 'y') order by e desc\"""",
        """q = "select a from b where c = ? and d in ('x', 'y') order by e asc\"""",
    } <= found
    assert not mutated('q = "ask the user to update this server, or to set it and begin"')


def test_what_stands_in_braces_is_no_sql() -> None:
    assert not any("{a or b}" not in line for line in mutated('q = f"select a from b order by {a or b}"'))


def test_alternatives_quantifiers_and_flags_of_a_regular_expression_go_one_by_one() -> None:
    found = mutated(r'p = re.compile(r"ab|c(d|e\|)?|[f|]+", re.I)')
    assert found == {
        r'p = re.compile(r"c(d|e\|)?|[f|]+", re.I)',
        r'p = re.compile(r"ab|[f|]+", re.I)',
        r'p = re.compile(r"ab|c(d|e\|)?", re.I)',
        r'p = re.compile(r"ab|c(e\|)?|[f|]+", re.I)',
        r'p = re.compile(r"ab|c(d)?|[f|]+", re.I)',
        r'p = re.compile(r"ab|c(d|e\|)|[f|]+", re.I)',
        r'p = re.compile(r"ab|c(d|e\|)?|[f|]*", re.I)',
        r'p = re.compile(r"ab|c(d|e\|)?|[f|]+", re.NOFLAG)',
    }


def test_every_module_of_the_core_is_there_and_has_mutants_that_can_be_compiled() -> None:
    assert not [row for row in CORE if not path_of(row).exists()], "renamed? tests/mutants/rows.py"
    chosen = choose((parse(row, path_of(row).read_bytes()) for row in CORE), 3 * len(CORE), seed=1)
    assert Counter(mutant.module for mutant in chosen) == dict.fromkeys(CORE, 3)
    assert len({mutant.name for mutant in chosen}) == len(chosen)


def sample() -> list[Mutant]:
    return candidates(parse("sample", b"".join(b"x%d = a + %d\n" % (number, number) for number in range(9))))


def test_the_same_seed_chooses_the_same_mutants_and_another_one_others() -> None:
    source = sample()[0].source
    first, again, other = (choose([source], 8, seed) for seed in (1, 1, 2))
    assert [mutant.edit for mutant in first] == [mutant.edit for mutant in again]
    assert {mutant.edit for mutant in first} != {mutant.edit for mutant in other}


def test_a_module_with_few_mutants_leaves_its_share_to_the_others() -> None:
    small = parse("small", b"x = a < b\n")
    chosen = choose([small, sample()[0].source], 12, seed=1)
    assert Counter(mutant.module for mutant in chosen) == {"small": 2, "sample": 10}


def test_the_name_of_a_mutant_stays_when_other_lines_move() -> None:
    before, after = (candidates(parse("sample", code))[0] for code in (b"x = a < b\n", b"import a\n\n\nx = a < b\n"))
    assert before.name == after.name
    assert len({mutant.name for mutant in candidates(parse("sample", b"x = a < b\nx = a < b\n"))}) == 4


# Which tests


def cover(name: str, seconds: float, *lines: int) -> Cover:
    return Cover(name, seconds, {"money": sum(1 << line for line in lines)})


def money(line: str) -> Mutant:
    """A mutant of wanx_mcp/money.py in the line that begins like this."""
    source = parse("money", (PACKAGE / "money.py").read_bytes())
    return next(
        one for one in candidates(source) if source.data.splitlines()[one.line - 1].strip().startswith(line.encode())
    )


def test_the_tests_that_run_the_line_are_selected_the_narrow_and_quick_ones_first() -> None:
    mutant = money("if points != ")
    wide = cover("wide.py::t", 1, *range(1, 14), mutant.line)
    narrow, slow, other = cover("n.py::t", 1, mutant.line), cover("s.py::t", 9, mutant.line), cover("o.py::t", 1, 1)
    assert Selection([wide, slow, other, narrow]).tests(mutant) == [narrow, wide, slow]


def test_the_tests_beside_one_that_runs_the_line_come_last_and_so_do_those_whose_file_runs_it_when_loaded() -> None:
    mutant = money("if points != ")
    runs, beside, other = cover("a.py::t", 1, mutant.line), cover("a.py::u", 1, 1), cover("o.py::t", 1, 1)
    loads = Cover("l.py::t", 1, {"money": 0}, {"money": 1 << mutant.line})
    assert Selection([other, loads, beside, runs]).tests(mutant) == [runs, loads, beside]


def test_for_a_constant_the_tests_that_run_a_use_of_it_are_selected() -> None:
    used = money("points = usd * ").line
    user, other = cover("u.py::t", 1, used), cover("o.py::t", 1, used + 2)
    assert Selection([user, other]).tests(money("POINTS_PER_USD")) == [user]


def test_tests_that_take_different_ways_through_the_function_alternate() -> None:
    mutant = money("if points != ")
    usual = [cover(f"a.py::{number}", 1, mutant.line, mutant.line + 2) for number in range(3)]
    fails = cover("b.py::raises", 9, mutant.line, mutant.line + 1)
    assert Selection([*usual, fails]).tests(mutant) == [usual[0], fails, *usual[1:]]


def test_a_cover_takes_the_test_that_adds_the_most_lines_for_its_duration_and_none_that_adds_nothing() -> None:
    wide, quick, same, new = cover("w", 9, 1, 2, 3, 4), cover("q", 0, 1, 2, 3), cover("s", 0, 2), cover("n", 1, 9)
    assert diverse([same, wide, new, quick]) == [quick, new, wide]


def test_the_files_take_turns_and_the_limit_cuts_the_rest() -> None:
    tests = [cover(name, 1) for name in ("a::1", "a::2", "a::3", "b::1", "c::1")]
    turns = in_order(tests)
    assert [test.name for test in turns] == ["a::1", "b::1", "c::1", "a::2", "a::3"]
    assert [test.name for test in affordable(turns, 2.5)] == ["a::1", "b::1"]
    assert affordable(turns, 0) == turns
    assert affordable(turns, 0.1) == turns[:1]


# Accepted survivors


def test_every_accepted_mutant_has_a_reason_and_is_accepted_once() -> None:
    rows = read_accepted()
    assert all(row.why for row in rows)
    assert len({(row.module, row.old, row.new) for row in rows}) == len(rows)


def test_an_accepted_mutant_is_known_again_until_its_line_changes(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(
        '[[mutant]]\nmodule = "sample"\nold = "x = a < b"\nnew = "x = a <= b"\nwhy = "equal never happens"\n'
    )
    (row,) = read_accepted(file)
    there, gone = (candidates(parse("sample", code)) for code in (b"\nx = a < b\n", b"x = a < c\n"))
    assert [row.fits(mutant) for mutant in there] == [True, False]
    assert (stale([row], there), stale([row], gone)) == ([], [row])
