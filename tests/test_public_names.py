"""Public names: each is used by the product, has one door, and, where it is a constant, one meaning."""

import ast
import re
from collections.abc import Iterable
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


def test_no_constant_is_defined_with_two_meanings():
    """A name that says what it counts is needed once. What each producer's module has is the Protocol's."""
    places: dict[str, list[str]] = {}
    for module, tree in product().items():
        for name in at_the_top(tree):
            if name.isupper() and not name.startswith("_") and not is_of_a_producer(name) and len(name) > 1:
                places.setdefault(name, []).append(module)
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
