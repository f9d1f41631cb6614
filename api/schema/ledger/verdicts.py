"""Verdicts: the stored answer to every event."""

from datetime import datetime

import strawberry

from api.context import Info
from api.cursors import VERDICTS, Page
from api.ids import MembersIds
from api.schema.earning.caps import Cap as CapType
from api.schema.enums import KINDS, WAY, EntryKind, Outcome, enum_by_name, way_of
from api.schema.ledger.entries import PointsEntry
from api.schema.ledger.pending import PendingPoints
from api.schema.node import Node
from api.schema.pages import PageInfo
from api.schema.programme.campaigns import Campaign as CampaignType
from api.schema.rows import made_of, of, page_of_rows
from db.ledger.verdict_rows import VerdictRow
from loyalty.messages.sentences import verdict_sentence
from loyalty.programme.rules.campaigns import Campaign


@strawberry.type(description="The stored answer to one event. The same event asked again gets the same verdict.")
class Verdict(Node):
    row: strawberry.Private[VerdictRow]
    outcome: Outcome = strawberry.field(description="How the event was answered.")
    code: str = strawberry.field(description="Stable, upper case: GRANTED, CAP_REACHED, NOT_OFFERED and others.")
    kind: EntryKind = strawberry.field(description="What the event was.")
    way: str | None = strawberry.field(description=WAY)
    points: int = strawberry.field(description="Points of the verdict, campaigns included; below zero: taken.")
    decided_at: datetime = strawberry.field(description="When it was given.")
    terms_version: str = strawberry.field(description="Which dated terms decided, such as gb-2025-06-17.")
    cap: CapType | None = strawberry.field(description="The cap after this event, counting it; null: uncapped.")

    @strawberry.field(description="For the member, in the language of Accept-Language (de en es fr it nl).")
    async def message(self, info: Info) -> str:
        facts = {
            "points": self.row.points,
            "kind": self.row.kind,
            "outcome": self.row.outcome,
            "reference": self.row.reference,
            "resets_at": self.cap.resets_at if self.cap else None,
            "time_zone": await self._time_zone(info),
            "campaigns": [each.name_in(info.context.language) for each in await self._campaigns(info)],
            **(self.row.taking or {}),
        }
        return verdict_sentence(self.row.code, info.context.language, facts)

    @strawberry.field(description="The campaigns that added to it.")
    async def campaigns(self, info: Info) -> list[CampaignType]:
        return [CampaignType.of(campaign, info.context.language) for campaign in await self._campaigns(info)]

    @strawberry.field(description="Its points that are promised and not yet credited.")
    async def pending_points(self, info: Info) -> PendingPoints | None:
        """The promise of the event itself. Those of its campaigns and its streak are in Member.pendingPoints."""
        rows = await info.context.loaders.promises_of_verdict.load((self.row.member_id, self.row.verdict_id))
        own = [row for row in rows if row.kind == self.row.kind]
        return PendingPoints.of(next(iter(own or rows), None))

    @strawberry.field(description="The lines of the points history it made, oldest first.")
    async def entries(self, info: Info) -> list[PointsEntry]:
        rows = await info.context.loaders.entries_of_verdict.load((self.row.member_id, self.row.verdict_id))
        return [PointsEntry.of_row(row) for row in rows]

    async def _time_zone(self, info: Info) -> str | None:
        """The member's time zone, for the moment at which the cap resets. Read only if there is such a moment."""
        if self.cap is None or self.cap.resets_at is None:
            return None
        member = await info.context.loaders.members.load(self.row.member_id)
        return member.time_zone if member else None

    async def _campaigns(self, info: Info) -> tuple[Campaign, ...]:
        if not self.row.campaign_ids:
            return ()
        return (await info.context.loaders.catalogue()).campaigns_called(self.row.campaign_ids)

    @classmethod
    def of(cls, row: VerdictRow | None) -> "Verdict | None":
        """The verdict of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: VerdictRow) -> "Verdict":
        """The verdict of a row."""
        return _verdict(row)


_verdict = made_of(
    Verdict,
    "code",
    "points",
    "decided_at",
    "terms_version",
    id=of(MembersIds("Verdict"), "member_id", "verdict_id"),
    outcome=of(enum_by_name(Outcome), "outcome"),
    kind=of(KINDS.__getitem__, "kind"),
    way=of(way_of, "kind"),
    cap=of(CapType.of_row, "cap"),
)


@strawberry.type(description="A place in a list of verdicts.")
class VerdictEdge:
    cursor: str = strawberry.field(description="Its place, for `after`.")
    node: Verdict = strawberry.field(description="The verdict.")


@strawberry.type(description="A page of verdicts, newest first.")
class VerdictConnection:
    edges: list[VerdictEdge] = strawberry.field(description="The verdicts with their places.")
    nodes: list[Verdict] = strawberry.field(description="The verdicts alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")

    @classmethod
    def of(cls, page: Page[VerdictRow]) -> "VerdictConnection":
        """The connection for a page of rows."""
        return _page(page)


_page = page_of_rows(VerdictConnection, VerdictEdge, _verdict, of(VERDICTS.cursor_at, "decided_at", "verdict_id"))
