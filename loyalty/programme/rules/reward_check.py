"""Checks each field of a reward (R41) or an exclusion (R44) that an operator sent (the list of InvalidInput)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from loyalty.programme.rules.input_problems import InputProblem

LONGEST_DAYS = 36_500
"""A hundred years, so that a coupon's last day stays within the range of dates."""


@dataclass(frozen=True, slots=True)
class RewardToCheck:
    """A new reward, with or without a time window: values in minor units, cost in points, validity in days."""

    market: str
    name: str
    value_minor: int
    cost: int
    valid_days: int
    conditions: str
    minimum_minor: int | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    stock: int | None = None
    per_member: int | None = None


@dataclass(frozen=True, slots=True)
class ExclusionToCheck:
    """Products that coupons may not buy in a market: from a moment (None: now) until another (None: for good)."""

    market: str
    product_ids: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    reason: str


def check_reward(reward: RewardToCheck, markets: Collection[str]) -> list[InputProblem]:
    """Every problem as (path below the input, sentence); empty when it can be offered."""
    return list(_reward_problems(reward, markets))


def _reward_problems(reward: RewardToCheck, markets: Collection[str]) -> Iterator[InputProblem]:
    if reward.market not in markets:
        yield ("market",), f"Mi Points is not offered in {reward.market}."
    numbers = {
        "valueMinor": reward.value_minor,
        "minimumMinor": reward.minimum_minor,
        "cost": reward.cost,
        "validDays": reward.valid_days,
        "stock": reward.stock,
        "perMember": reward.per_member,
    }
    for name, number in numbers.items():
        if number is not None and number <= 0:
            yield (name,), "This is more than zero."
    if reward.valid_days > LONGEST_DAYS:
        yield ("validDays",), f"A coupon is valid for at most {LONGEST_DAYS} days."
    if not reward.conditions.strip():
        yield ("conditions",), "Say what the member agrees to."
    if not reward.name.strip():
        yield ("name",), "Say what it is called in the shop."
    if _is_empty(reward.available_from, reward.available_until):
        yield ("availableUntil",), "An offer ends after it began."


def check_exclusion(exclusion: ExclusionToCheck, markets: Collection[str], now: datetime) -> list[InputProblem]:
    """Every problem as (path below the input, sentence); empty when it can be made."""
    return list(_exclusion_problems(exclusion, markets, now))


def _exclusion_problems(exclusion: ExclusionToCheck, markets: Collection[str], now: datetime) -> Iterator[InputProblem]:
    if exclusion.market not in markets:
        yield ("market",), f"Mi Points is not offered in {exclusion.market}."
    if not exclusion.product_ids:
        yield ("productIds",), "Name at least one product."
    if not exclusion.reason.strip():
        yield ("reason",), "Say why; it is kept in the audit log."
    if _is_empty(exclusion.since or now, exclusion.until):
        yield ("until",), "An exclusion ends after it began."


def _is_empty(begins: datetime | None, ends: datetime | None) -> bool:
    return begins is not None and ends is not None and ends <= begins
