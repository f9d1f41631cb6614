"""urql: its normalized cache with our introspection, persisted documents, and documents by id."""

import json
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, introspection_from_schema

from api.schema import schema
from api.trusted import FOLDER
from tests.clients.conftest import ENTRIES
from tests.clients.node import needs_node, run_script
from tests.support.fresh import Shared
from tests.support.stage import Stage, open_stage

pytestmark = [pytest.mark.clients, needs_node]


def keyless() -> list[str]:
    """The types without an id; a normalized cache stores them inside their parents."""
    types = [each for each in schema._schema.type_map.values() if isinstance(each, GraphQLObjectType)]
    return [each.name for each in types if "id" not in each.fields and not each.name.startswith("__")]


async def test_urql_works_unchanged(lived: Stage, shared: Shared, tmp_path: Path):
    introspection = tmp_path / "schema.json"
    introspection.write_text(json.dumps(introspection_from_schema(schema._schema)), "utf-8")
    async with open_stage(shared, only_trusted_documents=True) as strict:
        await run_script(
            "urql.mjs",
            API=f"{lived.http.base_url}/graphql",
            STRICT=f"{strict.http.base_url}/graphql",
            TOKEN=lived.token("mi-1"),
            OPERATIONS=str(FOLDER),
            INTROSPECTION=str(introspection),
            KEYLESS=json.dumps(keyless()),
            ENTRIES=str(ENTRIES),
        )
