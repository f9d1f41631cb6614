"""The programme's liability: points and coupons outstanding, as of the end of a day."""

from dataclasses import dataclass
from datetime import date

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class PointsOfMarket:
    """The points of a market's members at the end of a local day."""

    market: str
    on_day: date
    available: int
    pending: int
    debt: int


async def points_as_of(db: Queryable, market: str | None, on: date | None) -> list[PointsOfMarket]:
    """Points by market (None: every market) at the end of a local day (None: each market's today)."""
    return [PointsOfMarket(**dict(row.items())) for row in await db.fetch(query("points_as_of"), market, on)]


async def lots_as_of(db: Queryable, market: str | None, on: date | None) -> list[tuple[date, int]]:
    """The points that were to lapse, as (lapses on, points), soonest first."""
    return [(row["lapses_on"], row["points"]) for row in await db.fetch(query("lots_as_of"), market, on)]


async def coupons_as_of(db: Queryable, market: str | None, on: date | None) -> list[tuple[str, int]]:
    """The value of outstanding coupons, as (currency, minor units)."""
    return [(row["currency"], row["minor"]) for row in await db.fetch(query("coupons_as_of"), market, on)]
