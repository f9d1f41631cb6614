"""Public names: each is used by the product, has one door and one meaning."""

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from loyalty.webhooks.producers import Producer
from tests.support.sources import parsed

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "workers", "loyalty", "db", "mipoints")
PLAIN_DECORATORS = {
    "dataclass",
    "cache",
    "asynccontextmanager",
    "contextmanager",
    "total_ordering",
    "runtime_checkable",
}
"""Others, such as a command's or a resolver's, hand what they decorate to a framework that uses it."""

Named = tuple[str, str]
"""A module and a name at its top."""


@cache
def product() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {dotted(path): parsed(path) for path in files}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def bound_by(node: ast.stmt) -> list[str]:
    """The names that a statement at a module's top defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    return []


def names_defined(node: ast.stmt) -> list[str]:
    """The public ones, but for what a framework uses."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        decorators = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
        if not decorators <= PLAIN_DECORATORS:
            return []
    return [name for name in bound_by(node) if not name.startswith("_") and name not in {"app", "log"}]


def names_read(node: ast.AST) -> set[str]:
    """Names that a statement reads, those in annotations that are texts too; not what its docstrings mention."""
    every = list(ast.walk(node))
    docstrings = {each.value for each in every if isinstance(each, ast.Expr)}
    found = set()
    for each in every:
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and each not in docstrings:
            found |= set(re.findall(r"\w+", each.value))
    return found


def used_within(module: str, tree: ast.Module) -> set[Named]:
    """The names that another statement of the same module reads."""
    read = [names_read(node) for node in tree.body]
    return {
        (module, name)
        for place, node in enumerate(tree.body)
        for name in names_defined(node)
        if any(name in names for other, names in enumerate(read) if other != place)
    }


@cache
def imported(tree: ast.Module) -> list[tuple[str, ast.alias]]:
    """What a module imports from others, inside functions too."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [(node.module, alias) for node in found if node.module for alias in node.names]


def used_of_others(tree: ast.Module, modules: Iterable[str]) -> set[Named]:
    """What a module imports by name, and what it reads of modules that it imports whole."""
    whole = {
        alias.asname or alias.name: f"{module}.{alias.name}"
        for module, alias in imported(tree)
        if f"{module}.{alias.name}" in modules
    }
    of_modules = {
        (whole[node.value.id], node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in whole
    }
    return of_modules | {(module, alias.name) for module, alias in imported(tree)}


def is_of_a_producer(name: str) -> bool:
    """Whether every producer's module has this name."""
    return hasattr(Producer, name)


def is_used_elsewhere(module: str, name: str) -> bool:
    """A producer's module is a `Producer`; queries use limits (tests/test_limits.py), arq's command its settings."""
    return (
        module == "db.limits"
        or (module.startswith("loyalty.webhooks.producers.") and is_of_a_producer(name))
        or (module, name) == ("workers.settings", "WorkerSettings")
    )


def test_every_public_name_is_used_by_the_product():
    modules = product()
    used = set[Named]()
    for module, tree in modules.items():
        used |= used_within(module, tree) | used_of_others(tree, modules)
    defined = [(module, name) for module, tree in modules.items() for node in tree.body for name in names_defined(node)]
    unused = [each for each in defined if each not in used and not is_used_elsewhere(*each)]
    assert [".".join(each) for each in unused] == []


def test_what_is_imported_is_imported_from_where_it_is_defined():
    """A module has one door: nothing hands on what another module defines."""
    modules = product()
    tests = [path for folder in ("tests", "bench") for path in (ROOT / folder).rglob("*.py")]
    importing = modules | {dotted(path): parsed(path) for path in tests}
    handed_on = {
        module: {alias.asname or alias.name for _, alias in imported(tree)} - set(at_the_top(tree))
        for module, tree in modules.items()
    }
    through = [
        f"{importer} imports {alias.name} through {module}"
        for importer, tree in importing.items()
        for module, alias in imported(tree)
        if alias.name in handed_on.get(module, set()) and f"{module}.{alias.name}" not in modules
    ]
    assert through == []


def at_the_top(tree: ast.Module) -> list[str]:
    return [name for node in tree.body for name in bound_by(node)]


FLOORS = ("api.schema", "loyalty", "db")
OF_EVERY_ROOM = {"api.schema.enums", "api.schema.refusals"}
"""Modules of the schema that hold types of every room."""


def is_given_to_a_framework(node: ast.stmt) -> bool:
    """Whether it is a GraphQL type, a resolver or a command: then it bears the name that clients write."""
    decorators = getattr(node, "decorator_list", [])
    return not {ast.unparse(each).partition("(")[0] for each in decorators} <= PLAIN_DECORATORS


def is_of_each_module(module: str, name: str, node: ast.stmt) -> bool:
    """A module's own logger, Typer application, command or type variable, and the parts of a producer."""
    value = ast.unparse(node.value) if isinstance(node, ast.Assign) else ""
    return (
        name == "log"
        or value.startswith(("typer.Typer(", "TypeVar("))
        or (module.startswith("mipoints.commands.") and is_given_to_a_framework(node))
        or (module.startswith("loyalty.webhooks.producers.") and is_of_a_producer(name))
    )


def floor_of(module: str) -> str:
    return next((floor for floor in FLOORS if module.startswith(f"{floor}.")), module)


def room_of(module: str) -> str | None:
    return None if module in OF_EVERY_ROOM else module.removeprefix(f"{floor_of(module)}.").partition(".")[0]


def is_one_thing_on_several_floors(places: Mapping[str, ast.stmt]) -> bool:
    """The contract's type or field, the type or verb of the programme behind it, and the query behind that."""
    floors = [floor_of(module) for module in places]
    rooms = {room_of(module) for module in places} - {None}
    shown = [node for module, node in places.items() if floor_of(module) == "api.schema"]
    return (
        set(floors) <= set(FLOORS)
        and len(floors) == len(set(floors))
        and len(rooms) == 1
        and all(isinstance(node, ast.Assign) or is_given_to_a_framework(node) for node in shown)
    )


def test_a_public_name_has_one_meaning():
    """Names in more than one module are of a kind in docs/glossary.md: "Names in more than one module"."""
    places: dict[str, dict[str, ast.stmt]] = {}
    for module, tree in product().items():
        for node in tree.body:
            for name in bound_by(node):
                if not name.startswith("_") and not is_of_each_module(module, name, node):
                    places.setdefault(name, {})[module] = node
    several = {name: nodes for name, nodes in places.items() if len(nodes) > 1}
    assert {name: list(nodes) for name, nodes in several.items() if not is_one_thing_on_several_floors(nodes)} == {}
