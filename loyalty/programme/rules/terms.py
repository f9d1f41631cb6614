"""The terms of the programme in one market and version: every number that a rule needs (R2, R22, R40)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from loyalty.programme.rules.calendar import start_of_day
from loyalty.programme.rules.kinds import CapPeriod

EarnBasis = Literal["invoice", "goods"]
TakingBack = Literal["automatic", "operator"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to earn: points for one, the cap (None: uncapped), its hold in seconds (None: the market's).

    `actions`, for a way that the contract does not define: the text for the member, by language (R22). If empty,
    a general text is used.
    """

    kind: str
    points: int
    cap_limit: int | None = None
    cap_period: CapPeriod | None = None
    hold_seconds: int | None = None
    actions: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class StreakTerm:
    """R18: so many consecutive days earn so many extra points."""

    days: int
    points: int


@dataclass(frozen=True, slots=True)
class RewardTerm:
    """A coupon of the catalogue (R40): value in minor units, cost in points, validity in days (R42)."""

    market: str
    id: str
    name: str
    value_minor: int
    currency: str
    cost: int
    valid_days: int
    conditions: str


@dataclass(frozen=True, slots=True)
class Terms:
    """One dated version of a market's terms. The first time zone is the default."""

    market: str
    version: str
    effective_from: date
    currency: str
    time_zones: tuple[str, ...]
    points_per_unit: int
    points_per_unit_spent: int
    minimum_age: int
    hold_seconds: int
    lapse_after_months: int | None
    adjust_threshold: int
    late_hours: int
    future_seconds: int
    earn_basis: EarnBasis
    reservation_minutes: int
    coupon_notice_days: int
    velocity_per_minute: int
    waiting_days: int
    taking_back: Mapping[str, TakingBack] = field(hash=False)
    ways: Mapping[str, Way] = field(hash=False)
    streak: StreakTerm | None
    rewards: tuple[RewardTerm, ...] = ()

    @property
    def zone(self) -> str:
        """The market's default time zone."""
        return self.time_zones[0]

    def way(self, kind: str) -> Way | None:
        """The way to earn of a kind; None where these terms do not offer it (R22)."""
        return self.ways.get(kind)

    def takes_back(self, kind: str) -> TakingBack:
        """How points are taken back when a review or share is removed (R35): automatic, unless the terms differ."""
        return self.taking_back.get(kind, "automatic")


def terms_at(versions: Sequence[Terms], moment: datetime) -> Terms | None:
    """The version of one market in force at a moment: the latest begun; None before the first.

    A version begins at midnight of its date in the market's default zone.
    """
    begun = [terms for terms in versions if start_of_day(terms.effective_from, terms.zone) <= moment]
    return max(begun, key=lambda terms: terms.effective_from, default=None)


def by_market(versions: Iterable[Terms]) -> dict[str, tuple[Terms, ...]]:
    """All versions by market, earliest first."""
    markets: dict[str, tuple[Terms, ...]] = {}
    for terms in sorted(versions, key=lambda each: (each.market, each.effective_from)):
        markets[terms.market] = (*markets.get(terms.market, ()), terms)
    return markets


def zones_of(versions: Iterable[Terms]) -> dict[str, str]:
    """Each market's default zone, by its latest version."""
    return {market: of_market[-1].zone for market, of_market in by_market(versions).items()}


def catalogue_of(terms: Terms) -> tuple[RewardTerm, ...]:
    """The market's standing coupons (R40), cheapest first."""
    return tuple(sorted(terms.rewards, key=lambda reward: reward.cost))
