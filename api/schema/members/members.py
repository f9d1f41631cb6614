"""Member: history, coupons, verdicts, and what can be earned next."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.access import service_only
from api.context import Info
from api.cursors import COUPONS, ENTRIES, NOTICES, PAST_REFUSALS, PENDING, VERDICTS, page_of, window
from api.ids import GlobalId
from api.permissions import AUDITORS
from api.schema.arguments import NOT_GIVEN, After, Before, First, Last, given, page_arguments
from api.schema.coupons.coupons import CouponConnection
from api.schema.enums import CouponState, EntryKind, MemberState, Outcome, enum_by_name, names
from api.schema.ledger.entries import PointsEntryConnection
from api.schema.ledger.notices import NoticeConnection
from api.schema.ledger.pending import PendingPointsConnection
from api.schema.ledger.verdicts import VerdictConnection
from api.schema.members.balance import Balance
from api.schema.members.refusals import PastRefusalConnection
from api.schema.node import Node
from api.schema.programme.ways import FuelStreak, LapsingPoints, RewardProgress, WayToEarn
from api.schema.rows import made_of, of
from api.schema.scalars import Market
from db.coupons.rows import coupons_page, had_of_rewards
from db.ledger.entries import EntryFilter, entries_page
from db.ledger.notices import notices_page
from db.ledger.promises import pending_page
from db.ledger.verdict_rows import verdicts_page
from db.members.rows import MemberRow
from loyalty.earning.overview import fuel_streak, ways_to_earn
from loyalty.members.refused import refusals_of_member
from loyalty.programme.rules.rewards import in_stock, next_reward, within_limit


async def _ledger_kinds(info: Info, kinds: list[str] | None) -> list[str] | None:
    """The kinds in the ledger for kinds of the contract: OTHER is every way that only the terms define (R22)."""
    if kinds is None or EntryKind.OTHER.name not in kinds:
        return kinds
    return [*kinds, *(await info.context.loaders.catalogue()).new_ways]


@strawberry.type(description="A person in the programme: one for every Mi account that has joined.")
class Member(Node):
    row: strawberry.Private[MemberRow]
    mi_id: strawberry.ID = strawberry.field(description="The Mi account id.")
    market: Market = strawberry.field(description="The storefront joined.")
    time_zone: str = strawberry.field(description="IANA zone whose days and months the caps and streaks follow.")
    joined_at: datetime = strawberry.field(description="When the member joined.")
    state: MemberState = strawberry.field(description="Whether the membership can be used.")
    balance: Balance = strawberry.field(description="Points, now.")

    @strawberry.field(description="The ledger as the member sees it, newest first.")
    async def points_history(
        self,
        info: Info,
        first: First = NOT_GIVEN,
        after: After = NOT_GIVEN,
        last: Last = NOT_GIVEN,
        before: Before = NOT_GIVEN,
        kinds: Annotated[
            list[EntryKind] | None, strawberry.argument(description="Only these; null for all.")
        ] = NOT_GIVEN,
        since: Annotated[datetime | None, strawberry.argument(description="Only from this instant on.")] = NOT_GIVEN,
        until: Annotated[datetime | None, strawberry.argument(description="Only before this instant.")] = NOT_GIVEN,
    ) -> PointsEntryConnection:
        stretch = window(page_arguments(first, after, last, before), ENTRIES)
        wanted = EntryFilter(await _ledger_kinds(info, names(given(kinds))), given(since), given(until))
        rows = await entries_page(info.context.programme.db, self.row.member_id, stretch, wanted)
        return PointsEntryConnection.of(page_of(rows, stretch))

    @strawberry.field(description="Points promised and not yet credited, soonest first.")
    async def pending_points(self, info: Info, first: First = 20, after: After = NOT_GIVEN) -> PendingPointsConnection:
        stretch = window(page_arguments(first, after), PENDING)
        rows = await pending_page(info.context.programme.db, self.row.member_id, stretch)
        return PendingPointsConnection.of(page_of(rows, stretch))

    @strawberry.field(description="Coupons, newest first.")
    async def coupons(
        self,
        info: Info,
        first: First = NOT_GIVEN,
        after: After = NOT_GIVEN,
        last: Last = NOT_GIVEN,
        before: Before = NOT_GIVEN,
        states: Annotated[
            list[CouponState] | None, strawberry.argument(description="Only these; null for all.")
        ] = NOT_GIVEN,
    ) -> CouponConnection:
        stretch = window(page_arguments(first, after, last, before), COUPONS)
        rows = await coupons_page(info.context.programme.db, self.row.member_id, stretch, names(given(states)))
        return CouponConnection.of(page_of(rows, stretch))

    @strawberry.field(
        description="Every way to earn in this market (the streak's bonus is part of FUEL), "
        "with what is left of its cap now."
    )
    async def ways_to_earn(self, info: Info) -> list[WayToEarn]:
        progress = await info.context.loaders.progress.load(self.row)
        catalogue = await info.context.loaders.catalogue_for(self.row)
        terms = catalogue.terms_in_force(self.row.market, self.row.now)
        ways = ways_to_earn(self.row, progress, terms, catalogue)
        return [WayToEarn.of(way, terms, self.row.state, info.context.language) for way in ways]

    @strawberry.field(description="The fuel streak as it stands now.")
    async def fuel(self, info: Info) -> FuelStreak:
        progress = await info.context.loaders.progress.load(self.row)
        catalogue = await info.context.loaders.catalogue_for(self.row)
        return FuelStreak.of(fuel_streak(self.row, progress, catalogue))

    @strawberry.field(
        description="The cheapest reward not yet affordable of which the member may have another one, and how far it "
        "is. Null when all are affordable."
    )
    async def next_reward(self, info: Info) -> RewardProgress | None:
        loaders = info.context.loaders
        rewards = (await loaders.catalogue_for(self.row)).offered(self.row.market, self.row.now)
        left = in_stock(rewards, await loaders.stock_of(rewards))
        limited = [each.reward_id for each in left if each.per_member is not None]
        had = await had_of_rewards(info.context.programme.db, self.row.member_id, limited) if limited else {}
        found = next_reward(within_limit(left, had), self.row.available)
        return RewardProgress.of(found)

    @strawberry.field(description="What lapses when, soonest first; empty where nothing does.")
    async def lapsing(self, info: Info) -> list[LapsingPoints]:
        progress = await info.context.loaders.progress.load(self.row)
        return [LapsingPoints(points=points, lapses_on=lapses_on) for lapses_on, points in progress.lots]

    @strawberry.field(description="One answer for every event that was ever sent for this member, newest first.")
    async def verdicts(
        self,
        info: Info,
        first: First = 20,
        after: After = NOT_GIVEN,
        outcomes: Annotated[
            list[Outcome] | None, strawberry.argument(description="Only these; null for all.")
        ] = NOT_GIVEN,
    ) -> VerdictConnection:
        stretch = window(page_arguments(first, after), VERDICTS)
        rows = await verdicts_page(info.context.programme.db, self.row.member_id, stretch, names(given(outcomes)))
        return VerdictConnection.of(page_of(rows, stretch))

    @strawberry.field(
        description="What the member was told and when: points about to lapse or lapsed, a coupon about to expire, "
        "points taken back. Newest first."
    )
    async def notices(self, info: Info, first: First = 20, after: After = NOT_GIVEN) -> NoticeConnection:
        stretch = window(page_arguments(first, after), NOTICES)
        rows = await notices_page(info.context.programme.db, self.row.member_id, stretch)
        return NoticeConnection.of(page_of(rows, stretch))

    @strawberry.field(
        description="operator, auditor, and a member its own: every refusal that the member got when redeeming, at "
        "checkout or joining, newest first. The moment, the code and the sentence of each."
    )
    async def refusals(self, info: Info, first: First = 20, after: After = NOT_GIVEN) -> PastRefusalConnection | None:
        if not info.context.caller.is_member:
            service_only(info.context.caller, *AUDITORS.scopes)
        stretch = window(page_arguments(first, after), PAST_REFUSALS)
        return PastRefusalConnection.of(
            page_of(await refusals_of_member(info.context.programme, self.row, stretch), stretch)
        )

    @classmethod
    def of(cls, row: MemberRow | None) -> "Member | None":
        """The member of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: MemberRow) -> "Member":
        """The member of a row."""
        return _member(row)


_member = made_of(
    Member,
    "mi_id",
    "market",
    "time_zone",
    "joined_at",
    id=lambda row: str(GlobalId("Member", row.member_id)),
    state=of(enum_by_name(MemberState), "state"),
    balance=Balance.of_row,
)
