"""Fixtures of the API's tests."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.api.away import opened_http


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The API with a database that does not answer."""
    async with opened_http() as client:
        yield client
