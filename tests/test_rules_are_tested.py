"""docs/rules.md is true: it has every rule, code and tests name every rule's number, and all named files exist."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "rules.md").read_text("utf-8")
ROW = re.compile(r"^\| \*\*(?P<rule>R\d+[abc]?)\*\* \| (?P<cells>.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`((?:loyalty|api|db|workers|mipoints|tests|docs)/[\w/.]+\.\w+)(?:::(test_\w+))?`")
ALL = [
    *(f"R{n}" for n in range(1, 6)),
    *(f"R{n}" for n in range(10, 24)),
    *("R12a", "R13a", "R16a"),
    *(f"R{n}" for n in range(30, 38)),
    *("R31a", "R33a", "R33b", "R33c", "R61a"),
    *(f"R{n}" for n in range(40, 46)),
    *(f"R{n}" for n in (50, 51, 52, 60, 61, 62, 70, 71)),
]


@cache
def rows() -> dict[str, list[str]]:
    """Returns the cells of each rule: in a line, reading, setting, code, tests."""
    return {row["rule"]: [cell.strip() for cell in row["cells"].split(" | ")] for row in ROW.finditer(DOCUMENT)}


@cache
def numbers_in(folder: str) -> frozenset[str]:
    """Returns every rule number in the Python and SQL files of a folder, without this file."""
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".sql", ".toml")]
    return frozenset(
        number
        for path in files
        if path != Path(__file__)
        for number in re.findall(r"\bR\d+[abc]?\b", path.read_text("utf-8"))
    )


def test_every_rule_has_its_row_with_every_cell():
    assert sorted(rows()) == sorted(ALL)
    assert [rule for rule, cells in rows().items() if len(cells) != 5 or not all(cells)] == []


def test_every_rule_is_named_by_a_test():
    assert [rule for rule in rows() if rule not in numbers_in("tests")] == []


def test_every_rule_is_named_by_the_code():
    in_code = numbers_in("loyalty") | numbers_in("db") | numbers_in("api") | numbers_in("workers")
    assert [rule for rule in rows() if rule not in in_code] == []


def test_every_rule_has_code_and_a_test_of_its_own():
    assert [rule for rule, cells in rows().items() if not NAMED.search(cells[3])] == []
    assert [rule for rule, cells in rows().items() if not all(name for _, name in NAMED.findall(cells[4]))] == []


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED.findall(DOCUMENT)}))
def test_every_file_and_every_test_that_is_named_exists(path: str):
    file = ROOT / path
    assert file.is_file()
    text = file.read_text("utf-8")
    tests = {name for named, name in NAMED.findall(DOCUMENT) if named == path and name}
    assert [name for name in sorted(tests) if f"def {name}(" not in text] == []
