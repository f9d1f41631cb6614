"""Which statements an operation of the app sends to Postgres, and which of them wait for others.

`python -m bench.statements` prints each statement with its turn: those of turn 1 are sent before anything is answered;
a statement of turn 2 is sent when one of turn 1 is answered, and so on.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.filled import filled_stage
from bench.request_profile import HOME, application, client_of, of_the_app
from db.calls import Call
from db.pool import Database, Queryable
from db.queries import all_queries
from tests.support.stage import Stage

T = TypeVar("T")
WITHOUT_VARIABLES = ("PointsCenterQuery", "PointsHistoryQuery", "CouponsQuery", "NoticesQuery")


@dataclass(slots=True)
class Counting(Database):
    """A database that keeps the name and the turn of each statement that it sends."""

    sent: list[tuple[int, str]] = field(default_factory=list)
    answered: int = 0

    def _start(self, call: Call[T]) -> "asyncio.Task[T]":
        """Counts the statements of a call."""
        work, turn = call.work, self.answered + 1
        call.work = lambda connection: work(CountingConnection(connection, self, turn))
        return Database._start(self, call)


@dataclass(frozen=True, slots=True)
class CountingConnection:
    """A connection whose statements are counted, as of the turn in which their call began."""

    connection: Queryable
    db: Counting
    turn: int

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows."""
        return await self._counted(sql, self.connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row."""
        return await self._counted(sql, self.connection.fetchrow(sql, *args))

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row."""
        return await self._counted(sql, self.connection.fetchval(sql, *args))

    async def execute(self, sql: str, *args: Any) -> str:
        """The statement's status."""
        return await self._counted(sql, self.connection.execute(sql, *args))

    async def _counted(self, sql: str, answer: Awaitable[T]) -> T:
        self.db.sent.append((self.turn, next(name for name, text in all_queries().items() if text == sql)))
        rows = await answer
        self.db.answered = max(self.db.answered, self.turn)
        return rows


async def statements_of(stage: Stage, documents: Mapping[str, str]) -> dict[str, list[tuple[int, str]]]:
    """The turn and the name of each statement, by operation: as mi-1 asks for it a second time, because the first
    request may read the programme."""
    pool = stage.programme.db
    db = Counting(**{each.name: getattr(pool, each.name) for each in fields(pool) if each.init})
    app = application(stage, replace(stage.programme, db=db))
    found = {}
    for name, document in documents.items():
        client = client_of(stage.token("mi-1"), name, document)
        await client.ask(app)
        db.sent, db.answered = [], 0
        await client.ask(app)
        found[name] = sorted(db.sent)
    return found


async def printed(stage: Stage) -> None:
    """Prints the statements of each operation."""
    documents = {"Home": HOME, **{each: of_the_app()[each] for each in WITHOUT_VARIABLES}}
    table = Table("operation", "statements", "turn", "statement")
    for name, statements in (await statements_of(stage, documents)).items():
        for place, (turn, statement) in enumerate(statements):
            table.add_row(*((name, str(len(statements))) if not place else ("", "")), str(turn), statement)
    Console(width=100).print(table)


async def main() -> None:
    """Starts a Postgres of its own, and a member with a history."""
    async with filled_stage() as stage:
        await printed(stage)


if __name__ == "__main__":
    asyncio.run(main())
