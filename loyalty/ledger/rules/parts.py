"""A part of what is promised: points of one kind, of one campaign."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One entry to come: the base, the streak's bonus, or what one campaign adds (kind CAMPAIGN_BONUS)."""

    kind: str
    points: int
    campaign_id: str | None = None
    reference: str | None = None
