"""The queries: one resolver a field, one SQL query a list."""

import asyncpg
import strawberry
from strawberry.types import Info

from bench.speed.usual.context import Context
from bench.speed.usual.pages import COUPONS, ENTRIES, page_of, place_of
from bench.speed.usual.types import Balance, Connection, Coupon, PointsEntry


@strawberry.type
class Member:
    row: strawberry.Private[asyncpg.Record]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row["id"]))

    @strawberry.field
    def mi_id(self) -> strawberry.ID:
        return strawberry.ID(self.row["mi_id"])

    @strawberry.field
    def balance(self) -> Balance:
        row = self.row
        return Balance(available=row["available"], pending=row["pending"], debt=row["debt"], lifetime=row["lifetime"])

    @strawberry.field
    async def points_history(
        self, info: Info[Context, None], first: int = 20, after: str | None = None
    ) -> Connection[PointsEntry]:
        rows = await info.context.pool.fetch(ENTRIES, self.row["id"], place_of(after), first + 1)
        return page_of(rows, first, PointsEntry.of)

    @strawberry.field
    async def coupons(self, info: Info[Context, None], first: int = 20, after: str | None = None) -> Connection[Coupon]:
        rows = await info.context.pool.fetch(COUPONS, self.row["id"], place_of(after), first + 1)
        return page_of(rows, first, Coupon.of)


@strawberry.type
class Reward:
    id: strawberry.ID
    cost: int


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info[Context, None]) -> Member | None:
        if info.context.mi_id is None:
            return None
        row = await info.context.members.load(info.context.mi_id)
        return Member(row=row) if row is not None else None

    @strawberry.field
    async def rewards(self, info: Info[Context, None], market: str) -> list[Reward]:
        rows = await info.context.pool.fetch(
            "select id, cost from usual.rewards where market = $1 order by cost", market
        )
        return [Reward(id=strawberry.ID(row["id"]), cost=row["cost"]) for row in rows]
