"""The released schema, schema.graphql: it is current, and no change of it breaks a client."""

import subprocess
from pathlib import Path

import pytest
from graphql import build_schema
from graphql.utilities import find_breaking_changes

from api.schema import schema
from tests.cli.commands import are_sentences, mipoints

ROOT = Path(__file__).parent.parent.parent
RELEASED = ROOT / "schema.graphql"


def test_the_printed_schema_is_current():
    assert RELEASED.read_text("utf-8") == schema.as_str() + "\n", "Run `make schema`, and commit schema.graphql."


def test_nothing_that_was_released_is_taken_away():
    """Compares the schema with the last tag; without a tag, with the last commit and its first parent.

    The first parent of a merge is the branch that it was merged into. So a change that breaks clients is found although
    it also changes schema.graphql.
    """
    tag = git("describe", "--tags", "--abbrev=0", "--match", "v*")
    released = [text for ref in ([tag] if tag else ["HEAD", "HEAD^"]) if (text := git("show", f"{ref}:schema.graphql"))]
    if not released:
        pytest.skip("There is no git history here that holds a schema.")
    for text in released:
        assert find_breaking_changes(build_schema(text), schema._schema) == []


def git(*arguments: str) -> str:
    """The output of a git command; empty if it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


async def test_the_released_schema_is_not_written_over_by_one_that_breaks_clients(tmp_path: Path):
    file = tmp_path / "schema.graphql"
    file.write_text(schema.as_str().replace("type Money {", "type Money {\n  inWords: String!\n"), "utf-8")
    refused = await mipoints("schema", "--out", str(file), env={})
    assert refused.returncode == 1
    assert b"Money.inWords" in refused.stderr
    assert are_sentences(refused.stderr)
    assert "inWords" in file.read_text("utf-8")
    assert (await mipoints("schema", "--out", str(file), "--breaking", env={})).returncode == 0
    assert (await mipoints("schema", "--out", str(file), env={})).returncode == 0
    assert file.read_text("utf-8") == (await mipoints("schema", env={})).stdout.decode()
