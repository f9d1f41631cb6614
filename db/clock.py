"""The programme's clock (design §3)."""

from datetime import datetime, timedelta

from db.pool import Queryable
from db.queries import query


async def now(db: Queryable) -> datetime:
    """The programme's current moment, UTC."""
    moment: datetime = await db.fetchval(query("clock_now"))
    return moment


async def advance(db: Queryable, months: int, rest: timedelta) -> datetime:
    """Moves the clock forward by calendar months, then by the rest, for every process at once; returns the new moment
    (UTC)."""
    moment: datetime = await db.fetchval(query("clock_advance"), months, rest)
    return moment


async def start_at(db: Queryable, moment: datetime) -> None:
    """Sets the clock of a new database to any moment, past ones included."""
    await db.execute(query("clock_start_at"), moment)


async def work_due(db: Queryable) -> int:
    """How many promises, deliveries, coupons, lots, notices and orders are due and still wait for a worker."""
    count: int = await db.fetchval(query("clock_work_due"))
    return count
