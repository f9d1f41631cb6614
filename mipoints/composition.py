"""Where settings become objects: the database, the programme, who is believed, and who wakes the workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from api.budget import Budget, spending
from api.changes import Changes
from db.pool import APP_ROLE, Database, connect
from loyalty.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier
from mipoints.wake import Wake


@dataclass(frozen=True, slots=True)
class Parts:
    """What an API process is made of."""

    settings: Settings
    programme: Programme
    wake: Wake
    verifier: Verifier
    changes: Changes
    budget: Budget


@asynccontextmanager
async def opened_database(
    settings: Settings, *, seconds: float | None = None, role: str | None = APP_ROLE
) -> AsyncIterator[Database]:
    """A pool that opens connections when they are needed, so a database that is away keeps nobody from starting.

    `role` is whom its statements run as; None for the login itself, which may do what the application may not.
    """
    db = await connect(
        settings.database_url,
        most=settings.pool_size,
        seconds=seconds or settings.deadline_seconds,
        role=role,
        name="mipoints",
    )
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def opened_parts(settings: Settings) -> AsyncIterator[Parts]:
    """All parts of an API process, closed afterwards."""
    wake, changes = Wake(settings.redis_url), Changes.of(settings)
    budget = Budget(spending(settings), settings.redis_url)
    async with opened_database(settings) as db:
        try:
            programme = Programme(
                db, settings.hold_seconds, settings.velocity_per_minute, person_salt=settings.person_salt
            )
            yield Parts(settings, programme, wake, Verifier(settings), changes, budget)
        finally:
            await changes.close()
            await budget.close()
            await wake.close()
