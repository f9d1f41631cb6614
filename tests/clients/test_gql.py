"""Python's `gql` over HTTP: it fetches the schema, validates its operations, reads codes, and sends batches."""

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from graphql.utilities import find_breaking_changes

from api.schema import schema
from tests.support.stage import EARN, Stage


def client(stage: Stage, **options: object) -> Client:
    headers = {"authorization": f"Bearer {stage.token('mi-1')}"}
    transport = HTTPXAsyncTransport(url=f"{stage.http.base_url}/graphql", headers=headers)
    return Client(transport=transport, **options)


async def test_gql_fetches_the_schema_and_validates_by_it(lived: Stage):
    async with client(lived, fetch_schema_from_transport=True) as session:
        assert find_breaking_changes(schema._schema, session.client.schema) == []
        data = await session.execute(gql("{ me { miId pointsHistory(last: 1) { nodes { kind } } } }"))
        assert data == {"me": {"miId": "mi-1", "pointsHistory": {"nodes": [{"kind": "SIGN_UP"}]}}}


async def test_gql_reads_codes(lived: Stage):
    async with client(lived) as session:
        with pytest.raises(TransportQueryError) as raised:
            await session.execute(gql('{ me { id } member(miId: "x") { id } }'))
    assert raised.value.errors[0]["extensions"]["code"] == "FORBIDDEN"
    assert raised.value.data["me"]["id"]


async def test_gql_sends_a_batch(lived: Stage):
    shares = [GraphQLRequest(EARN, variable_values=shared(number)) for number in range(5)]
    async with client(lived) as session:
        answers = await session.execute_batch(shares)
    assert [each["earnPoints"]["verdict"]["outcome"] for each in answers] == ["GRANTED"] * 3 + ["REFUSED"] * 2


def shared(number: int) -> dict[str, object]:
    return {"input": {"activity": {"socialShare": {"productId": f"s-{number}"}}}, "key": f"k-{number}"}
