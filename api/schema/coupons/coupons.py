"""Coupons that members bought with points."""

from datetime import datetime

import strawberry

from api.context import Info
from api.cursors import COUPONS, Page
from api.ids import MembersIds
from api.schema.enums import CouponState, enum_by_name
from api.schema.money import Money
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.programme.rewards import Reward as RewardType
from api.schema.rows import made_of, of, page_of_rows
from db.coupons.rows import CouponRow


@strawberry.type(description="A coupon of a member: used once, on one order, within its days.")
class Coupon(Node):
    row: strawberry.Private[CouponRow]
    code: str = strawberry.field(description="What is typed at checkout; unguessable.")
    value: Money = strawberry.field(description="What it takes off an order.")
    cost: int = strawberry.field(description="Points it cost.")
    state: CouponState = strawberry.field(description="Whether it can be used.")
    issued_at: datetime = strawberry.field(description="When it was issued.")
    expires_at: datetime = strawberry.field(description="The first instant at which it is no longer valid.")
    reserved_until: datetime | None = strawberry.field(description="Set while RESERVED: when it frees itself.")
    order_number: str | None = strawberry.field(description="The order it is reserved for or was used on.")

    @strawberry.field(description="The reward that it was bought from.")
    async def reward(self, info: Info) -> RewardType:
        reward = (await info.context.loaders.catalogue()).reward(self.row.reward_id)
        if reward is None:
            raise LookupError(f"The reward {self.row.reward_id} of a coupon is not in the catalogue.")
        return RewardType.of(reward)

    @classmethod
    def of(cls, row: CouponRow | None) -> "Coupon | None":
        """The coupon of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: CouponRow) -> "Coupon":
        """The coupon of a row."""
        return _coupon(row)


_coupon = made_of(
    Coupon,
    "code",
    "cost",
    "issued_at",
    "expires_at",
    "order_number",
    id=of(MembersIds("Coupon"), "member_id", "coupon_id"),
    value=made_of(Money, "currency", amount_minor="value_minor"),
    state=of(enum_by_name(CouponState), "state"),
    reserved_until=of(lambda until, state: until if state == "RESERVED" else None, "reserved_until", "state"),
)


@strawberry.type(description="A place in a list of coupons.")
class CouponEdge:
    cursor: str = strawberry.field(description="Its place, for `after` and `before`.")
    node: Coupon = strawberry.field(description="The coupon.")


@strawberry.type(description="A page of coupons, newest first.")
class CouponConnection:
    edges: list[CouponEdge] = strawberry.field(description="The coupons with their places.")
    nodes: list[Coupon] = strawberry.field(description="The coupons alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[CouponRow]) -> "CouponConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(CouponConnection, CouponEdge, _coupon, of(COUPONS.cursor_at, "issued_at", "coupon_id"))
