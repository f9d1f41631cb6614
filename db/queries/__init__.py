"""Named SQL: `query("due_promises")` is the text below `-- name: due_promises` in a `.sql` file under this folder.

A name after a colon, such as `:most_attempts`, is replaced with that number from db/limits.py.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from db import limits

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_LIMIT = re.compile(r"(?<![:\w]):([a-z]\w*)")


@cache
def all_queries() -> dict[str, str]:
    """Every named query's text by its name. Raises ValueError if a name is used twice, AttributeError if a query names
    a number that db/limits.py does not have."""
    queries: dict[str, str] = {}
    for file in _sql_files(files(__name__)):
        parts = _NAME.split(file.read_text("utf-8"))
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            if name in queries:
                raise ValueError(f"Two queries are named {name}; the second is in {file.name}.")
            queries[name] = _LIMIT.sub(_number, text.strip().rstrip(";"))
    return queries


def query(name: str) -> str:
    """The text of one named query. Raises KeyError for an unknown name."""
    return all_queries()[name]


def _number(named: re.Match[str]) -> str:
    return str(getattr(limits, named[1].upper()))


def _sql_files(folder: Traversable) -> Iterator[Traversable]:
    """Every `.sql` file of a folder and of its subfolders, by name."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sql_files(entry)
        elif entry.name.endswith(".sql"):
            yield entry
