"""`mipoints migrate`: brings the schema, the shipped terms and the catalogue up to date, all together or not at all."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from db import clock
from db.migrate import migrate
from db.pool import set_json_codec
from loyalty.programme.load import load_shipped
from loyalty.settings import Settings
from mipoints.problems import UserError

POSTGRES_SECONDS = 30.0
_BETWEEN_TRIES = 0.3
_MAY_COME = (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.TooManyConnectionsError)


@dataclass(frozen=True, slots=True)
class Migrated:
    """The names of the migrations and of the versions of terms that were added."""

    migrations: list[str]
    terms: list[str]


async def bring_up_to_date(
    settings: Settings, say: Callable[[str], None], seconds: float = POSTGRES_SECONDS
) -> Migrated:
    """Migrates the schema and loads the shipped data. A new database's clock starts at MIPOINTS_CLOCK_START.

    Waits up to `seconds` for a database that is just starting. Raises Problem, MigrationsDiffer.
    """
    connection = await _connection(settings.database_url, say, seconds)
    try:
        await set_json_codec(connection)
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
    is_reported = False
    while True:
        try:
            return await asyncpg.connect(url, timeout=5, server_settings={"application_name": "mipoints migrate"})
        except _MAY_COME as error:
            if time.monotonic() > give_up_at:
                raise UserError(
                    f"Postgres did not answer for {seconds:.0f} s ({str(error) or type(error).__name__}). "
                    "Is it running? MIPOINTS_DATABASE_URL says where it is."
                ) from error
        if not is_reported:
            say("Waiting for Postgres …")
            is_reported = True
        await asyncio.sleep(_BETWEEN_TRIES)
