"""The layers: imports go rightwards only, rules are pure, SQL lives in .sql files, points move in the journal alone."""

import ast
from importlib.metadata import distributions
from pathlib import Path

import pytest

from db.queries import all_queries

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "mipoints": {"mipoints", "api", "workers", "loyalty", "db"},
    "api": {"api", "loyalty", "db"},
    "workers": {"workers", "loyalty", "db"},
    "loyalty": {"loyalty", "db"},
    "db": {"db"},
}
OURS = set(MAY_IMPORT)
IMPURE = {"asyncio", "asyncpg", "db", "httpx", "os", "redis", "random", "secrets", "socket", "time"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level names of everything a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_rightwards_only(package: str):
    assert modules(package)
    wrong = {
        str(path.relative_to(ROOT)): sorted(tops(path) & OURS - MAY_IMPORT[package])
        for path in modules(package)
        if tops(path) & OURS - MAY_IMPORT[package]
    }
    assert wrong == {}


def test_rules_are_pure():
    for path in modules("loyalty/rules"):
        assert not tops(path) & IMPURE, path
        assert not {
            name
            for name in imported(path)
            if name.startswith("loyalty.") and not name.startswith("loyalty.programme.rules")
        }
        tree = ast.parse(path.read_text("utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)], path


def test_only_settings_read_the_environment():
    readers = [
        str(path.relative_to(ROOT))
        for package in ("api", "workers", "loyalty", "db")
        for path in modules(package)
        if "os.environ" in path.read_text("utf-8") or "getenv" in path.read_text("utf-8")
    ]
    assert readers == ["loyalty/settings.py"]


def test_sql_lives_in_sql_files():
    words = ("select ", "insert into ", "update ", "delete from ")
    found = []
    for package in ("api", "workers", "loyalty"):
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value.strip().lower()
                    if text.startswith(words) and (" from " in text or " set " in text or " values" in text):
                        found.append(f"{path.relative_to(ROOT)}: {text[:60]}")
    assert found == []


def test_how_points_move_is_written_in_the_journal_alone():
    """The journal's transfers are written by `record`. Two set-based statements write the ledger beside it."""
    builders = [
        str(path.relative_to(ROOT))
        for package in MAY_IMPORT
        for path in modules(package)
        if "NewTransfer(" in path.read_text("utf-8")
    ]
    assert builders == ["loyalty/ledger/journal.py"]
    writers = {name for name, text in all_queries().items() if "insert into transfers" in text}
    assert writers == {"post_due", "record", "seed_members"}


@pytest.mark.parametrize("name", ["api", "db", "workers", "loyalty", "mipoints"])
def test_no_other_distribution_ships_our_names(name: str):
    owners = set()
    for distribution in distributions():
        for file in distribution.files or []:
            if file.parts and file.parts[0] == name and distribution.metadata["Name"] != "mi-points":
                owners.add(distribution.metadata["Name"])
    assert owners == set()
