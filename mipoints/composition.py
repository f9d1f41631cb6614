"""Where settings become objects: the programme, who is believed, and who wakes the workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.budget import Budget, spending
from api.followers import Followers
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier
from mipoints.database import opened_database
from mipoints.wake import Wake


@dataclass(frozen=True, slots=True)
class Parts:
    """What an API process is made of."""

    settings: Settings
    programme: Programme
    wake: Wake
    verifier: Verifier
    changes: Followers
    budget: Budget


@asynccontextmanager
async def opened_parts(settings: Settings) -> AsyncIterator[Parts]:
    """All parts of an API process, closed afterwards."""
    wake, changes = Wake(settings.redis_url), Followers.of(settings)
    budget = Budget(spending(settings), settings.redis_url)
    async with opened_database(settings) as db:
        try:
            yield Parts(settings, Programme.of(db, settings), wake, Verifier(settings), changes, budget)
        finally:
            await changes.close()
            await budget.close()
            await wake.close()
