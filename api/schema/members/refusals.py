"""Refusals that a member got, as they are shown afterwards (R62)."""

from datetime import datetime

import strawberry

from api.context import Info
from api.cursors import PAST_REFUSALS, Page
from api.ids import GlobalId
from api.schema.pages import PageInfo
from api.schema.rows import made_of, of, page_of_rows
from loyalty.members.refused import RefusalShown
from loyalty.messages.sentences import refusal_sentence


@strawberry.type(description="A refusal that a member, or the person before joining, got as an answer.")
class PastRefusal:
    row: strawberry.Private[RefusalShown]
    code: str = strawberry.field(description="Stable, upper case, as in the answer: NOT_ENOUGH_POINTS and others.")
    refused_at: datetime = strawberry.field(description="When it was answered.")
    operation: str | None = strawberry.field(
        description="The mutation that was refused, such as redeemPoints; null for refusals of older releases."
    )
    reward_id: strawberry.ID | None = strawberry.field(description="The id of the reward that was asked for.")
    coupon_code: str | None = strawberry.field(description="The code of the coupon that was to be used.")
    order_number: str | None = strawberry.field(description="The order that it was for.")

    @strawberry.field(description="For the member, in the language of Accept-Language (de en es fr it nl).")
    def message(self, info: Info) -> str:
        return refusal_sentence(self.row.refusal, info.context.language)


_refusal = made_of(
    PastRefusal,
    "operation",
    code=lambda row: row.refusal.code,
    refused_at="at",
    reward_id=lambda row: (
        strawberry.ID(str(GlobalId("Reward", local=row.about["reward"]))) if "reward" in row.about else None
    ),
    coupon_code=lambda row: row.about.get("coupon"),
    order_number=lambda row: row.about.get("order"),
)


@strawberry.type(description="A place in a list of refusals.")
class PastRefusalEdge:
    cursor: str = strawberry.field(description="Its place, for `after`.")
    node: PastRefusal = strawberry.field(description="The refusal.")


@strawberry.type(description="A page of refusals, newest first.")
class PastRefusalConnection:
    edges: list[PastRefusalEdge] = strawberry.field(description="The refusals with their places.")
    nodes: list[PastRefusal] = strawberry.field(description="The refusals alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[RefusalShown]) -> "PastRefusalConnection":
        """The connection for a page of refusals."""
        return _page(page)


_page = page_of_rows(PastRefusalConnection, PastRefusalEdge, _refusal, of(PAST_REFUSALS.cursor_at, "at", "refusal_id"))
