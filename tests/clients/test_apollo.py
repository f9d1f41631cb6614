"""Apollo Client 4: cache, pagination, errors, automatic persisted queries, batches, and the app's own operations."""

import json
from pathlib import Path

import pytest
from graphql import is_abstract_type

from api.schema import schema
from api.trusted import FOLDER, MANIFEST
from tests.clients.conftest import ENTRIES
from tests.clients.node import needs_node, run_script
from tests.support.fresh import Shared
from tests.support.stage import Stage, open_stage

pytestmark = [pytest.mark.clients, needs_node]


def possible_types() -> str:
    """The object types of each union and interface, as Apollo's cache needs them."""
    graph = schema._schema
    abstract = [type_ for type_ in graph.type_map.values() if is_abstract_type(type_)]
    return json.dumps({each.name: [one.name for one in graph.get_possible_types(each)] for each in abstract})


async def test_apollo_client_works_unchanged(lived: Stage, shared: Shared):
    async with open_stage(shared, only_trusted_documents=True) as strict:
        await run_script(
            "apollo.mjs",
            API=f"{lived.http.base_url}/graphql",
            STRICT=f"{strict.http.base_url}/graphql",
            TOKEN=lived.token("mi-1"),
            OPERATIONS=str(FOLDER),
            POSSIBLE_TYPES=possible_types(),
            ENTRIES=str(ENTRIES),
        )


async def test_the_manifest_is_the_one_apollos_own_tool_makes(tmp_path: Path):
    config, made = tmp_path / "config.json", tmp_path / "manifest.json"
    config.write_text(json.dumps({"documents": [f"{FOLDER}/*.graphql"], "output": str(made)}), "utf-8")
    tool = "node_modules/@apollo/generate-persisted-query-manifest/cli.js"
    await run_script(tool, "--config", str(config), cwd=tmp_path)
    assert json.loads(made.read_text("utf-8")) == json.loads((FOLDER / MANIFEST).read_text("utf-8"))
