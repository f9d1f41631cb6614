"""Builds the parts of an API process from the settings: the programme, the token verifier, the wake-ups of workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.budget import Budget, spending
from api.followers import Followers
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier
from mipoints.database import opened_database
from mipoints.wake import Waker


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts of an API process."""

    settings: Settings
    programme: Programme
    wake: Waker
    verifier: Verifier
    changes: Followers
    budget: Budget


@asynccontextmanager
async def opened_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Opens all parts of an API process, and closes them at the end of the block."""
    wake, changes = Waker(settings.redis_url), Followers.of(settings)
    budget = Budget(spending(settings), settings.redis_url)
    async with opened_database(settings) as db:
        try:
            yield Parts(settings, Programme.of(db, settings), wake, Verifier(settings), changes, budget)
        finally:
            await changes.close()
            await budget.close()
            await wake.close()
