"""All audits of GraphQL over HTTP in npm's `graphql-http`."""

import pytest

from tests.api.away import opened_app
from tests.clients.node import needs_node, run_script
from tests.support.served import served

pytestmark = [pytest.mark.clients, needs_node]


async def test_every_audit_of_graphql_http_passes():
    async with opened_app() as app, served(app) as url:
        lines = (await run_script("audits.mjs", API=f"{url}/graphql")).splitlines()
    assert len(lines) > 50
    assert all(line.split()[1] == "ok" for line in lines)
