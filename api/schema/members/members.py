"""The member's world."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from api.context import Info
from api.cursors import COUPONS, ENTRIES, NOTICES, PENDING, VERDICTS, page_of, window
from api.ids import GlobalId
from api.schema.arguments import NOT_GIVEN, After, Before, First, Last, given, page_arguments
from api.schema.coupons.coupons import CouponConnection
from api.schema.enums import CouponState, EntryKind, MemberState, Outcome, names
from api.schema.ledger.entries import PointsEntryConnection
from api.schema.ledger.notices import NoticeConnection
from api.schema.ledger.pending import PendingPointsConnection
from api.schema.ledger.verdicts import VerdictConnection
from api.schema.money import Money
from api.schema.node import Node
from api.schema.programme.rewards import Reward as RewardType
from api.schema.programme.ways import FuelStreak, LapsingPoints, RewardProgress, WayToEarn
from api.schema.scalars import Market
from db.coupons.rows import coupons_page
from db.earning import recent_fuel_days, slots_of_periods
from db.ledger.entries import EntryFilter, entries_page
from db.ledger.lots import lapsing_lots
from db.ledger.notices import notices_page
from db.ledger.promises import pending_page
from db.ledger.verdict_rows import verdicts_page
from db.limits import FUEL_DAYS
from db.members.rows import MemberRow
from loyalty.earning.rules.activity import EarningContext, ways_now
from loyalty.earning.rules.caps import Slot
from loyalty.earning.rules.fuel import FuelDay, fuel_view
from loyalty.programme.catalogue import Catalogue, Reward
from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.rewards import next_reward, worth_minor
from loyalty.programme.rules.terms import Terms


@strawberry.type(description="A member's points.")
class Balance:
    row: strawberry.Private[MemberRow]
    available: int = strawberry.field(description="Spendable now; never negative.")
    pending: int = strawberry.field(description="Promised, not yet credited.")
    debt: int = strawberry.field(
        description="Owed after a return of points already spent; later credits repay it first."
    )
    lifetime: int = strawberry.field(description="Ever credited, clawbacks taken off.")

    @strawberry.field(description="Available at the market's exact rate: 650 points are worth 6.50.")
    async def worth(self, info: Info) -> Money:
        terms = terms_of(self.row, await info.context.loaders.catalogue())
        return Money(amount_minor=worth_minor(self.available, terms.points_per_unit_spent), currency=terms.currency)


async def _kept_as(info: Info, kinds: list[str] | None) -> list[str] | None:
    """Kinds as the books keep them: OTHER is every way that only terms know (R22)."""
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
        wanted = EntryFilter(await _kept_as(info, names(given(kinds))), given(since), given(until))
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
        catalogue = await info.context.loaders.catalogue()
        terms = terms_of(self.row, catalogue)
        ways = ways_now(terms, calendar_of(self.row), await self._known(info, catalogue), self.row.now)
        return [WayToEarn.of(way, terms, self.row.state, info.context.language) for way in ways]

    @strawberry.field(description="The fuel streak as it stands now.")
    async def fuel(self, info: Info) -> FuelStreak:
        catalogue = await info.context.loaders.catalogue()
        calendar, now = calendar_of(self.row), self.row.now
        view = fuel_view(
            await self._fuel_days(info),
            calendar.day(now),
            now,
            calendar,
            terms_of(self.row, catalogue),
            catalogue.campaigns,
        )
        return FuelStreak.of(view)

    @strawberry.field(
        description="The cheapest reward not yet affordable, and how far it is. Null when all are affordable."
    )
    async def next_reward(self, info: Info) -> RewardProgress | None:
        rewards = await offered_rewards(info, self.row.market, self.row.now)
        found = next_reward((reward for reward, left in rewards if left != 0), self.row.available)
        if found is None:
            return None
        reward, missing = found
        return RewardProgress(reward=RewardType.of(reward), missing=missing)

    @strawberry.field(description="What lapses when, soonest first; empty where nothing does.")
    async def lapsing(self, info: Info) -> list[LapsingPoints]:
        lots = await lapsing_lots(info.context.programme.db, self.row.member_id)
        return [LapsingPoints(points=points, lapses_on=lapses_on) for lapses_on, points in lots]

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

    async def _known(self, info: Info, catalogue: Catalogue) -> EarningContext:
        """What rules need to say what is left of each cap: this day's, this month's and lasting slots."""
        calendar, now = calendar_of(self.row), self.row.now
        periods = ["", calendar.month(now), calendar.day(now).isoformat()]
        taken = await slots_of_periods(info.context.programme.db, self.row.member_id, periods)
        fuel_days = await self._fuel_days(info)
        slots = {Slot(kind, period, n) for kind, period, n in taken}
        slots |= {Slot(EntryKind.FUEL.name, day.day.isoformat(), 1) for day in fuel_days}
        return EarningContext(frozenset(slots), fuel_days, catalogue.campaigns)

    async def _fuel_days(self, info: Info) -> tuple[FuelDay, ...]:
        since = (self.row.now - timedelta(days=FUEL_DAYS)).date()
        days = await recent_fuel_days(info.context.programme.db, self.row.member_id, since)
        return tuple(FuelDay(day, streak, bonuses) for day, streak, bonuses in days)

    @classmethod
    def of(cls, row: MemberRow | None) -> "Member | None":
        """A member as it was read; None for none."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: MemberRow) -> "Member":
        """A member as it was read."""
        return cls(
            row=row,
            id=strawberry.ID(str(GlobalId("Member", row.member_id))),
            mi_id=strawberry.ID(row.mi_id),
            market=Market(row.market),
            time_zone=row.time_zone,
            joined_at=row.joined_at,
            state=MemberState[row.state],
            balance=Balance(
                row=row,
                available=row.available,
                pending=row.pending,
                debt=row.debt,
                lifetime=row.lifetime,
            ),
        )


def calendar_of(row: MemberRow) -> Calendar:
    """The calendar that the member's caps and streaks follow (R20)."""
    return Calendar(row.time_zone, row.zone_before, row.zone_since)


def terms_of(row: MemberRow, catalogue: Catalogue) -> Terms:
    """The terms in force in the member's market now."""
    terms = catalogue.terms_for(row.market, row.now)
    if terms is None:
        raise LookupError(f"No terms are in force in {row.market} at {row.now}.")
    return terms


async def offered_rewards(info: Info, market: str, moment: datetime) -> list[tuple[Reward, int | None]]:
    """The rewards whose offer is open in a market, cheapest first, each with what is left of its stock now."""
    loaders = info.context.loaders
    catalogue = await loaders.catalogue()
    offered = [each for each in catalogue.rewards if each.market == market and each.is_offered(moment)]
    limited = [each.reward_id for each in offered if each.stock_left is not None]
    left = dict(zip(limited, await loaders.stock.load_many(limited), strict=True)) if limited else {}
    ordered = sorted(offered, key=lambda reward: (reward.cost, reward.reward_id))
    return [(reward, left.get(reward.reward_id)) for reward in ordered]
