"""Reads the ways to earn from a document of terms: points, cap, hold, words, and how points are taken back."""

from collections.abc import Mapping
from types import MappingProxyType

from loyalty.programme.rules.document import Fields
from loyalty.programme.rules.kinds import LANGUAGES, CapPeriod, EntryKind, is_new_kind
from loyalty.programme.rules.terms import StreakTerm, TakingBack, Way

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


def ways_of(tables: Fields, points_per_unit: int, streak: StreakTerm | None) -> Mapping[str, Way]:
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


def taking_back_of(table: Fields, ways: Mapping[str, Way]) -> Mapping[str, TakingBack]:
    """R35: the policy per kind."""
    policies: dict[str, TakingBack] = {}
    for kind in table.names():
        if kind not in ways:
            raise table.wrong(kind, "is not a way these terms offer")
        by_operator = table.one_of(kind, "automatic", "operator") == "operator"
        policies[kind] = "operator" if by_operator else "automatic"
    return MappingProxyType(policies)
