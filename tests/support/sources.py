"""Python files as syntax trees. Several tests read all of them; each file is parsed once."""

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """A file's tree, which nobody changes."""
    return ast.parse(path.read_text("utf-8"))
