"""The root fields of Query."""

from datetime import date
from typing import Annotated

import strawberry

from api.context import Info
from api.ids import read_id
from api.permissions import EVERYONE, MEMBERS, SERVICES, SERVICES_AND_OWN, SERVICES_NAMED_AND_OWN
from api.prices import EXPENSIVE
from api.schema.arguments import NOT_GIVEN, given
from api.schema.coupons.checkout import coupons_for_cart
from api.schema.lookup import find, may_see, open_market
from api.schema.members.members import Member as MemberType
from api.schema.node import Node as NodeType
from api.schema.operators.liability import liability
from api.schema.orders.orders import Order as OrderType
from api.schema.programme.campaigns import Campaign as CampaignType
from api.schema.programme.rewards import Reward as RewardType
from api.schema.programme.terms import Terms as TermsType
from api.schema.root_fields import mi_id_of, query_field
from api.schema.scalars import Market
from api.schema.support.why import why
from api.schema.webhooks.deliveries import webhook_deliveries
from db import clock
from db.orders.numbers import order_owner
from loyalty.members.export import export_member
from loyalty.programme.rules.calendar import local_day

MarketArgument = Annotated[Market, strawberry.argument(description="Two capital letters, such as ES.")]


@strawberry.type(
    description="All queries. Root fields are nullable, so that a fault in one does not affect the others."
)
class Query:
    @query_field(
        EVERYONE,
        "anything by its id: rewards and campaigns for all, what belongs to a member for that member, and for the "
        "scopes storefront, operator, auditor; webhook deliveries for operator and auditor. Null for what is not there "
        "or not yours.",
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="An id that this API gave.")],
    ) -> NodeType | None:
        return await find(info, read_id(id))

    @query_field(
        MEMBERS,
        "the signed-in member; null when the token's Mi account has not joined yet.",
        example="""query PointsCenter {
  me {
    balance { available pending worth { amountMinor currency } }
    fuel { streakDays nextPoints nextClaimAt }
    waysToEarn { kind points cap { left resetsAt } unavailable { code message } }
    nextReward { missing reward { name } }
    pointsHistory(first: 10) { nodes { points description occurredAt } pageInfo { hasNextPage endCursor } }
  }
}""",
    )
    async def me(self, info: Info) -> MemberType | None:
        mi_id = info.context.caller.name or ""
        return MemberType.of(await info.context.loaders.members_by_mi_id.load(mi_id))

    @query_field(SERVICES, "a member by Mi account id; null for an unknown one.")
    async def member(
        self,
        info: Info,
        mi_id: Annotated[strawberry.ID, strawberry.argument(description="The Mi account id.")],
    ) -> MemberType | None:
        return MemberType.of(await info.context.loaders.members_by_mi_id.load(mi_id))

    @query_field(
        EVERYONE,
        "what points can be turned into, in a market, today; cheapest first.",
        is_public=True,
        example="""query {
  rewards(market: "ES") { id name cost value { amountMinor currency } stockLeft }
}""",
    )
    async def rewards(self, info: Info, market: MarketArgument) -> list[RewardType] | None:
        catalogue = await open_market(info, market)
        now = await clock.now(info.context.programme.db)
        return [RewardType.of(reward) for reward in catalogue.offered(market, now)]

    @query_field(EVERYONE, "campaigns running or announced in a market, soonest first.", is_public=True)
    async def campaigns(self, info: Info, market: MarketArgument) -> list[CampaignType] | None:
        now = await clock.now(info.context.programme.db)
        catalogue = await open_market(info, market)
        coming = [each for each in catalogue.campaigns if market in each.markets and each.over_at > now]
        return [
            CampaignType.of(each, info.context.language)
            for each in sorted(coming, key=lambda each: (each.starts_at, each.id))
        ]

    @query_field(
        EVERYONE, "the programme's terms in a market on a date (default: today); null before the first.", is_public=True
    )
    async def terms(
        self,
        info: Info,
        market: MarketArgument,
        on: Annotated[date | None, strawberry.argument(description="In the market's time zone.")] = NOT_GIVEN,
    ) -> TermsType | None:
        versions = (await open_market(info, market)).terms[market]
        day = given(on) or local_day(await clock.now(info.context.programme.db), versions[-1].zone)
        in_force = [terms for terms in versions if terms.effective_from <= day]
        return TermsType.of(in_force[-1], info.context.language) if in_force else None

    @query_field(
        SERVICES_AND_OWN,
        "an order with what it has earned so far and what it still waits for; null for an unknown one.",
    )
    async def order(
        self,
        info: Info,
        number: Annotated[str, strawberry.argument(description="As the shop numbers it.")],
    ) -> OrderType | None:
        owner = await order_owner(info.context.programme.db, number)
        if owner is None or not await may_see(info, owner):
            return None
        return OrderType.of(await info.context.loaders.orders.load((owner, number)))

    coupons_for_cart = coupons_for_cart
    liability = liability
    webhook_deliveries = webhook_deliveries
    why = why

    @query_field(
        SERVICES_NAMED_AND_OWN,
        "everything held about a member, as JSON text; null for an unknown one.",
        cost=EXPENSIVE,
    )
    async def export_member(
        self,
        info: Info,
        mi_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Whose; a member may leave it out.")
        ] = NOT_GIVEN,
    ) -> str | None:
        return await export_member(info.context.programme, mi_id_of(info, mi_id))
