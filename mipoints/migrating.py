"""`mipoints migrate`: the schema, the shipped terms and the catalogue, all of it or nothing."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from db import clock
from db.migrate import migrate
from db.pool import read_json
from loyalty.programme.load import load_shipped
from loyalty.settings import Settings
from mipoints.problems import Problem

POSTGRES_SECONDS = 30.0
_BETWEEN_TRIES = 0.3
_MAY_COME = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.TooManyConnectionsError)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was added: migrations and versions of terms, by name."""

    migrations: list[str]
    terms: list[str]


async def bring_up_to_date(
    settings: Settings, say: Callable[[str], None], seconds: float = POSTGRES_SECONDS
) -> Migrated:
    """Migrates and loads what is shipped; a new database's clock starts at MIPOINTS_CLOCK_START.

    Waits up to `seconds` for a database that is just starting. Raises Problem, MigrationsDiffer.
    """
    connection = await _connection(settings.database_url, say, seconds)
    try:
        await read_json(connection)
        async with connection.transaction():
            migrations = await migrate(connection)
            was_empty = any(name.startswith("0001_") for name in migrations)
            if was_empty and settings.clock_start is not None:
                await clock.start_at(connection, settings.clock_start)
            return Migrated(migrations, await load_shipped(connection))
    finally:
        await connection.close()


async def _connection(url: str, say: Callable[[str], None], seconds: float) -> Any:
    give_up_at = time.monotonic() + seconds
    said = False
    while True:
        try:
            return await asyncpg.connect(url, timeout=5, server_settings={"application_name": "mipoints migrate"})
        except _MAY_COME as error:
            if time.monotonic() > give_up_at:
                raise Problem(
                    f"Postgres did not answer for {seconds:.0f} s ({str(error) or type(error).__name__}). "
                    "Is it running? MIPOINTS_DATABASE_URL says where it is."
                ) from error
        if not said:
            say("Waiting for Postgres …")
            said = True
        await asyncio.sleep(_BETWEEN_TRIES)
