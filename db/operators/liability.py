"""The programme's money view: points and coupons outstanding, as of the end of a day."""

from dataclasses import dataclass
from datetime import date

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class PointsOfMarket:
    """What a market's members had at the end of a local day, in points."""

    market: str
    on_day: date
    available: int
    pending: int
    debt: int


async def points_as_of(db: Queryable, market: str | None, on: date | None) -> list[PointsOfMarket]:
    """Points by market at the end of a day; without a day, of each market's today; without a market, of all."""
    return [PointsOfMarket(**dict(row.items())) for row in await db.fetch(query("points_as_of"), market, on)]


async def lots_as_of(db: Queryable, market: str | None, on: date | None) -> list[tuple[date, int]]:
    """What was to lapse when, in points, soonest first."""
    return [(row["lapses_on"], row["points"]) for row in await db.fetch(query("lots_as_of"), market, on)]


async def coupons_as_of(db: Queryable, market: str | None, on: date | None) -> list[tuple[str, int]]:
    """What coupons outstanding were worth, as (currency, minor units)."""
    return [(row["currency"], row["minor"]) for row in await db.fetch(query("coupons_as_of"), market, on)]
