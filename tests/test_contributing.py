"""docs/contributing.md and docs/architecture.md are true: the files and locks that they name exist."""

import re
from pathlib import Path

import pytest

from db.queries import all_queries
from tests.test_architecture import MAY_IMPORT

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "docs/contributing.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
LOCKS = ARCHITECTURE.partition("## Locks, and their order")[2].partition("\n## ")[0]
LOCKING = re.compile(r"for (?:no key )?update(?! to)|pg_advisory")
FOLDERS = (*MAY_IMPORT, "tests", "docs")


def paths_in(text: str) -> list[str]:
    """Returns what is quoted and begins with one of our folders, or is a document beside them."""
    named = re.findall(r"`([\w./-]+)`", text)
    return [each for each in named if each.startswith(tuple(f"{name}/" for name in FOLDERS)) or each.endswith(".md")]


@pytest.mark.parametrize("text", [RECIPES, LOCKS], ids=["recipes", "locks"])
def test_every_path_that_is_named_exists(text: str):
    assert paths_in(text)
    assert [path for path in paths_in(text) if not (ROOT / path).exists()] == []


def test_every_recipe_names_what_shows_that_it_is_done():
    recipes = RECIPES.split("\n## ")[1:]
    assert len(recipes) == 9
    assert [each.partition("\n")[0] for each in recipes if "Shown by: " not in each] == []


def test_every_make_target_that_a_recipe_uses_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {word for line in re.findall(r"`make ([a-z -]+)`", RECIPES) for word in line.split()} <= targets


def test_every_statement_that_only_locks_is_in_the_order_of_locks():
    """Others lock the rows that they change, and skip those that are taken."""
    locks = {name for name, text in all_queries().items() if LOCKING.search(text)}
    waiting = {name for name in locks if "skip locked" not in all_queries()[name]}
    assert waiting == {"lock_member_to_judge", "lock_programme", "lock_endpoint", "replay_delivery"}
    assert [name for name in locks if name.startswith(("lock_", "record")) and f"`{name}`" not in LOCKS] == []
