"""Reads the terms of a market from the document of a TOML file, and names the first field that is wrong."""

import re
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyalty.programme.rules.document import BadDocument, Fields
from loyalty.programme.rules.terms import RewardTerm, StreakTerm, Terms, by_market
from loyalty.programme.rules.ways_document import taking_back_of, ways_of

MOST_LATE_HOURS = 18 * 24
"""R23: a claim of fuel is judged by the day before it and by its own day, which may be a day earlier in the member's
zone than in UTC. A decision reads fuel days back to FUEL_DAYS (db/limits.py)."""


class BadTerms(BadDocument):
    """A terms file that cannot be used; the sentence names the field."""


def terms_from(document: Mapping[str, object]) -> Terms:
    """The terms of a file, read from TOML or JSON. Raises BadTerms with a sentence that names the wrong field."""
    file = Fields(document, BadTerms)
    market = _pattern(file, "market", "[A-Z]{2}", "two capital letters (ISO 3166-1)")
    currency = _pattern(file, "currency", "[A-Z]{3}", "three capital letters (ISO 4217)")
    points_per_unit = file.number("points_per_unit", at_least=1)
    points_per_unit_spent = file.number("points_per_unit_spent", at_least=1)
    streak = _streak(file)
    ways = ways_of(file.table("ways"), points_per_unit, streak)
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
        taking_back=taking_back_of(file.table("taking_back"), ways),
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
