"""The layers: imports go rightwards only, rules are pure, SQL is in .sql files, points move in the journal alone."""

import ast
from importlib.metadata import distributions
from pathlib import Path

import pytest

from db.ledger.record_statement import parts
from db.queries import all_queries
from tests.support.sources import parsed

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "mipoints": {"mipoints", "api", "workers", "loyalty", "db"},
    "api": {"api", "loyalty", "db"},
    "workers": {"workers", "loyalty", "db"},
    "loyalty": {"loyalty", "db"},
    "db": {"db"},
}
OURS = set(MAY_IMPORT)
GROUND = "ground"
"""The modules that lie in `loyalty/` itself: settings, refusals, callers, tokens, texts. No business."""
ROOMS = {
    GROUND: set(),
    "programme": {GROUND},
    "messages": {GROUND, "programme"},
    "ledger": {GROUND, "programme"},
    "earning": {GROUND, "programme", "ledger"},
    "orders": {GROUND, "programme", "ledger"},
    "coupons": {GROUND, "programme", "ledger", "orders"},
    "members": {GROUND, "programme", "ledger", "earning", "orders"},
    "operators": {GROUND, "programme", "ledger", "earning"},
    "webhooks": {GROUND, "programme", "ledger", "orders"},
    "outgoing": {GROUND, "webhooks"},
    "support": {"programme", "messages", "coupons", "members"},
}
"""Which rooms of `loyalty/` each room imports: those that stand above it in this table."""
IMPURE = {"asyncio", "asyncpg", "db", "httpx", "os", "redis", "random", "secrets", "socket", "time"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Returns the top-level names of all imports of a module, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
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


def room_of(module: str) -> str:
    """Returns the room of `loyalty/` that contains a module: `ledger` for `loyalty.ledger.decide`, none for
    `loyalty.settings`."""
    name = module.split(".")[1]
    return name if (ROOT / "loyalty" / name).is_dir() else GROUND


def room_of_file(path: Path) -> str:
    return room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))


def test_each_room_imports_the_rooms_that_the_table_names_and_no_others():
    arrows: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in modules("loyalty"):
        if path.parent.name != "loyalty" or path.name != "__init__.py":
            room = room_of_file(path)
            arrows[room] |= {room_of(name) for name in imported(path) if name.startswith("loyalty.")} - {room}
    assert arrows == ROOMS


def test_no_arrow_between_rooms_goes_up():
    above: set[str] = set()
    for room, imports in ROOMS.items():
        assert imports <= above, room
        above.add(room)


def test_only_the_tests_of_a_bench_import_a_bench():
    others = [path for path in modules("tests") if path.parent.name != "bench"]
    assert [path for path in others if "bench" in tops(path)] == []


def rules() -> list[Path]:
    return [path for path in modules("loyalty") if "rules" in path.parts]


def test_rules_are_pure():
    assert rules()
    for path in rules():
        assert not tops(path) & IMPURE, path
        assert not {name for name in imported(path) if name.startswith("loyalty.") and ".rules" not in name}, path
        tree = parsed(path)
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
    offenders = []
    for package in ("api", "workers", "loyalty"):
        for path in modules(package):
            for node in ast.walk(parsed(path)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value.strip().lower()
                    if text.startswith(words) and (" from " in text or " set " in text or " values" in text):
                        offenders.append(f"{path.relative_to(ROOT)}: {text[:60]}")
    assert offenders == []


def test_how_points_move_is_written_in_the_journal_alone():
    """One part writes the transfers of decisions and of promises that fall due; only the sandbox's seed does so too."""
    builders = [
        str(path.relative_to(ROOT))
        for package in MAY_IMPORT
        for path in modules(package)
        if "NewTransfer(" in path.read_text("utf-8")
    ]
    assert builders == ["loyalty/ledger/journal.py"]
    assert {name for name, text in all_queries().items() if "insert into transfers" in text} == {"seed_members"}
    assert [part.name for part in parts() if "insert into transfers" in part.text] == ["added_transfers"]


def test_a_programme_is_built_from_settings_alone():
    """So that no two processes can have different ones (`Programme.of`)."""
    builders = [
        str(path.relative_to(ROOT))
        for package in (*MAY_IMPORT, "tests")
        for path in modules(package)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Programme"
    ]
    assert builders == []


@pytest.mark.parametrize("name", ["api", "db", "workers", "loyalty", "mipoints"])
def test_no_other_distribution_ships_our_names(name: str):
    owners = set()
    for distribution in distributions():
        for file in distribution.files or []:
            if file.parts and file.parts[0] == name and distribution.metadata["Name"] != "mi-points":
                owners.add(distribution.metadata["Name"])
    assert owners == set()


def defined_in(tree: ast.Module) -> set[str]:
    """Returns the names that a module defines itself."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names


def test_a_name_is_imported_from_the_module_that_defines_it():
    trees = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): parsed(path)
        for package in (*OURS, "tests", "bench")
        for path in modules(package)
        if "node_modules" not in path.parts
    }
    defined = {module: defined_in(tree) for module, tree in trees.items()}
    doors = [
        f"{module} imports {alias.name} from {node.module}"
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in trees
        for alias in node.names
        if alias.name not in defined[node.module] and f"{node.module}.{alias.name}" not in trees
    ]
    assert doors == []
