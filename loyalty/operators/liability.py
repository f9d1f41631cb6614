"""The programme's liability (an operator's money view): outstanding points, their value, and unused coupons."""

from dataclasses import dataclass
from datetime import date

from db.ledger.lapse import days_now
from db.operators import liability as rows
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.rewards import worth_minor
from loyalty.programme.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class Liability:
    """At the end of `on`: points, money as (currency, minor units), and points by the day they lapse."""

    on: date
    outstanding: int
    pending: int
    debt: int
    value: tuple[tuple[str, int], ...]
    coupons_outstanding: tuple[tuple[str, int], ...]
    by_lapse_month: tuple[tuple[date, int], ...]


class NotYet(ValueError):
    """The request is for the end of a day that has not begun in any of the markets."""


async def liability(programme: Programme, market: str | None, on: date | None) -> Liability | None:
    """The liability of a market, or of all, at the end of a day in each market's zone, by the ledger's own moments;
    without a day, now. None for a market that is not open. Raises NotYet for a day to come.
    """
    today = await days_now(programme.db)
    if on is not None and on > max((day for each, day in today.items() if market in (None, each)), default=on):
        raise NotYet("This day has not begun yet.")
    points = await rows.points_as_of(programme.db, market, on)
    if not points:
        return None
    catalogue = await programme.catalogue()
    value: dict[str, int] = {}
    for each in points:
        terms = _terms_on(catalogue, each)
        worth = worth_minor(each.available, terms.points_per_unit_spent)
        value[terms.currency] = value.get(terms.currency, 0) + worth
    return Liability(
        on=max(each.on_day for each in points),
        outstanding=sum(each.available for each in points),
        pending=sum(each.pending for each in points),
        debt=sum(each.debt for each in points),
        value=tuple(sorted(value.items())),
        coupons_outstanding=tuple(await rows.coupons_as_of(programme.db, market, on)),
        by_lapse_month=tuple(await rows.lots_as_of(programme.db, market, on)),
    )


def _terms_on(catalogue: Catalogue, points: rows.PointsOfMarket) -> Terms:
    """The terms in force at the end of that day. Before the first terms, when no member had points: the first."""
    versions = catalogue.terms[points.market]
    begun = [terms for terms in versions if terms.effective_from <= points.on_day]
    return begun[-1] if begun else versions[0]
