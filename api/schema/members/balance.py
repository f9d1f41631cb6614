"""A member's balance in points, and its worth in money."""

import strawberry

from api.context import Info
from api.schema.money import Money
from api.schema.rows import made_of
from db.members.rows import MemberRow
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.rewards import worth_minor


@strawberry.type(description="A member's points.")
class Balance:
    row: strawberry.Private[MemberRow]
    available: int = strawberry.field(description="Spendable now; never negative.")
    pending: int = strawberry.field(description="Promised, not yet credited.")
    debt: int = strawberry.field(
        description="Owed after a return of points already spent; later credits repay it first."
    )
    lifetime: int = strawberry.field(description="Ever credited, clawbacks taken off.")

    @strawberry.field(description="Available at the market's exact rate: 650 points are worth 6.50.")
    def worth(self, info: Info) -> Money:
        return info.context.loaders.with_catalogue(self.row, self._worth)

    def _worth(self, catalogue: Catalogue) -> Money:
        terms = catalogue.terms_in_force(self.row.market, self.row.now)
        return Money(amount_minor=worth_minor(self.available, terms.points_per_unit_spent), currency=terms.currency)

    @classmethod
    def of_row(cls, row: MemberRow) -> "Balance":
        """The balance of a member's row."""
        return _balance(row)


_balance = made_of(Balance, "available", "pending", "debt", "lifetime")
