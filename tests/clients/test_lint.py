"""@graphql-eslint finds nothing in the schema and in the app's operations."""

import shutil
from pathlib import Path

import pytest

from api.trusted import FOLDER
from tests.clients.node import HERE, needs_node, run_script

pytestmark = [pytest.mark.clients, needs_node]

ROOT = HERE.parent.parent
OPERATIONS = FOLDER.relative_to(ROOT)


async def findings(folder: Path) -> str:
    """The findings of the presets in a folder's schema and operations; an empty text if there are none."""
    config = str(HERE / "eslint.config.js")
    printed = await run_script(
        "node_modules/eslint/bin/eslint.js", "--config", config, "schema.graphql", str(OPERATIONS), cwd=folder
    )
    return printed.strip()


async def test_the_presets_of_graphql_eslint_find_nothing_in_the_schema_and_the_operations():
    assert await findings(ROOT) == ""


async def test_the_presets_find_planted_errors(tmp_path: Path):
    shutil.copytree(FOLDER, tmp_path / OPERATIONS)
    text = (ROOT / "schema.graphql").read_text("utf-8")
    (tmp_path / "schema.graphql").write_text(f"{text}\ntype lonely {{ name: String }}\n", "utf-8")
    entry = tmp_path / OPERATIONS / "Entry.graphql"
    entry.write_text(entry.read_text("utf-8").replace("EntryQuery", "readEntry"), "utf-8")
    with pytest.raises(AssertionError) as failure:
        await findings(tmp_path)
    wanted = ("naming-convention", "strict-id-in-types", "require-description", "no-unreachable-types", "readEntry")
    assert [rule for rule in wanted if rule not in str(failure.value)] == []
