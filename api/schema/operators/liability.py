"""liability: the points and coupons that the programme owes, and their value."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import AUDITORS
from api.prices import EXPENSIVE
from api.problems import BadUserInput
from api.schema.arguments import NOT_GIVEN, given
from api.schema.lookup import open_market
from api.schema.money import Money
from api.schema.programme.ways import LapsingPoints
from api.schema.root_fields import query_field
from api.schema.scalars import Market
from loyalty.operators import liability as computed


@strawberry.type(description="What the programme owes its members at the end of a day.")
class Liability:
    on: date = strawberry.field(description="The day, in each market's own time zone.")
    outstanding: int = strawberry.field(description="Points that could be spent.")
    pending: int = strawberry.field(description="Points promised and not yet credited.")
    debt: int = strawberry.field(description="Points that members owe after returns.")
    value: list[Money] = strawberry.field(
        description="What the points outstanding are worth at their market's rate, by currency."
    )
    coupons_outstanding: list[Money] = strawberry.field(
        description="What coupons not yet used, cancelled or expired are worth, by currency."
    )
    by_lapse_month: list[LapsingPoints] = strawberry.field(
        description="Points outstanding by the day they lapse, soonest first; those that never lapse are in none."
    )

    @classmethod
    def of(cls, owed: computed.Liability) -> "Liability":
        """The liability that the programme computed."""
        return cls(
            on=owed.on,
            outstanding=owed.outstanding,
            pending=owed.pending,
            debt=owed.debt,
            value=_money(owed.value),
            coupons_outstanding=_money(owed.coupons_outstanding),
            by_lapse_month=[LapsingPoints(points=points, lapses_on=day) for day, points in owed.by_lapse_month],
        )


def _money(amounts: tuple[tuple[str, int], ...]) -> list[Money]:
    return [Money(amount_minor=minor, currency=currency) for currency, minor in amounts]


@query_field(AUDITORS, "the programme's money view at the end of a day, from the ledger.", cost=EXPENSIVE)
async def liability(
    info: Info,
    market: Annotated[
        Market | None, strawberry.argument(description="Two capital letters, such as ES; null for all.")
    ] = NOT_GIVEN,
    on: Annotated[
        date | None, strawberry.argument(description="Not in the future; null for today, as it is now.")
    ] = NOT_GIVEN,
) -> Liability | None:
    where = given(market)
    if where is not None:
        await open_market(info, where)
    try:
        owed = await computed.liability(info.context.programme, where, given(on))
    except computed.NotYet as problem:
        raise BadUserInput(str(problem)) from problem
    return Liability.of(owed) if owed is not None else None
