"""Nothing of the product is there for tests alone: every public name at the top of a module is used by the product."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "workers", "loyalty", "db", "mipoints")
PLAIN_DECORATORS = {"dataclass", "cache", "asynccontextmanager", "contextmanager", "total_ordering", "runtime_checkable"}
"""Others, such as a command's or a resolver's, hand what they decorate to a framework that uses it."""

Named = tuple[str, str]
"""A module and a name at its top."""


def product() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {dotted(path): ast.parse(path.read_text("utf-8")) for path in files}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_defined(node: ast.stmt) -> list[str]:
    """The public names that a statement at a module's top defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        decorators = {ast.unparse(each).partition("(")[0] for each in node.decorator_list}
        names = [node.name] if decorators <= PLAIN_DECORATORS else []
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    else:
        names = []
    return [name for name in names if not name.startswith("_") and name not in {"app", "log"}]


def names_used(node: ast.AST) -> Iterator[str]:
    """Names that a statement reads, in annotations that are texts too."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value) < 200:
            yield from re.findall(r"\w+", each.value)


def uses(module: str, tree: ast.Module, modules: set[str]) -> Iterator[Named]:
    """What a module uses: of its own, each name that another statement reads; of others, what it imports."""
    for place, node in enumerate(tree.body):
        others = [name for other, each in enumerate(tree.body) if other != place for name in names_used(each)]
        yield from ((module, name) for name in names_defined(node) if name in others)
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name
                if f"{node.module}.{alias.name}" in modules:
                    aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield aliases[node.value.id], node.attr


def test_every_public_name_is_used_by_the_product():
    modules = product()
    used = {use for module, tree in modules.items() for use in uses(module, tree, set(modules))}
    defined = [(module, name) for module, tree in modules.items() for node in tree.body for name in names_defined(node)]
    assert [f"{module}.{name}" for module, name in defined if (module, name) not in used] == []
