"""The points history: the ledger as the member sees it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.cursors import Page, entry_cursor
from api.ids import MembersIds
from api.schema.enums import KINDS, WAY, EntryKind, way_of
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.rows import made_of, of, page_of_rows
from db.ledger.entries import EntryRow
from loyalty.messages.sentences import entry_sentence

if TYPE_CHECKING:
    from api.schema.ledger.verdicts import Verdict


@strawberry.type(description="One line of a member's points history. Lines are added, and never changed.")
class PointsEntry(Node):
    row: strawberry.Private[EntryRow]
    kind: EntryKind = strawberry.field(description="What it is about.")
    way: str | None = strawberry.field(description=WAY)
    points: int = strawberry.field(description="Signed: credits above zero, debits below.")
    balance_after: int = strawberry.field(description="Available points right after this entry.")
    occurred_at: datetime = strawberry.field(description="When it took effect.")
    reference: str | None = strawberry.field(
        description="What it is about: an order number, a product, a coupon code, a campaign."
    )

    @strawberry.field(
        description="One sentence for the member, in the language of Accept-Language (de en es fr it nl)."
    )
    def description(self, info: Info) -> str:
        taking = self.row.taking or {}
        facts = {
            "reference": self.row.reference,
            "points": self.row.points,
            "cause": taking.get("cause"),
            "debt": taking.get("debt"),
        }
        return entry_sentence(self.row.kind, info.context.language, facts)

    @strawberry.field(description="The entry this one takes back.")
    async def reverses(self, info: Info) -> "PointsEntry | None":
        if self.row.reverses is None:
            return None
        return PointsEntry.of(await info.context.loaders.entries.load((self.row.member_id, self.row.reverses)))

    @strawberry.field(description="The verdict behind it; null if there is none, as for a lapse.")
    async def verdict(self, info: Info) -> Annotated["Verdict", strawberry.lazy("api.schema.ledger.verdicts")] | None:
        from api.schema.ledger.verdicts import Verdict

        if self.row.verdict_id is None:
            return None
        return Verdict.of(await info.context.loaders.verdicts.load((self.row.member_id, self.row.verdict_id)))

    @classmethod
    def of(cls, row: EntryRow | None) -> "PointsEntry | None":
        """The entry of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: EntryRow) -> "PointsEntry":
        """The entry of a row."""
        return _entry(row)


_entry = made_of(
    PointsEntry,
    "points",
    "balance_after",
    "occurred_at",
    "reference",
    id=of(MembersIds("PointsEntry", is_numbered=True), "member_id", "seq"),
    kind=of(KINDS.__getitem__, "kind"),
    way=of(way_of, "kind"),
)


@strawberry.type(description="A place in a points history.")
class PointsEntryEdge:
    cursor: str = strawberry.field(description="Its place, for `after` and `before`.")
    node: PointsEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of a points history, newest first.")
class PointsEntryConnection:
    edges: list[PointsEntryEdge] = strawberry.field(description="The entries with their places.")
    nodes: list[PointsEntry] = strawberry.field(description="The entries alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[EntryRow]) -> "PointsEntryConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(PointsEntryConnection, PointsEntryEdge, _entry, of(entry_cursor, "seq"))
