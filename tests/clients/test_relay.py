"""Relay's compiler accepts the schema, the app's operations, and screens with @connection and @refetchable."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.documents import Documents
from api.schema import schema
from api.trusted import FOLDER, MANIFEST
from tests.clients.conftest import ENTRIES
from tests.clients.node import HERE, needs_node, run_script
from tests.support.stage import Stage

pytestmark = [pytest.mark.clients, needs_node]

CONFIG = {
    "src": "./src",
    "schema": "./schema.graphql",
    "artifactDirectory": "./generated",
    "language": "javascript",
    "eagerEsModules": True,
    "persistConfig": {"file": "./persisted.json", "algorithm": "SHA256"},
}


def as_module(text: str) -> str:
    """A file of operations and fragments as a JavaScript module for Relay: each in a tag of its own."""
    definitions = re.split(r"^(?=query|mutation|subscription|fragment)", text, flags=re.MULTILINE)[1:]
    tags = "".join(f"graphql`\n{each}`;\n" for each in definitions)
    return f'import {{ graphql }} from "relay-runtime";\n{tags}'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A Relay app with its own screens beside the shipped operations."""
    shutil.copytree(HERE / "relay" / "src", tmp_path / "src")
    shutil.copy(HERE.parent.parent / "schema.graphql", tmp_path)
    for path in FOLDER.glob("*.graphql"):
        (tmp_path / "src" / f"{path.stem}.js").write_text(as_module(path.read_text("utf-8")), "utf-8")
    (tmp_path / "generated").mkdir()
    (tmp_path / "persisted.json").write_text("{}", "utf-8")
    (tmp_path / "relay.config.json").write_text(json.dumps(CONFIG), "utf-8")
    return tmp_path


async def compiled(app: Path) -> dict[str, str]:
    """The documents that the compiler makes of a Relay app, by the name of their operation."""
    printed = await run_script("node_modules/relay-compiler/cli.js", "relay.config.json", cwd=app)
    assert "ERROR" not in printed
    assert "WARN" not in printed
    texts = json.loads((app / "persisted.json").read_text("utf-8")).values()
    return {re.match(r"\w+ (\w+)", text)[1]: text for text in texts}


async def test_relays_compiler_finds_no_fault_and_its_documents_are_valid_here(app: Path):
    made = await compiled(app)
    assert {each["name"] for each in json.loads((FOLDER / MANIFEST).read_text("utf-8"))["operations"]} <= made.keys()
    assert {"HistoryScreenQuery", "HistoryScreenShareMutation"} <= made.keys()
    documents = Documents(schema._schema)
    assert {name: documents.prepare(text).errors for name, text in made.items()} == dict.fromkeys(made, ())


async def test_the_next_page_is_fetched_through_node(app: Path, lived: Stage):
    made, token = await compiled(app), lived.token("mi-1")
    me = (await lived.ask(made["HistoryScreenQuery"], token=token))["me"]
    seen: list[str] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        variables = {"id": me["id"], "first": 2, "after": page["pageInfo"]["endCursor"]}
        page = (await lived.ask(made["HistoryScreenPageQuery"], variables, token))["node"]["pointsHistory"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
    assert len(set(seen)) == len(seen) == ENTRIES
    assert (await lived.ask(made["HistoryScreenPageQuery"], {"id": me["id"]}, lived.token("mi-2")))["node"] is None
