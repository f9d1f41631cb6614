"""Following a balance with real clients: graphql-ws, graphql-sse, Apollo Client, urql, Python's gql."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from api.trusted import FOLDER, MANIFEST
from tests.clients.node import needs_node, run_script
from tests.support.fresh import Shared
from tests.support.patience import PATIENCE
from tests.support.stage import Stage, open_stage
from tests.support.streams import CHANGES

SHARE = {"socialShare": {"productId": "p-1", "network": "x"}}


@pytest.mark.clients
@needs_node
async def test_clients_from_npm_follow_a_balance(stage: Stage, shared: Shared):
    await stage.register()
    printed, seconds = "too late", 1
    async with open_stage(shared, only_trusted_documents=True) as strict:
        while "too late" in printed:
            seconds *= 2
            printed = await run_script(
                "streams.mjs",
                API=f"{stage.http.base_url}/graphql",
                STRICT=f"{strict.http.base_url}/graphql",
                TOKEN=stage.token("mi-1"),
                SHORT_TOKEN=stage.token("mi-1", seconds=seconds),
                MANIFEST=str(FOLDER / MANIFEST),
            )
    for client in ("graphql-ws", "graphql-sse", "apollo", "urql"):
        for saw in ("current", "change SOCIAL_SHARE", "error BAD_USER_INPUT", "by id EUR"):
            assert f"{client} {saw}" in printed, printed
    assert "a text FORBIDDEN" in printed
    assert "urql query mi-1" in printed


async def test_pythons_gql_follows_a_balance(stage: Stage):
    await stage.register()
    address = str(stage.http.base_url).replace("http", "ws").rstrip("/") + "/graphql"
    authorization = {"authorization": f"Bearer {stage.token('mi-1')}"}
    transport = WebsocketsTransport(address, init_payload=authorization)
    async with Client(transport=transport) as session, asyncio.timeout(PATIENCE):
        following = gql(CHANGES)
        following.variable_values = {"now": True}
        changes: AsyncGenerator = session.subscribe(following)
        assert (await anext(changes))["balanceChanged"]["entry"] is None
        await stage.earn(SHARE)
        assert (await anext(changes))["balanceChanged"]["pendingPoints"]["kind"] == "SOCIAL_SHARE"
        assert await session.execute(gql("{ me { miId } }")) == {"me": {"miId": "mi-1"}}
        with pytest.raises(TransportQueryError, match="nothing"):
            await session.execute(gql("{ nothing }"))
        await changes.aclose()
