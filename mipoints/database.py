"""Opens the database that the settings name. It has its own file, so that a command that needs only the database
imports little and starts at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.pool import APP_ROLE, Database, connect
from loyalty.settings import Settings


@asynccontextmanager
async def opened_database(
    settings: Settings, *, seconds: float | None = None, role: str | None = APP_ROLE
) -> AsyncIterator[Database]:
    """Opens a pool, and closes it at the end of the block. Connections are opened when they are needed, so a process
    starts even if the database is away.

    `role` is the Postgres role that runs the statements; None means the login itself, which has more rights than the
    application. `seconds` is the timeout of a statement.
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
