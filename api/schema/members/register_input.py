"""The input of registerMember, and the registration that it becomes."""

from datetime import date, datetime

import strawberry

from api.schema.arguments import given
from api.schema.scalars import Market
from api.schema.texts import optional_text, valid_text
from loyalty.members.eligibility import Registration


@strawberry.input(description="A Mi account that joined mi.com.")
class RegisterMemberInput:
    mi_id: strawberry.ID = strawberry.field(description="The Mi account id.")
    market: Market = strawberry.field(description="Where the person registered.")
    birth_date: date = strawberry.field(description="Of the person; adults only.")
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="An IANA zone of the market; its first one by default."
    )
    registered_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When the person joined, if it is reported late."
    )

    def to_domain(self) -> Registration:
        """The registration for the programme. Raises InvalidInput."""
        return Registration(
            mi_id=valid_text(self.mi_id, "input", "miId"),
            market=self.market,
            birth_date=self.birth_date,
            time_zone=optional_text(self.time_zone, "input", "timeZone"),
            registered_at=given(self.registered_at),
        )
