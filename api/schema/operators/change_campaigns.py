"""createCampaign and endCampaign: an operator starts and stops a campaign."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated

import strawberry

from api.context import Info
from api.ids import read_id
from api.permissions import OPERATOR
from api.schema.arguments import IdempotencyKey, given
from api.schema.enums import CampaignEffect, EntryKind
from api.schema.programme.campaigns import Campaign as CampaignType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, NotAllowed, NotFound
from api.schema.root_fields import mutation_field
from api.schema.scalars import Market
from api.schema.texts import valid_text
from loyalty.operators.campaigns import create_campaign as make
from loyalty.operators.campaigns import end_campaign as stop
from loyalty.programme.rules.campaign_check import CampaignToCheck


@strawberry.input(description="A campaign to be made. An event counts for it by its own moment, so it may be past.")
class CampaignInput:
    name: str = strawberry.field(description="As it is advertised.")
    markets: list[Market] = strawberry.field(description="Where it runs.")
    starts_at: datetime = strawberry.field(description="Its first instant.")
    ends_at: datetime = strawberry.field(description="The first instant after it.")
    effect: CampaignEffect = strawberry.field(description="What it does.")
    kinds: list[EntryKind] = strawberry.field(description="What it is for: ways to earn.")
    factor: float | None = strawberry.field(
        default=strawberry.UNSET, description="For MULTIPLY: above 1, with at most two decimals."
    )
    bonus: int | None = strawberry.field(default=strawberry.UNSET, description="For BONUS: points on top.")
    product_ids: list[strawberry.ID] | None = strawberry.field(
        default_factory=list, description="For these products; empty for all."
    )

    def to_domain(self) -> CampaignToCheck:
        """The campaign for the programme. Raises InvalidInput for texts that are empty or too long."""
        factor = given(self.factor)
        return CampaignToCheck(
            name=valid_text(self.name, "input", "name"),
            markets=tuple(self.markets),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            effect="MULTIPLY" if self.effect is CampaignEffect.MULTIPLY else "BONUS",
            kinds=tuple(kind.name for kind in self.kinds),
            factor=Fraction(str(factor)) if factor is not None else None,
            bonus=given(self.bonus),
            product_ids=_products(self.product_ids or ()),
        )


def _products(product_ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(valid_text(each, "input", "productIds", str(place)) for place, each in enumerate(product_ids))


@strawberry.type(description="The campaign was saved.")
class CampaignSaved:
    campaign: CampaignType = strawberry.field(description="The campaign, as it is now.")


CampaignResult = Annotated[
    CampaignSaved | InvalidInput | NotFound | IdempotencyMismatch | NotAllowed,
    strawberry.union("CampaignResult", description="The answer to a change of a campaign."),
]


@mutation_field(OPERATOR, "for a while, multiply or top up what is earned.")
async def create_campaign(info: Info, input: CampaignInput, idempotency_key: IdempotencyKey) -> CampaignResult | None:
    caller = info.context.caller
    return await _saved(info, await make(info.context.programme, caller, input.to_domain(), idempotency_key))


@mutation_field(OPERATOR, "it stops now; what it granted stays.")
async def end_campaign(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="The campaign to stop.")],
    idempotency_key: IdempotencyKey,
) -> CampaignResult | None:
    caller = info.context.caller
    named = read_id(id)
    campaign_id = named.local if named is not None and named.type == "Campaign" else None
    return await _saved(info, await stop(info.context.programme, caller, campaign_id, idempotency_key))


async def _saved(info: Info, campaign_id: str) -> CampaignSaved:
    campaign = (await info.context.loaders.catalogue()).campaign(campaign_id)
    if campaign is None:
        raise LookupError(f"The campaign {campaign_id} was saved and is not there.")
    return CampaignSaved(campaign=CampaignType.of(campaign, info.context.language))
