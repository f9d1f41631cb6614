"""Points promised and not yet credited."""

from datetime import datetime

import strawberry

from api.cursors import PENDING, Page
from api.ids import MembersIds
from api.schema.enums import KINDS, WAY, Awaiting, EntryKind, enum_by_name, way_of
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.rows import made_of, of, page_of_rows
from db.ledger.promises import PromiseRow


@strawberry.type(description="Points that are promised and will be credited, or cancelled, once.")
class PendingPoints(Node):
    kind: EntryKind = strawberry.field(description="What they are for.")
    way: str | None = strawberry.field(description=WAY)
    points: int = strawberry.field(description="How many.")
    promised_at: datetime = strawberry.field(description="When they were promised.")
    due_at: datetime | None = strawberry.field(
        description="When they will be credited; null while they wait for something else than time."
    )
    awaiting: Awaiting = strawberry.field(description="What they wait for.")
    reference: str | None = strawberry.field(description="What they are about, such as an order number.")

    @classmethod
    def of(cls, row: PromiseRow | None) -> "PendingPoints | None":
        """The promise of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: PromiseRow) -> "PendingPoints":
        """The promise of a row."""
        return _pending(row)


_pending = made_of(
    PendingPoints,
    "points",
    "promised_at",
    "due_at",
    "reference",
    id=of(MembersIds("PendingPoints"), "member_id", "promise_id"),
    kind=of(KINDS.__getitem__, "kind"),
    way=of(way_of, "kind"),
    awaiting=of(enum_by_name(Awaiting), "awaiting"),
)


@strawberry.type(description="A place in a list of promised points.")
class PendingPointsEdge:
    cursor: str = strawberry.field(description="Its place, for `after`.")
    node: PendingPoints = strawberry.field(description="The promised points.")


@strawberry.type(description="A page of promised points, soonest first.")
class PendingPointsConnection:
    edges: list[PendingPointsEdge] = strawberry.field(description="The promises with their places.")
    nodes: list[PendingPoints] = strawberry.field(description="The promises alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[PromiseRow]) -> "PendingPointsConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(
    PendingPointsConnection, PendingPointsEdge, _pending, of(PENDING.cursor_at, "due_at", "promise_id")
)
