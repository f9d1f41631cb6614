"""Migrations: numbered SQL files, applied once each, in order, forward only."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg

from db.pool import APP_ROLE

_FILE = re.compile(r"^(\d{4})_\w+\.sql$")
_LOCK = 7_312_018
_TABLE = """
create table if not exists schema_migrations (
    number int primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The file's hash in hex, which shows whether an applied file was edited afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationsDiffer(Exception):
    """An applied migration is not the file shipped with this version."""


def shipped_migrations() -> list[Migration]:
    """The files of `db/migrations`, in order."""
    migrations = (
        Migration(int(match[1]), file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in files("db").joinpath("migrations").iterdir()
        if (match := _FILE.match(file.name))
    )
    return sorted(migrations, key=lambda migration: migration.number)


async def migrate(connection: Any) -> list[str]:
    """Applies the missing migrations in one transaction and returns their names. Others may migrate at the same time.

    `connection` must own the schema. Raises MigrationsDiffer when an applied file was edited since.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        applied = {row["number"]: row["sha256"] for row in await connection.fetch("select * from schema_migrations")}
        new = []
        for migration in shipped_migrations():
            if migration.number in applied:
                _check_unchanged(migration, applied[migration.number])
                continue
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migrations (number, name, sha256) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
            new.append(migration.name)
        await connection.execute(f"grant select on schema_migrations to {APP_ROLE}")
    return new


def _check_unchanged(migration: Migration, applied_sha256: str) -> None:
    if migration.sha256 != applied_sha256:
        raise MigrationsDiffer(
            f"Migration {migration.name} was applied in another form. Migrations are never edited: add a new one."
        )


async def are_current(db: asyncpg.Connection | Any) -> bool:
    """Whether every shipped migration is applied (for /readyz)."""
    if await db.fetchval("select to_regclass('schema_migrations')") is None:
        return False
    applied = await db.fetchval("select array_agg(number) from schema_migrations")
    return {migration.number for migration in shipped_migrations()} <= set(applied or ())
