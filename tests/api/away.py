"""The API in this process with a database that does not answer: enough for all tests that read no rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from api.app import create_app
from db.pool import connect
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier, issue
from tests.support.stage import settings_for

NOWHERE = "postgresql://unused@127.0.0.1:9/nothing"
SETTINGS = settings_for(NOWHERE, graphql_body_limit=20_000, webhook_body_limit=20_000)
MEMBER = {"authorization": f"Bearer {issue(SETTINGS, member='mi-1')}"}
OPERATOR = {"authorization": f"Bearer {issue(SETTINGS, scope='operator')}"}
TYPENAME = {"query": "{ __typename }"}


async def _wake(_job: str, _at: object) -> None:
    raise AssertionError("Nothing was committed, so no worker may be woken.")


@asynccontextmanager
async def opened_app(**others: Any) -> AsyncIterator[Starlette]:
    """An API with these settings."""
    db = await connect(NOWHERE, most=10, seconds=0.3)
    settings = settings_for(NOWHERE, **({"graphql_body_limit": 20_000, "webhook_body_limit": 20_000} | others))
    yield create_app(settings, Programme.of(db, settings), _wake, Verifier(settings))
    await db.close()


@asynccontextmanager
async def opened_http(**others: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API with these settings."""
    async with opened_app(**others) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mi.test") as client:
            yield client


def code_of(answer: httpx.Response) -> str:
    """The code of an answer's only error, which has a sentence and the request's id."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return error["extensions"]["code"]
