"""Refusals as GraphQL types: the members of the contract's unions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry

from api.schema.earning.caps import Cap
from api.schema.enums import CouponState, MemberState
from api.schema.money import Money
from loyalty import refusals
from loyalty.messages.sentences import refusal_sentence


@strawberry.interface(description="Why the answer is no: a stable code for the program, a sentence for the person.")
class Refusal:
    code: str = strawberry.field(description="Stable, upper case.")
    message: str = strawberry.field(description="For the person, in the language of Accept-Language.")


@strawberry.type(description="The caller may not ask this.")
class NotAllowed(Refusal):
    pass


@strawberry.type(description="There is no such thing, or it is not the caller's.")
class NotFound(Refusal):
    pass


@strawberry.type(description="Something in the input is wrong.")
class InvalidInput(Refusal):
    path: list[str] = strawberry.field(description="Leads to it from the field's arguments.")


@strawberry.type(description="The same idempotency key came before with another input.")
class IdempotencyMismatch(Refusal):
    pass


@strawberry.type(description="This person or market cannot join.")
class NotEligible(Refusal):
    pass


@strawberry.type(description="The membership is suspended or closed.")
class MemberNotActive(Refusal):
    state: MemberState = strawberry.field(description="What it is instead of active.")


@strawberry.type(description="The coupon costs more than can be spent.")
class NotEnoughPoints(Refusal):
    needed: int = strawberry.field(description="Points it costs.")
    available: int = strawberry.field(description="Points that can be spent.")


@strawberry.type(description="The reward cannot be had now.")
class RewardUnavailable(Refusal):
    pass


@strawberry.type(description="The coupon cannot be used for this order.")
class CouponNotUsable(Refusal):
    state: CouponState | None = strawberry.field(description="The coupon's state; null where it does not matter.")
    missing: Money | None = strawberry.field(description="What the cart lacks, for rewards with a minimum.")


@strawberry.type(description="The member has had as many of this as it may.")
class LimitReached(Refusal):
    cap: Cap = strawberry.field(description="The limit, used up.")


@strawberry.type(description="This way to earn cannot be used right now.")
class Unavailable(Refusal):
    available_at: datetime | None = strawberry.field(description="When it can be again, if that is known.")


REFUSALS: list[type] = [
    NotAllowed,
    NotFound,
    InvalidInput,
    IdempotencyMismatch,
    NotEligible,
    MemberNotActive,
    NotEnoughPoints,
    RewardUnavailable,
    CouponNotUsable,
    LimitReached,
    Unavailable,
]


def _plain(refused: refusals.Refusal) -> dict[str, Any]:
    return {}


def _of_coupon(refused: refusals.CouponNotUsable) -> dict[str, Any]:
    missing = None
    if refused.missing_minor is not None and refused.currency is not None:
        missing = Money(amount_minor=refused.missing_minor, currency=refused.currency)
    return {"state": CouponState[refused.state] if refused.state is not None else None, "missing": missing}


_TYPES: dict[type[refusals.Refusal], tuple[type[Refusal], Callable[[Any], dict[str, Any]]]] = {
    refusals.NotAllowed: (NotAllowed, _plain),
    refusals.NotFound: (NotFound, _plain),
    refusals.InvalidInput: (InvalidInput, lambda refused: {"path": refused.path}),
    refusals.IdempotencyMismatch: (IdempotencyMismatch, _plain),
    refusals.NotEligible: (NotEligible, _plain),
    refusals.MemberNotActive: (MemberNotActive, lambda refused: {"state": MemberState[refused.state]}),
    refusals.NotEnoughPoints: (
        NotEnoughPoints,
        lambda refused: {"needed": refused.needed, "available": refused.available},
    ),
    refusals.RewardUnavailable: (RewardUnavailable, _plain),
    refusals.CouponNotUsable: (CouponNotUsable, _of_coupon),
    refusals.LimitReached: (LimitReached, lambda refused: {"cap": _used_up(refused)}),
    refusals.Unavailable: (Unavailable, lambda refused: {"available_at": refused.available_at}),
}


def _used_up(refused: refusals.LimitReached) -> Cap:
    return Cap(limit=refused.limit, used=refused.used, left=0, resets_at=None)


def answer_of(refused: refusals.Refusal, language: str) -> Refusal:
    """The GraphQL type of a refusal, with its sentence in `language`."""
    type_, facts = next(_TYPES[kind] for kind in type(refused).__mro__ if kind in _TYPES)
    return type_(code=refused.code, message=refusal_sentence(refused, language), **facts(refused))
