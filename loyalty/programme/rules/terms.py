"""The terms of the programme in one market and version: every number that a rule needs (R2, R22, R40)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyalty.programme.rules.calendar import start_of_day
from loyalty.programme.rules.document import BadDocument, Fields
from loyalty.programme.rules.kinds import LANGUAGES, CapPeriod, EntryKind, is_new_kind

EarnBasis = Literal["invoice", "goods"]
TakingBack = Literal["automatic", "operator"]

MOST_LATE_HOURS = 18 * 24
"""R23: a claim of fuel is judged by the day before it and by its own day, which may be a day earlier in the member's
zone than in UTC. A decision reads fuel days back to FUEL_DAYS (db/limits.py)."""

# Ways with their own place in the file: a purchase's points per unit, and the streak's table.
_WITH_OWN_PLACE = (EntryKind.PURCHASE, EntryKind.FUEL_STREAK)
_NEVER_A_WAY = (
    EntryKind.CAMPAIGN_BONUS,
    EntryKind.REDEMPTION,
    EntryKind.CLAWBACK,
    EntryKind.LAPSE,
    EntryKind.ADJUSTMENT,
    EntryKind.OTHER,
)
# Kinds whose rule is more than a number: the cap their rule is written for.
_PERIOD_OF_KIND = {
    EntryKind.SIGN_UP: CapPeriod.ONCE,
    EntryKind.APP_SIGN_IN: CapPeriod.ONCE,
    EntryKind.REVIEW: CapPeriod.PER_PRODUCT,
    EntryKind.FUEL: CapPeriod.DAY,
}


class BadTerms(BadDocument):
    """A terms file that cannot be used; the sentence names the field."""


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
        """Who takes points back when a review or share is removed (R35): automatic, unless the terms differ."""
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


def check_together(versions: Iterable[Terms]) -> None:
    """Checks versions against each other: none may share a name, a first day or another market's reward, and none may
    change a market's currency.

    Raises BadTerms.
    """
    markets = by_market(versions)
    sold: dict[str, str] = {}
    for market, of_market in markets.items():
        if len({terms.version for terms in of_market}) < len(of_market):
            raise BadTerms(f"version names one of {market} twice.")
        if len({terms.effective_from for terms in of_market}) < len(of_market):
            raise BadTerms(f"effective_from is the same day for two versions of {market}.")
        if len({terms.currency for terms in of_market}) > 1:
            raise BadTerms(f"currency changes between two versions of {market}.")
        for reward in (reward for terms in of_market for reward in terms.rewards):
            if sold.setdefault(reward.id, market) != market:
                raise BadTerms(f"rewards name {reward.id}, which is a reward of {sold[reward.id]}.")


def catalogue_of(terms: Terms) -> tuple[RewardTerm, ...]:
    """The market's standing coupons (R40), cheapest first."""
    return tuple(sorted(terms.rewards, key=lambda reward: reward.cost))


def terms_from(document: Mapping[str, object]) -> Terms:
    """The terms of a file, read from TOML or JSON. Raises BadTerms with a sentence that names the wrong field."""
    file = Fields(document, BadTerms)
    market = _pattern(file, "market", "[A-Z]{2}", "two capital letters (ISO 3166-1)")
    currency = _pattern(file, "currency", "[A-Z]{3}", "three capital letters (ISO 4217)")
    points_per_unit = file.number("points_per_unit", at_least=1)
    points_per_unit_spent = file.number("points_per_unit_spent", at_least=1)
    streak = _streak(file)
    ways = _ways(file.table("ways"), points_per_unit, streak)
    terms = Terms(
        market=market,
        version=_pattern(file, "version", "[a-z0-9-]{1,64}", "small letters, digits and dashes"),
        effective_from=file.date("effective_from"),
        currency=currency,
        time_zones=_time_zones(file),
        points_per_unit=points_per_unit,
        points_per_unit_spent=points_per_unit_spent,
        minimum_age=file.number("minimum_age", at_least=0),
        hold_seconds=file.number("hold_seconds", at_least=0),
        lapse_after_months=_lapse_after_months(file),
        adjust_threshold=file.number("adjust_threshold", at_least=0),
        late_hours=file.number("late_hours", at_least=0, at_most=MOST_LATE_HOURS),
        future_seconds=file.number("future_seconds", at_least=0),
        earn_basis="goods" if file.one_of("earn_basis", "invoice", "goods") == "goods" else "invoice",
        reservation_minutes=file.number("reservation_minutes", at_least=1),
        coupon_notice_days=file.number("coupon_notice_days", at_least=1),
        velocity_per_minute=file.number("velocity_per_minute", at_least=60),
        waiting_days=file.number("waiting_days", at_least=1),
        taking_back=_taking_back(file.table("taking_back"), ways),
        ways=ways,
        streak=streak,
        rewards=_rewards(file, market, currency, points_per_unit_spent),
    )
    file.nothing_else()
    return terms


def _pattern(file: Fields, name: str, pattern: str, meaning: str) -> str:
    value = file.text(name)
    if not re.fullmatch(pattern, value):
        raise file.wrong(name, f"must be {meaning}")
    return value


def _time_zones(file: Fields) -> tuple[str, ...]:
    """Known IANA zones, the default first."""
    zones = file.texts("time_zones")
    for zone in zones:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise file.wrong("time_zones", f"names {zone}, which is not a known zone") from None
    return zones


def _lapse_after_months(file: Fields) -> int | None:
    """R50. TOML has no null, so a file has "never" instead."""
    months = file.get("lapse_after_months")
    if months == "never" or (months is None and file.has("lapse_after_months")):
        return None
    return file.number("lapse_after_months", at_least=1)


def _streak(file: Fields) -> StreakTerm | None:
    if not file.has("streak"):
        return None
    table = file.table("streak")
    streak = StreakTerm(table.number("days", at_least=2), table.number("points", at_least=1))
    table.nothing_else()
    return streak


def _ways(tables: Fields, points_per_unit: int, streak: StreakTerm | None) -> Mapping[str, Way]:
    """The ways to earn by kind, the contract's kinds first and in its order, new kinds (R22) after them."""
    ways = {EntryKind.PURCHASE.value: Way(EntryKind.PURCHASE.value, points_per_unit)}
    if streak is not None:
        ways[EntryKind.FUEL_STREAK.value] = Way(EntryKind.FUEL_STREAK.value, streak.points)
    for kind in tables.names():
        ways[kind] = _way(tables, kind)
    if streak is not None and EntryKind.FUEL not in ways:
        raise tables.wrong(EntryKind.FUEL, "is missing, and the streak needs it")
    order = {kind.value: place for place, kind in enumerate(EntryKind)}
    return MappingProxyType({k: ways[k] for k in sorted(ways, key=lambda kind: (order.get(kind, 99), kind))})


def _way(tables: Fields, kind: str) -> Way:
    is_known = kind in EntryKind.__members__ and kind not in (*_WITH_OWN_PLACE, *_NEVER_A_WAY)
    if not is_known and not is_new_kind(kind):
        raise tables.wrong(kind, "is not a way of its own")
    table = tables.table(kind)
    points = table.number("points", at_least=1)
    limit, period = _cap(table)
    hold = table.number("hold_seconds", at_least=0) if table.has("hold_seconds") else None
    needed = _PERIOD_OF_KIND.get(EntryKind(kind)) if kind in EntryKind.__members__ else None
    if needed is not None and (limit, period) != (1, needed):
        raise table.wrong("cap_period", f"must be {needed} with a cap_limit of 1")
    actions = _actions(table) if is_new_kind(kind) and table.has("actions") else {}
    table.nothing_else()
    return Way(kind, points, limit, period, hold, actions)


def _actions(table: Fields) -> Mapping[str, str]:
    """The text of a way for the member, in every language of messages."""
    texts = table.table("actions")
    actions = {language: texts.text(language) for language in LANGUAGES}
    texts.nothing_else()
    return MappingProxyType(actions)


def _cap(table: Fields) -> tuple[int | None, CapPeriod | None]:
    """Limit and period, both or neither. ONCE and PER_PRODUCT need a limit of 1."""
    if not table.has("cap_limit") and not table.has("cap_period"):
        return None, None
    limit = table.number("cap_limit", at_least=1)
    period = CapPeriod(table.one_of("cap_period", *CapPeriod))
    if limit > 1 and period in (CapPeriod.ONCE, CapPeriod.PER_PRODUCT):
        raise table.wrong("cap_limit", f"must be 1 where cap_period is {period}")
    return limit, period


def _taking_back(table: Fields, ways: Mapping[str, Way]) -> Mapping[str, TakingBack]:
    """R35: the policy per kind."""
    policies: dict[str, TakingBack] = {}
    for kind in table.names():
        if kind not in ways:
            raise table.wrong(kind, "is not a way these terms offer")
        by_operator = table.one_of(kind, "automatic", "operator") == "operator"
        policies[kind] = "operator" if by_operator else "automatic"
    return MappingProxyType(policies)


def _rewards(file: Fields, market: str, currency: str, points_per_unit_spent: int) -> tuple[RewardTerm, ...]:
    tables = file.tables("rewards") if file.has("rewards") else []
    rewards = tuple(_reward(table, market, currency, points_per_unit_spent) for table in tables)
    if len({reward.id for reward in rewards}) != len(rewards):
        raise file.wrong("rewards", "name an id twice")
    return rewards


def _reward(table: Fields, market: str, currency: str, points_per_unit_spent: int) -> RewardTerm:
    """A coupon. It costs as many points as its value is worth, unless the file gives another cost."""
    value_minor = table.number("value_minor", at_least=1)
    cost, rest = divmod(value_minor * points_per_unit_spent, 100)
    if table.has("cost"):
        cost = table.number("cost", at_least=1)
    elif rest or not cost:
        raise table.wrong("cost", "is needed: the value is no whole number of points")
    reward = RewardTerm(
        market=market,
        id=table.text("id"),
        name=table.text("name"),
        value_minor=value_minor,
        currency=currency,
        cost=cost,
        valid_days=table.number("valid_days", at_least=1),
        conditions=table.text("conditions"),
    )
    table.nothing_else()
    return reward
