"""The database that the settings name. It stands alone, so that a command which needs no more starts at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.pool import APP_ROLE, Database, connect
from loyalty.settings import Settings


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
