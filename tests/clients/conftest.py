"""A member with a history, for the clients to read."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.stage import Stage

ENTRIES = 6


@pytest_asyncio.fixture
async def lived(stage: Stage) -> AsyncIterator[Stage]:
    """The stage with mi-1, whose history has six entries, all credited."""
    await stage.register()
    await stage.earn({"appSignIn": {}})
    await stage.earn({"fuel": {}})
    for number in range(3):
        await stage.earn({"linkShare": {"productId": f"p-{number}"}})
    await stage.advance(minutes=6)
    assert len(await stage.history()) == ENTRIES
    yield stage
