"""The contract's enums, each value with a description."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

E = TypeVar("E", bound=Enum)


def _is(value: str, description: str) -> Any:
    return strawberry.enum_value(value, description=description)


@strawberry.enum(description="Whether a membership can be used.")
class MemberState(Enum):
    ACTIVE = _is("ACTIVE", "Earns and spends.")
    SUSPENDED = _is("SUSPENDED", "Paused by an operator: nothing is lost, and nothing can be earned or spent.")
    CLOSED = _is("CLOSED", "Ended for good.")


@strawberry.enum(description="What a line of the points history, a promise or a way to earn is about.")
class EntryKind(Enum):
    SIGN_UP = _is("SIGN_UP", "Joining on mi.com.")
    APP_SIGN_IN = _is("APP_SIGN_IN", "The first sign-in in the Mi Store app.")
    PURCHASE = _is("PURCHASE", "An order placed while signed in.")
    SOCIAL_SHARE = _is("SOCIAL_SHARE", "Sharing a product on an own social account.")
    LINK_SHARE = _is("LINK_SHARE", "Sharing the link of a product.")
    REVIEW = _is("REVIEW", "A published review of a product.")
    FUEL = _is("FUEL", "Collecting fuel in the app, once a day.")
    FUEL_STREAK = _is("FUEL_STREAK", "The bonus for fuel on seven days in a row.")
    CAMPAIGN_BONUS = _is("CAMPAIGN_BONUS", "What a campaign adds.")
    REDEMPTION = _is("REDEMPTION", "Points turned into a coupon.")
    CLAWBACK = _is("CLAWBACK", "Points taken back, after a return for example.")
    LAPSE = _is("LAPSE", "Points that got too old.")
    ADJUSTMENT = _is("ADJUSTMENT", "A correction by an operator, with a reason.")
    OTHER = _is("OTHER", "Another way to earn of the market's terms; `way` is its name.")


class _Kinds(dict[str, EntryKind]):
    def __missing__(self, kind: str) -> EntryKind:
        return EntryKind.OTHER


KINDS: Mapping[str, EntryKind] = _Kinds(EntryKind.__members__)
"""The contract's kinds by their names in the ledger; OTHER for a way that only the terms define (R22)."""
WAY = "The name that the terms have for a way to earn, such as WATCH_VIDEO, where `kind` is OTHER; null for the others."


def kind_of(kind: str) -> EntryKind:
    """The contract's name of a kind in the ledger."""
    return KINDS[kind]


def way_of(kind: str) -> str | None:
    """The name of a way that only the terms define; None for the contract's own kinds."""
    return None if kind in KINDS else kind


@strawberry.enum(description="What promised points wait for.")
class Awaiting(Enum):
    HOLD = _is("HOLD", "A few minutes to pass.")
    DELIVERY = _is("DELIVERY", "The order to be delivered.")
    PUBLICATION = _is("PUBLICATION", "The review to be published.")
    REVIEW_BY_OPERATOR = _is("REVIEW_BY_OPERATOR", "A person of the programme to look at it.")


@strawberry.enum(description="How an event was answered.")
class Outcome(Enum):
    GRANTED = _is("GRANTED", "All of its points were given.")
    REDUCED = _is("REDUCED", "A part of its points was given.")
    REFUSED = _is("REFUSED", "No points; the code says why.")
    WAITING = _is("WAITING", "It waits for publication, delivery or an operator.")
    REVERSED = _is("REVERSED", "Points were taken back.")


@strawberry.enum(description="The state of a coupon.")
class CouponState(Enum):
    AVAILABLE = _is("AVAILABLE", "It can be used.")
    RESERVED = _is("RESERVED", "It is held for an order that is being paid.")
    USED = _is("USED", "It was spent on an order.")
    EXPIRED = _is("EXPIRED", "Its last day has passed.")
    CANCELLED = _is("CANCELLED", "It was cancelled with its membership.")


@strawberry.enum(description="How a campaign changes points.")
class CampaignEffect(Enum):
    MULTIPLY = _is("MULTIPLY", "Points times a factor.")
    BONUS = _is("BONUS", "Points on top.")


@strawberry.enum(description="Over what a cap counts.")
class CapPeriod(Enum):
    ONCE = _is("ONCE", "Once, for ever.")
    DAY = _is("DAY", "A calendar day in the member's time zone.")
    MONTH = _is("MONTH", "A calendar month in the member's time zone.")
    PER_PRODUCT = _is("PER_PRODUCT", "Once for every product, for ever.")


@strawberry.enum(description="Where a parcel is.")
class ParcelState(Enum):
    EXPECTED = _is("EXPECTED", "It was announced.")
    IN_TRANSIT = _is("IN_TRANSIT", "It is on its way.")
    DELIVERED = _is("DELIVERED", "It arrived.")
    RETURNED = _is("RETURNED", "It went back to the sender.")
    LOST = _is("LOST", "It is lost.")


@strawberry.enum(description="The subject of a notice.")
class NoticeKind(Enum):
    POINTS_LAPSING = _is("POINTS_LAPSING", "Points are about to lapse.")
    COUPON_EXPIRING = _is("COUPON_EXPIRING", "A coupon is about to expire.")
    POINTS_LAPSED = _is("POINTS_LAPSED", "Points have lapsed.")
    CLAWBACK = _is("CLAWBACK", "Points were taken back.")


@strawberry.enum(description="The state of a stored webhook delivery.")
class DeliveryState(Enum):
    RECEIVED = _is("RECEIVED", "It waits to be applied, for the first time or again after a failure.")
    APPLIED = _is("APPLIED", "It was applied to its order.")
    PARKED = _is("PARKED", "It waits until its order is known.")
    IGNORED = _is("IGNORED", "It does not change points; `error` says why.")
    DEAD = _is("DEAD", "All attempts failed; `error` says why. It can be replayed.")


def enum_by_name(enum: type[E]) -> Callable[[str], E]:
    """Finds an enum's value by its name, as in the database. Raises KeyError for another name."""
    return dict(enum.__members__).__getitem__


def names(values: "list[E] | None") -> list[str] | None:
    """The names of enum values, as in the database; None stays None, which means all."""
    return None if values is None else [value.name for value in values]
