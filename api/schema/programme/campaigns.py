"""Campaigns: points are multiplied or topped up for a while."""

from datetime import datetime

import strawberry

from api.ids import GlobalId
from api.schema.enums import CampaignEffect, EntryKind, kind_of
from api.schema.node import Node
from api.schema.scalars import Market
from loyalty.programme.rules import campaigns as rules


@strawberry.type(description="For a while, in some markets, certain points are multiplied or topped up.")
class Campaign(Node):
    name: str = strawberry.field(
        description="As it is advertised, in the language of Accept-Language where it has one."
    )
    markets: list[Market] = strawberry.field(description="Where it runs.")
    starts_at: datetime = strawberry.field(description="Its first instant.")
    ends_at: datetime = strawberry.field(description="The first instant after it.")
    effect: CampaignEffect = strawberry.field(description="What it does.")
    kinds: list[EntryKind] = strawberry.field(description="What it is for.")
    factor: float | None = strawberry.field(description="For MULTIPLY: 2 means double; at most two decimals.")
    bonus: int | None = strawberry.field(description="For BONUS: points on top.")
    product_ids: list[strawberry.ID] = strawberry.field(description="For these products; empty for all.")

    @classmethod
    def of(cls, campaign: rules.Campaign, language: str) -> "Campaign":
        """The campaign of a rule's value, with its name in a language."""
        return cls(
            id=strawberry.ID(str(GlobalId("Campaign", local=campaign.id))),
            name=campaign.name_in(language),
            markets=[Market(market) for market in sorted(campaign.markets)],
            starts_at=campaign.starts_at,
            ends_at=campaign.over_at,
            effect=CampaignEffect[campaign.effect],
            kinds=[kind for kind in EntryKind if kind in {kind_of(each) for each in campaign.kinds}],
            factor=float(campaign.factor) if campaign.factor is not None else None,
            bonus=campaign.bonus,
            product_ids=[strawberry.ID(product_id) for product_id in sorted(campaign.product_ids)],
        )
