"""Notices: messages of the programme to a member."""

from datetime import date, datetime

import strawberry

from api.context import Info
from api.cursors import NOTICES, Page
from api.ids import MembersIds
from api.schema.enums import NoticeKind, enum_by_name
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.rows import made_of, of, page_of_rows
from db.ledger.notices import NoticeRow
from loyalty.messages.sentences import notice_sentence


@strawberry.type(description="A message of the programme to a member.")
class Notice(Node):
    row: strawberry.Private[NoticeRow]
    kind: NoticeKind = strawberry.field(description="What it is about.")
    points: int | None = strawberry.field(description="How many points it is about; null where it is about none.")
    lapses_on: date | None = strawberry.field(
        description="The day from which the points, or the coupon, are gone; null where nothing lapses."
    )
    created_at: datetime = strawberry.field(description="When it was written.")
    sent_at: datetime | None = strawberry.field(description="When it was sent; null while it was not.")

    @strawberry.field(description="For the member, in the language of Accept-Language (de en es fr it nl).")
    def message(self, info: Info) -> str:
        row = self.row
        facts = {
            "points": row.points,
            "lapses_on": row.lapses_on,
            "reference": row.reference,
            "cause": row.cause,
            "debt": row.debt,
        }
        return notice_sentence(row.kind, info.context.language, facts)

    @classmethod
    def of(cls, row: NoticeRow | None) -> "Notice | None":
        """The notice of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: NoticeRow) -> "Notice":
        """The notice of a row."""
        return _notice(row)


_notice = made_of(
    Notice,
    "points",
    "lapses_on",
    "created_at",
    "sent_at",
    id=of(MembersIds("Notice"), "member_id", "notice_id"),
    kind=of(enum_by_name(NoticeKind), "kind"),
)


@strawberry.type(description="A place in a list of notices.")
class NoticeEdge:
    cursor: str = strawberry.field(description="Its place, for `after`.")
    node: Notice = strawberry.field(description="The notice.")


@strawberry.type(description="A page of notices, newest first.")
class NoticeConnection:
    edges: list[NoticeEdge] = strawberry.field(description="The notices with their places.")
    nodes: list[Notice] = strawberry.field(description="The notices alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[NoticeRow]) -> "NoticeConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(NoticeConnection, NoticeEdge, _notice, of(NOTICES.cursor_at, "created_at", "notice_id"))
