"""Objects of the schema, made from rows."""

from datetime import datetime
from typing import Generic, Self, TypeVar

import asyncpg
import strawberry

T = TypeVar("T")


@strawberry.type
class Money:
    amount_minor: int
    currency: str


@strawberry.type
class Balance:
    available: int
    pending: int
    debt: int
    lifetime: int

    @strawberry.field
    def worth(self) -> Money:
        return Money(amount_minor=self.available, currency="EUR")


@strawberry.type
class PointsEntry:
    id: strawberry.ID
    kind: str
    points: int
    balance_after: int
    occurred_at: datetime
    reference: str | None

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        return cls(
            id=strawberry.ID(str(row["id"])),
            kind=row["kind"],
            points=row["points"],
            balance_after=row["balance_after"],
            occurred_at=row["occurred_at"],
            reference=row["reference"],
        )


@strawberry.type
class Coupon:
    id: strawberry.ID
    code: str
    state: str
    cost: int
    value: Money
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        return cls(
            id=strawberry.ID(str(row["id"])),
            code=row["code"],
            state=row["state"],
            cost=row["cost"],
            value=Money(amount_minor=row["value_minor"], currency=row["currency"]),
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
        )


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    page_info: PageInfo
