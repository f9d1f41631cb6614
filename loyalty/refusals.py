"""Every refusal of the programme: a class with its facts and a stable code (the table in rules.md)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar


class Refusal(Exception):
    """A "no" with a reason. Operations raise it; the API returns it as a member of the result union."""

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        self.code = code
        self.facts = facts
        super().__init__(sentence)

    is_stored: ClassVar[bool] = False
    """Whether this answer is stored under the caller's idempotency key for ever: it is if a member's or person's state
    was judged; malformed or forbidden requests leave nothing behind."""


class NotAllowed(Refusal):
    """The caller may not make this request."""

    def __init__(self, sentence: str = "You may not do this.") -> None:
        super().__init__("NOT_ALLOWED", sentence)


class NotFound(Refusal):
    """The thing does not exist, or it is not the caller's."""

    def __init__(self, code: str = "NOT_FOUND", sentence: str = "There is no such thing.") -> None:
        super().__init__(code, sentence)


class NotAMember(NotFound):
    """The Mi account has not joined the programme (R1)."""

    def __init__(self) -> None:
        super().__init__("NOT_A_MEMBER", "This Mi account has not joined Mi Points yet.")


class InvalidInput(Refusal):
    """Something in the input is wrong; `path` leads to it from the field's arguments."""

    def __init__(self, sentence: str, *path: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(code, sentence, path=list(path))
        self.path = list(path)


class BeforeTheProgramme(InvalidInput):
    """Something happened before the first terms of its market; `began_on` is the day those began (R1, R21)."""

    def __init__(self, began_on: date, *path: str) -> None:
        super().__init__(f"Mi Points began on {began_on}; this was before.", *path, code="OCCURRED_TOO_LONG_AGO")
        self.facts["began_on"] = began_on


class IdempotencyMismatch(Refusal):
    """The same idempotency key was used with another input (R61)."""

    def __init__(self) -> None:
        super().__init__(
            "IDEMPOTENCY_MISMATCH",
            "This idempotency key was used before with another input. Choose a new key for a new request.",
        )


class NotEligible(Refusal):
    """This person or market cannot join (R2, R3)."""

    is_stored = True


class MemberNotActive(Refusal):
    """The member is suspended or closed (R5)."""

    is_stored = True

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(f"MEMBER_{state}", f"This membership is {state.lower()}.", state=state)


class NotEnoughPoints(Refusal):
    """The coupon costs more than is available, or the member is in debt (R36, R40). Points."""

    is_stored = True

    def __init__(self, needed: int, available: int, *, in_debt: bool = False) -> None:
        self.needed, self.available, self.in_debt = needed, available, in_debt
        code = "IN_DEBT" if in_debt else "NOT_ENOUGH_POINTS"
        sentence = (
            "Points of a returned order are still owed; later credits repay them first."
            if in_debt
            else f"This coupon costs {needed} points; you have {available}."
        )
        super().__init__(code, sentence, needed=needed, available=available, in_debt=in_debt)


class RewardUnavailable(Refusal):
    """The reward's window is not open or its stock is gone (R41)."""

    is_stored = True


class LimitReached(Refusal):
    """The member has reached its limit of this reward (R41)."""

    is_stored = True

    def __init__(self, limit: int, used: int) -> None:
        self.limit, self.used = limit, used
        super().__init__(
            "LIMIT_REACHED", f"You already have {used} of at most {limit} of these.", limit=limit, used=used
        )


class CouponNotUsable(Refusal):
    """The coupon cannot be used for this order (R43-R45). `state` is the coupon's own; `missing_minor` is the
    amount that the cart lacks, in minor units of `currency`."""

    is_stored = True

    def __init__(
        self, code: str, *, state: str | None = None, missing_minor: int | None = None, currency: str | None = None
    ) -> None:
        self.state, self.missing_minor, self.currency = state, missing_minor, currency
        sentence = f"This coupon cannot be used for this order: {code.lower().replace('_', ' ')}."
        super().__init__(code, sentence, state=state, missing_minor=missing_minor, currency=currency)


class Unavailable(Refusal):
    """A way to earn that cannot be used now. `available_at` is when it can be used again, if that is known."""

    def __init__(self, code: str, sentence: str, available_at: datetime | None) -> None:
        self.available_at = available_at
        super().__init__(code, sentence, available_at=available_at)


_STORED: dict[str, Callable[[dict[str, Any]], Refusal]] = {
    "NotEligible": lambda answer: NotEligible(answer["code"], answer["sentence"]),
    "MemberNotActive": lambda answer: MemberNotActive(answer["state"]),
    "NotEnoughPoints": lambda answer: NotEnoughPoints(answer["needed"], answer["available"], in_debt=answer["in_debt"]),
    "RewardUnavailable": lambda answer: RewardUnavailable(answer["code"], answer["sentence"]),
    "LimitReached": lambda answer: LimitReached(answer["limit"], answer["used"]),
    "CouponNotUsable": lambda answer: CouponNotUsable(
        answer["code"], state=answer["state"], missing_minor=answer["missing_minor"], currency=answer["currency"]
    ),
}

_BY_CHECK: dict[str, Callable[[], Refusal]] = {
    "stock_is_never_negative": lambda: RewardUnavailable("OUT_OF_STOCK", "The last of these is gone."),
    "one_coupon_per_order": lambda: CouponNotUsable("ORDER_HAS_COUPON"),
}


def refusal_of_check(name: str | None) -> Refusal | None:
    """The refusal for a write that failed on the CHECK of this name; None if the failure is a fault."""
    build = _BY_CHECK.get(name or "")
    return build() if build else None


def as_answer(refusal: Refusal) -> dict[str, Any]:
    """The refusal as it is stored under an idempotency key."""
    return {"type": type(refusal).__name__, "code": refusal.code, "sentence": str(refusal), **refusal.facts}


def stored_refusal(answer: dict[str, Any]) -> Refusal | None:
    """The refusal in a stored answer; None if the answer is not a refusal."""
    build = _STORED.get(answer["type"])
    return build(answer) if build else None
