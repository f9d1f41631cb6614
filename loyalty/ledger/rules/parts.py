"""One part of a promise: points of one kind and, if any, of one campaign."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One promise of a verdict: the base points, the streak's bonus, or a campaign's bonus (kind CAMPAIGN_BONUS)."""

    kind: str
    points: int
    campaign_id: str | None = None
    reference: str | None = None
