"""A campaign as it is saved, and as it is stored in the operators' log."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from db import programme as rows
from db.pool import Queryable
from loyalty.programme.rules.campaigns import Campaign

NO_REASON = ""
"""Campaigns need no reason; the log has the operator, the time and the campaign."""


async def write_campaign(db: Queryable, campaign: Campaign) -> None:
    """Adds a campaign."""
    factor = campaign.factor
    await rows.save_campaign(
        db,
        UUID(campaign.id),
        campaign.name,
        sorted(campaign.markets),
        campaign.starts_at,
        campaign.ends_at,
        campaign.effect,
        sorted(campaign.kinds),
        Decimal(factor.numerator) / Decimal(factor.denominator) if factor is not None else None,
        campaign.bonus,
        sorted(campaign.product_ids),
        dict(campaign.names),
    )


def described(campaign: Campaign) -> dict[str, Any]:
    """A campaign as it is stored in the operators' log."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "names": dict(campaign.names),
        "markets": sorted(campaign.markets),
        "kinds": sorted(campaign.kinds),
        "effect": campaign.effect,
        "factor": str(campaign.factor) if campaign.factor is not None else None,
        "bonus": campaign.bonus,
        "product_ids": sorted(campaign.product_ids),
        "starts_at": campaign.starts_at.isoformat(),
        "ends_at": campaign.over_at.isoformat(),
    }
