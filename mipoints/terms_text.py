"""Terms as text: every setting of a version by name, and the differences between two versions."""

import dataclasses

from loyalty.programme.rules.kinds import CapPeriod
from loyalty.programme.rules.terms import RewardTerm, Terms, Way

_TABLES = ("taking_back", "ways", "streak", "rewards")
_ABSENT = "-"
_CAPS = {
    CapPeriod.ONCE: "once",
    CapPeriod.DAY: "at most {} a day",
    CapPeriod.MONTH: "at most {} a month",
    CapPeriod.PER_PRODUCT: "once a product",
}


def settings_of(terms: Terms) -> dict[str, str]:
    """Returns every setting of a version, named as in its file."""
    plain = [field.name for field in dataclasses.fields(terms) if field.name not in _TABLES]
    values = {name: _value(getattr(terms, name)) for name in plain}
    values |= {f"ways.{kind}": _way(way) for kind, way in terms.ways.items()}
    if terms.streak is not None:
        values["streak"] = f"{terms.streak.points} points on every {terms.streak.days}th day in a row"
    values |= {f"taking_back.{kind}": policy for kind, policy in terms.taking_back.items()}
    return values | {f"rewards.{reward.id}": _reward(reward) for reward in terms.rewards}


def differences(one: Terms, two: Terms) -> list[tuple[str, str, str]]:
    """Returns each setting that differs between two versions, with both values."""
    left, right = settings_of(one), settings_of(two)
    names = [*left, *(name for name in right if name not in left)]
    rows = ((name, left.get(name, _ABSENT), right.get(name, _ABSENT)) for name in names)
    return [(name, before, after) for name, before, after in rows if before != after]


def _value(value: object) -> str:
    if value is None:
        return "never"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _way(way: Way) -> str:
    points = "1 point" if way.points == 1 else f"{way.points} points"
    cap = f", {_CAPS[way.cap_period].format(way.cap_limit)}" if way.cap_period is not None else ""
    hold = f", hold {way.hold_seconds} s" if way.hold_seconds is not None else ""
    actions = f", {way.actions}" if way.actions else ""
    return f"{points}{cap}{hold}{actions}"


def _reward(reward: RewardTerm) -> str:
    value = f"{reward.value_minor / 100:.2f} {reward.currency}"
    return f"{value} for {reward.cost} points, valid {reward.valid_days} days"
