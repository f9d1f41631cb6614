"""Every verdict that the programme can give, by kind, outcome and code, with facts of an example.

`docs/sentences.md` shows each one's sentence in each language, and a test checks that no two have the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loyalty.messages.sentences import verdict_sentence
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome

ACTIVITIES = (
    EntryKind.SIGN_UP,
    EntryKind.APP_SIGN_IN,
    EntryKind.SOCIAL_SHARE,
    EntryKind.LINK_SHARE,
    EntryKind.REVIEW,
    EntryKind.FUEL,
    EntryKind.OTHER,
)
SHARES = (EntryKind.SOCIAL_SHARE, EntryKind.LINK_SHARE)


@dataclass(frozen=True, slots=True)
class VerdictCase:
    """One kind of verdict: in words what is special about it, and the facts of an example."""

    kind: EntryKind
    outcome: Outcome
    code: Code
    special: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """Its sentence in a language."""
        return verdict_sentence(self.code, language, {"kind": self.kind, "outcome": self.outcome, **self.facts})


def verdict_cases() -> list[VerdictCase]:
    """All of them, by kind."""
    return [*_of_activities(), *_of_orders(), *_of_redemptions(), *_of_clawbacks(), *_of_adjustments()]


def _of_activities() -> Iterator[VerdictCase]:
    for kind in ACTIVITIES:
        facts = {"points": 20} | ({"reference": "P-7"} if kind == EntryKind.REVIEW else {})
        if kind == EntryKind.REVIEW:
            yield VerdictCase(kind, Outcome.WAITING, Code.WAITING_FOR_PUBLICATION, facts=facts)
        yield VerdictCase(kind, Outcome.GRANTED, Code.GRANTED, facts=facts)
        yield VerdictCase(kind, Outcome.WAITING, Code.WAITING_FOR_OPERATOR, facts=facts)
        for code in _refusals_of(kind):
            yield VerdictCase(kind, Outcome.REFUSED, code, facts=facts | {"points": 0})


def _refusals_of(kind: EntryKind) -> Sequence[Code]:
    special = {EntryKind.REVIEW: (Code.ALREADY_REVIEWED, Code.REVIEW_REMOVED)} | dict.fromkeys(
        SHARES, (Code.SHARE_REMOVED,)
    )
    return (
        Code.CAP_REACHED,
        Code.ALREADY_GRANTED,
        Code.ALREADY_COLLECTED_TODAY,
        Code.NOT_OFFERED,
        Code.DECLINED,
        *special.get(kind, ()),
    )


def _of_orders() -> Iterator[VerdictCase]:
    order = {"reference": "ORD-1"}
    yield VerdictCase(EntryKind.PURCHASE, Outcome.WAITING, Code.WAITING_FOR_DELIVERY, facts=order | {"points": 250})
    yield VerdictCase(EntryKind.PURCHASE, Outcome.GRANTED, Code.GRANTED, facts=order | {"points": 250})
    for code in (Code.NOTHING_TO_EARN, Code.RETURNED, Code.CANCELLED, Code.NOT_DELIVERED, Code.DECLINED):
        yield VerdictCase(EntryKind.PURCHASE, Outcome.REFUSED, code, facts=order | {"points": 0})


def _of_redemptions() -> Iterator[VerdictCase]:
    facts = {"points": -500, "reference": "7KQ2M-XXXXX"}
    yield VerdictCase(EntryKind.REDEMPTION, Outcome.GRANTED, Code.GRANTED, facts=facts)


def _of_clawbacks() -> Iterator[VerdictCase]:
    for code, facts in _CAUSES.items():
        for special, effect in _EFFECTS.items():
            yield VerdictCase(EntryKind.CLAWBACK, Outcome.REVERSED, code, special, {**facts, **effect})
    for cause in (Code.REVIEW_REMOVED, Code.SHARE_REMOVED):
        asked = {"cause": cause, "points": -20}
        yield VerdictCase(EntryKind.CLAWBACK, Outcome.WAITING, Code.WAITING_FOR_OPERATOR, cause, asked)
        for special, effect in _EFFECTS.items():
            said = {"cause": cause, **effect}
            yield VerdictCase(EntryKind.CLAWBACK, Outcome.GRANTED, Code.GRANTED, f"{cause}: {special}", said)
        declined = {"cause": cause, "points": 0}
        yield VerdictCase(EntryKind.CLAWBACK, Outcome.REFUSED, Code.DECLINED, cause, declined)


_CAUSES: Mapping[Code, Mapping[str, Any]] = {
    Code.RETURNED: {"reference": "ORD-1"},
    Code.CANCELLED: {"reference": "ORD-1"},
    Code.NOT_DELIVERED: {"reference": "ORD-1"},
    Code.REVIEW_REMOVED: {},
    Code.SHARE_REMOVED: {},
}
_EFFECTS: Mapping[str, Mapping[str, Any]] = {
    "taken": {"points": -64},
    "taken, into a debt": {"points": -64, "debt": 20},
    "taken, some were pending": {"points": -64, "cancelled": 30},
    "taken, some had lapsed": {"points": -64, "lapsed": 10},
    "all were pending": {"points": 0, "cancelled": 30},
    "all had lapsed": {"points": 0, "lapsed": 10},
    "none": {"points": 0},
}


def _of_adjustments() -> Iterator[VerdictCase]:
    kind = EntryKind.ADJUSTMENT
    yield VerdictCase(kind, Outcome.GRANTED, Code.ADJUSTED, "credit", {"points": 50})
    yield VerdictCase(kind, Outcome.GRANTED, Code.ADJUSTED, "debit", {"points": -50})
    yield VerdictCase(kind, Outcome.GRANTED, Code.ADJUSTED, "debit, into a debt", {"points": -50, "debt": 20})
    coupon = {"points": 500, "reference": "7KQ2M-XXXXX"}
    yield VerdictCase(kind, Outcome.GRANTED, Code.ADJUSTED, "coupon given back", coupon)
    yield VerdictCase(kind, Outcome.REDUCED, Code.LOT_LAPSED, "given back", {"points": 30})
    yield VerdictCase(kind, Outcome.REFUSED, Code.LOT_LAPSED, "given back", {"points": 0})
    yield VerdictCase(kind, Outcome.WAITING, Code.WAITING_FOR_OPERATOR, "credit", {"points": 20000})
    yield VerdictCase(kind, Outcome.WAITING, Code.WAITING_FOR_OPERATOR, "debit", {"points": -20000})
    yield VerdictCase(kind, Outcome.REFUSED, Code.DECLINED, facts={"points": 0})
    yield VerdictCase(kind, Outcome.REVERSED, Code.ADJUSTED, "forfeited", {"points": -500})
    yield VerdictCase(
        kind, Outcome.REVERSED, Code.ADJUSTED, "forfeited, some were pending", {"points": -500, "cancelled": 30}
    )
    yield VerdictCase(
        kind, Outcome.REVERSED, Code.ADJUSTED, "forfeited, all were pending", {"points": 0, "cancelled": 30}
    )
